/**
 * Just enough of LevelDB's file formats (doc/log_format.md, doc/table_format.md of google/leveldb) to see whether a file is
 * whole. LevelDB itself leaves out what it cannot read in a log, and does not check what it reads from a table.
 */
const TABLE = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c >>> 0;
});
/** Eight bytes a step: tables 1 to 7 are the first one, moved on by a byte each. */
const SLICES = (() => {
  const slices = [Uint32Array.from(TABLE)];
  for (let s = 1; s < 8; s++) {
    const before = slices[s - 1] as Uint32Array;
    slices.push(before.map((c) => (TABLE[c & 0xff] as number) ^ (c >>> 8)));
  }
  return slices as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
})();
const [S0, S1, S2, S3, S4, S5, S6, S7] = SLICES;

/** CRC-32C (Castagnoli), which zlib does not have. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let c = 0xffffffff;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    c ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    c =
      (S7[c & 0xff] as number) ^
      (S6[(c >>> 8) & 0xff] as number) ^
      (S5[(c >>> 16) & 0xff] as number) ^
      (S4[c >>> 24] as number) ^
      (S3[bytes[i + 4] as number] as number) ^
      (S2[bytes[i + 5] as number] as number) ^
      (S1[bytes[i + 6] as number] as number) ^
      (S0[bytes[i + 7] as number] as number);
  }
  for (; i < to; i++) c = (S0[(c ^ (bytes[i] as number)) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Checksums are stored "masked", for a checksum over bytes that hold checksums is a poor one. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** A file that is not whole. */
export class FileDamage extends Error {}

const BLOCK = 32_768;
const HEADER = 7;

export interface LogContents {
  records: Buffer[];
  /**
   * Bytes behind the last good record that make none: the rest of a write the power cut off. Everything before is whole:
   * damage with a good record behind it throws.
   */
  torn: number;
}

/** Reads a log (the write-ahead log, or the manifest). Throws `FileDamage`. */
export function readLog(file: Buffer): LogContents {
  const records: Buffer[] = [];
  let parts: Buffer[] | undefined;
  let bad: string | undefined;
  let good = 0;
  let at = 0;
  while (at < file.length) {
    const left = BLOCK - (at % BLOCK);
    if (left < HEADER) {
      at += left;
      continue;
    }
    const fragment = fragmentAt(file, at, left);
    if (typeof fragment === 'string') {
      bad ??= `${fragment} at ${at}`;
      parts = undefined;
      // LevelDB, too, gives up the rest of the block: no length in it can be trusted.
      at += left;
      continue;
    }
    const { type, data } = fragment;
    if (bad !== undefined) throw new FileDamage(bad);
    at += HEADER + data.length;
    if (type === 1 || type === 2) {
      if (parts) throw new FileDamage(`an unfinished record before ${at}`);
      parts = [];
    } else if (!parts) throw new FileDamage(`a record without a beginning before ${at}`);
    parts.push(data);
    if (type === 1 || type === 4) {
      records.push(Buffer.concat(parts));
      parts = undefined;
      good = at;
    }
  }
  return { records, torn: file.length - good };
}

function fragmentAt(file: Buffer, at: number, left: number): { type: number; data: Buffer } | string {
  if (file.length - at < HEADER) return 'a header is cut off';
  const length = file.readUInt16LE(at + 4);
  const type = file[at + 6] as number;
  if (HEADER + length > left) return 'a length leads out of its block';
  if (at + HEADER + length > file.length) return 'a record is cut off';
  if (type < 1 || type > 4) return 'a record of no known type';
  if (masked(crc32c(file, at + 6, at + HEADER + length)) !== file.readUInt32LE(at)) return 'a checksum is wrong';
  return { type, data: file.subarray(at + HEADER, at + HEADER + length) };
}

class Reader {
  at = 0;
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  get done(): boolean {
    return this.at >= this.bytes.length;
  }
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined || shift > 2 ** 49) throw new FileDamage('a number is cut off');
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }
  take(length: number): Buffer {
    if (this.at + length > this.bytes.length) throw new FileDamage('a text is cut off');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

export interface Manifest {
  /** Logs of at least this number belong to the database. */
  log: number;
  /** Size of each table, by its number. */
  tables: Map<number, number>;
}

/** What the records of a manifest add up to (db/version_edit.cc). */
export function readManifest(records: readonly Buffer[]): Manifest {
  const manifest: Manifest = { log: 0, tables: new Map() };
  for (const record of records) {
    const r = new Reader(record);
    const text = (): unknown => r.take(r.varint());
    while (!r.done) {
      const tag = r.varint();
      if (tag === 1) text();
      else if (tag === 2) manifest.log = r.varint();
      else if (tag === 3 || tag === 4 || tag === 9) r.varint();
      else if (tag === 5) {
        r.varint();
        text();
      } else if (tag === 6) {
        r.varint();
        manifest.tables.delete(r.varint());
      } else if (tag === 7) {
        r.varint();
        const number = r.varint();
        manifest.tables.set(number, r.varint());
        text();
        text();
      } else throw new FileDamage(`a manifest entry of no known kind: ${tag}`);
    }
  }
  return manifest;
}

const FOOTER = 48;
const MAGIC = 0xdb4775248b80fb57n;
const TRAILER = 5;

/** Checks every block of a table: contents, filter, index. Throws `FileDamage`. */
export function checkTable(file: Buffer): void {
  if (file.length < FOOTER) throw new FileDamage('shorter than a footer');
  const footer = file.subarray(-FOOTER);
  if (footer.readBigUInt64LE(FOOTER - 8) !== MAGIC) throw new FileDamage('the footer is damaged');
  const r = new Reader(footer.subarray(0, FOOTER - 8));
  const meta = { at: r.varint(), size: r.varint() };
  const index = { at: r.varint(), size: r.varint() };
  let covered = FOOTER;
  for (const top of [meta, index]) {
    const entries = handlesOf(blockAt(file, top.at, top.size));
    covered += top.size + TRAILER;
    for (const { at, size } of entries) {
      blockAt(file, at, size);
      covered += size + TRAILER;
    }
  }
  if (covered !== file.length) throw new FileDamage('there are bytes that belong to no block');
}

/** A block's bytes as they are stored, its type first checked. */
function blockAt(file: Buffer, at: number, size: number): { type: number; data: Buffer } {
  const end = at + size;
  if (end + TRAILER > file.length) throw new FileDamage(`a block at ${at} leads out of the file`);
  if (masked(crc32c(file, at, end + 1)) !== file.readUInt32LE(end + 1))
    throw new FileDamage(`the checksum of the block at ${at} is wrong`);
  return { type: file[end] as number, data: file.subarray(at, end) };
}

function handlesOf({ type, data }: { type: number; data: Buffer }): { at: number; size: number }[] {
  const block = type === 1 ? unsnap(data) : data;
  const restarts = block.readUInt32LE(block.length - 4);
  const r = new Reader(block.subarray(0, block.length - 4 * (restarts + 1)));
  const handles = [];
  while (!r.done) {
    r.varint();
    const key = r.varint();
    const value = r.varint();
    r.take(key);
    const v = new Reader(r.take(value));
    handles.push({ at: v.varint(), size: v.varint() });
  }
  return handles;
}

/** Snappy's raw format (google/snappy, format_description.txt). */
export function unsnap(packed: Buffer): Buffer {
  const r = new Reader(packed);
  const out = Buffer.alloc(r.varint());
  let end = 0;
  while (!r.done) {
    const tag = r.take(1)[0] as number;
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) length = r.take(length - 60).reduce((sum, byte, i) => sum + byte * 256 ** i, 1);
      end += r.take(length).copy(out, end);
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const low = r.take(kind === 1 ? 1 : kind === 2 ? 2 : 4);
    const offset = low.reduce((sum, byte, i) => sum + byte * 256 ** i, kind === 1 ? (tag >>> 5) * 256 : 0);
    if (offset === 0 || offset > end || end + length > out.length)
      throw new FileDamage('a compressed block is damaged');
    for (let i = 0; i < length; i++, end++) out[end] = out[end - offset] as number;
  }
  if (end !== out.length) throw new FileDamage('a compressed block is damaged');
  return out;
}
