import { crc32 } from 'node:zlib';
import type { Sums } from '../domain/sums.js';
import type { Blocked, OlderUsage, Usage } from '../domain/usage.js';
import { insert, NO_USAGE, usageOf } from '../domain/usage.js';
import { PortillonError } from '../errors.js';
import { decodeJson } from './records.js';

/**
 * A ticket's usage as bytes, read at every decision: what a decision asks first lies in front, and the rest is neither parsed nor looked at
 * before something asks for it.
 *
 * | part | what |
 * |---|---|
 * | head | `3` (format), 24 bits of the CRC-32 of what follows in head and sums; lengths and the CRC-32 of the other parts; entries and exits only counted |
 * | sums | newest entry of every 32 movements, hashes of the slots, sectors, names of the sectors, the black-list entry as JSON |
 * | slots | rows of the sums, `names` |
 * | times | moments, sectors, flags |
 * | rest | sequences, gates, lanes and slots |
 *
 * Every part has a checksum of its own and is compared with it before anything is read from it, so no decision rests on a bit that flipped
 * on the disk or in memory: a use that cannot be read admits nobody (`STORE_DAMAGED` fails the scan closed). LevelDB itself checks its blocks
 * only where it sorts them. What is written anew was read whole before.
 *
 * Format 2 (`2`) had the columns alone, format 1 was JSON `{slots}`: counts without moments of their own.
 */
const HEAD = 88;
const FORMAT = 0x33;
const FORMAT_2 = 0x32;

const damaged = (): PortillonError => new PortillonError('STORE_DAMAGED', 'usage: damaged value');
/** Never 0, which once meant that there is none. */
const shortSum = (bytes: Uint8Array): number => crc32(bytes) >>> 8 || 1;
/** Columns of eight bytes must lie at multiples of eight. */
const padded = (length: number): number => (length + 7) & ~7;

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** Where a part ends that has these columns one behind the other. */
function endOf(start: number, columns: readonly Column[]): number {
  let end = start;
  for (const c of columns) end += c.byteLength;
  return padded(end);
}

/** A place to write columns of every kind: each view looks at all of it. A part's columns stand in falling order of width, so each lies right. */
class Parts {
  readonly bytes: Buffer;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #shorts: Uint16Array;

  /** `length`: a multiple of eight. */
  constructor(length: number) {
    this.bytes = Buffer.alloc(length);
    const { buffer } = this.bytes;
    this.#doubles = new Float64Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#shorts = new Uint16Array(buffer);
  }

  write(start: number, columns: readonly Column[]): void {
    let at = start;
    for (const c of columns) {
      if (c.length === 0) continue;
      if (c instanceof Float64Array) this.#doubles.set(c, at / 8);
      else if (c instanceof Uint32Array) this.#words.set(c, at / 4);
      else if (c instanceof Uint16Array) this.#shorts.set(c, at / 2);
      else this.bytes.set(c, at);
      at += c.byteLength;
    }
  }
}

const NOTHING = Buffer.alloc(0);
const utf8 = (text: string): Buffer => (text === '' ? NOTHING : Buffer.from(text, 'utf8'));

/** Written at every check on the way to the barrier: one allocation, every column copied once, no view of a column. */
export function encodeUsage(usage: Usage): Buffer {
  const { sums: s, older } = usage;
  const names = utf8(usage.names);
  const sectors = utf8(s.sectors.join('\n'));
  const blocked = utf8(usage.blocked ? JSON.stringify(usage.blocked) : '');
  const front = [s.newest, s.hashes, s.bySector, s.sectorRefs, sectors, blocked];
  const slots = [s.bySlot, names];
  const times = [usage.at, usage.where, usage.flags];
  const rest = [usage.seq, usage.refs];
  const slotsAt = endOf(HEAD, front);
  const timesAt = endOf(slotsAt, slots);
  const restAt = endOf(timesAt, times);
  const parts = new Parts(endOf(restAt, rest));
  parts.write(HEAD, front);
  parts.write(slotsAt, slots);
  parts.write(timesAt, times);
  parts.write(restAt, rest);
  const all = parts.bytes;
  all[0] = FORMAT;
  const lengths = [usage.size, s.newest.length, s.hashes.length, s.sectors.length, sectors.length, blocked.length];
  const sums = [
    crc32(all.subarray(slotsAt, timesAt)),
    crc32(all.subarray(timesAt, restAt)),
    crc32(all.subarray(restAt)),
  ];
  let at = 4;
  for (const value of [...lengths, names.length, s.doubtful, ...sums]) at = all.writeUInt32LE(value, at);
  at = 48;
  for (const value of [older.entries, older.exits, older.from, older.to, s.firstAt]) at = all.writeDoubleLE(value, at);
  all.writeUIntLE(shortSum(all.subarray(4, slotsAt)), 1, 3);
  return all;
}

/** All parts looked at. Throws `STORE_DAMAGED`. */
export function decodeUsage(bytes: Uint8Array): Usage {
  const usage = openUsage(bytes);
  if (usage instanceof StoredUsage) usage.lookThrough();
  return usage;
}

/** For a decision: the parts open, and are looked at, when they are asked for. Throws `STORE_DAMAGED` then, too. */
export function openUsage(bytes: Uint8Array): Usage {
  if (bytes[0] === FORMAT) return new StoredUsage(bytes);
  return bytes[0] === FORMAT_2 ? decodeFormat2(bytes) : decodeFormat1(Buffer.from(bytes).toString('utf8'));
}

class StoredUsage implements Usage {
  readonly size: number;
  readonly older: OlderUsage;
  readonly blocked?: Blocked;
  readonly sums: Sums;
  readonly #bytes: Uint8Array;
  readonly #head: Uint32Array;
  readonly #slotsAt: number;
  readonly #timesAt: number;
  readonly #restAt: number;
  #names: string | undefined;
  #at: Float64Array | undefined;
  #where: Uint16Array | undefined;
  #flags: Uint8Array | undefined;
  #seq: Float64Array | undefined;
  #refs: Uint16Array | undefined;

  constructor(given: Uint8Array) {
    // LevelDB's answers lie at multiples of eight, so nothing is copied on the way of a decision.
    const bytes = (this.#bytes = given.byteOffset % 8 === 0 ? given : new Uint8Array(given));
    const { buffer, byteOffset: start, length } = bytes;
    if (length < HEAD) throw damaged();
    const head = (this.#head = new Uint32Array(buffer, start, HEAD / 4));
    const [n, blocks, slots, sectors] = [head[1], head[2], head[3], head[4]] as [number, number, number, number];
    const hashesAt = HEAD + 8 * blocks;
    const sectorsAt = hashesAt + 4 * slots;
    const sectorNamesAt = sectorsAt + 10 * sectors;
    const blockedAt = sectorNamesAt + (head[5] as number);
    const end = blockedAt + (head[6] as number);
    this.#slotsAt = padded(end);
    this.#timesAt = this.#slotsAt + padded(8 * slots + (head[7] as number));
    this.#restAt = this.#timesAt + padded(11 * n);
    // Lengths that do not add up would be read from somewhere else.
    if (this.#restAt + padded(14 * n) !== length) throw damaged();
    if (shortSum(new Uint8Array(buffer, start + 4, this.#slotsAt - 4)) !== (head[0] as number) >>> 8) throw damaged();
    const [entries, exits, from, to, firstAt] = new Float64Array(buffer, start + 48, 5) as unknown as number[] as Five;
    this.size = n;
    this.older = { entries, exits, from, to };
    if (end > blockedAt) this.blocked = JSON.parse(textOf(bytes, blockedAt, end)) as Blocked;
    this.sums = new StoredSums(this, {
      doubtful: head[8] as number,
      firstAt,
      sectors: sectors === 0 ? [] : textOf(bytes, sectorNamesAt, blockedAt).split('\n'),
      newest: new Float64Array(buffer, start + HEAD, blocks),
      hashes: new Uint32Array(buffer, start + hashesAt, slots),
      bySector: new Uint16Array(buffer, start + sectorsAt, 4 * sectors),
      sectorRefs: new Uint16Array(buffer, start + sectorsAt + 8 * sectors, sectors),
    });
  }

  get names(): string {
    if (this.#names === undefined) {
      const rows = this.sums.bySlot;
      const at = this.#slotsAt + rows.byteLength;
      this.#names = textOf(this.#bytes, at, at + (this.#head[7] as number));
    }
    return this.#names;
  }
  get at(): Float64Array {
    if (!this.#at) this.#openTimes();
    return this.#at as Float64Array;
  }
  get where(): Uint16Array {
    if (!this.#where) this.#openTimes();
    return this.#where as Uint16Array;
  }
  get flags(): Uint8Array {
    if (!this.#flags) this.#openTimes();
    return this.#flags as Uint8Array;
  }
  get seq(): Float64Array {
    if (!this.#seq) this.#openRest();
    return this.#seq as Float64Array;
  }
  get refs(): Uint16Array {
    if (!this.#refs) this.#openRest();
    return this.#refs as Uint16Array;
  }

  /** Throws `STORE_DAMAGED` when any part is. */
  lookThrough(): void {
    void this.sums.bySlot;
    this.#openTimes();
    this.#openRest();
  }

  openSlots(): Uint16Array {
    const start = this.#looked(this.#slotsAt, this.#timesAt, 9);
    return new Uint16Array(this.#bytes.buffer, start, 4 * (this.#head[3] as number));
  }

  #openTimes(): void {
    const { buffer } = this.#bytes;
    const start = this.#looked(this.#timesAt, this.#restAt, 10);
    this.#at = new Float64Array(buffer, start, this.size);
    this.#where = new Uint16Array(buffer, start + 8 * this.size, this.size);
    // A plain array: a Buffer's `slice` is a view, and what is folded would change what was read.
    this.#flags = new Uint8Array(buffer, start + 10 * this.size, this.size);
  }

  #openRest(): void {
    const { buffer } = this.#bytes;
    const start = this.#looked(this.#restAt, this.#bytes.length, 11);
    this.#seq = new Float64Array(buffer, start, this.size);
    this.#refs = new Uint16Array(buffer, start + 8 * this.size, 3 * this.size);
  }

  /** Where a part begins in memory, once it was found to be whole. */
  #looked(from: number, to: number, sum: number): number {
    const start = this.#bytes.byteOffset + from;
    if (crc32(new Uint8Array(this.#bytes.buffer, start, to - from)) !== this.#head[sum]) throw damaged();
    return start;
  }
}

type Five = [number, number, number, number, number];
const textOf = ({ buffer, byteOffset }: Uint8Array, from: number, to: number): string =>
  Buffer.from(buffer, byteOffset + from, to - from).toString('utf8');

class StoredSums implements Sums {
  readonly doubtful: number;
  readonly firstAt: number;
  readonly sectors: readonly string[];
  readonly newest: Float64Array;
  readonly hashes: Uint32Array;
  readonly bySector: Uint16Array;
  readonly sectorRefs: Uint16Array;
  readonly #usage: StoredUsage;
  #bySlot: Uint16Array | undefined;

  constructor(usage: StoredUsage, sums: Omit<Sums, 'bySlot'>) {
    this.#usage = usage;
    this.doubtful = sums.doubtful;
    this.firstAt = sums.firstAt;
    this.sectors = sums.sectors;
    this.newest = sums.newest;
    this.hashes = sums.hashes;
    this.bySector = sums.bySector;
    this.sectorRefs = sums.sectorRefs;
  }
  get bySlot(): Uint16Array {
    return (this.#bySlot ??= this.#usage.openSlots());
  }
}

/** The columns alone, with the sector among four references; its checksum was 0 in the first releases. */
function decodeFormat2(bytes: Uint8Array): Usage {
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const [start, head] = [own.byteOffset, 48];
  const view = new DataView(own.buffer, start, own.byteLength);
  const text = Buffer.from(own.buffer, start, own.byteLength);
  const sum = text.readUIntLE(1, 3);
  if (sum !== 0 && sum !== shortSum(own.subarray(4))) throw damaged();
  const n = view.getUint32(4, true);
  const flagsEnd = head + 25 * n;
  const namesEnd = flagsEnd + view.getUint32(8, true);
  const blockedEnd = namesEnd + view.getUint32(12, true);
  const four = new Uint16Array(own.buffer, start + head + 16 * n, 4 * n);
  return usageOf({
    older: {
      entries: view.getFloat64(16, true),
      exits: view.getFloat64(24, true),
      from: view.getFloat64(32, true),
      to: view.getFloat64(40, true),
    },
    ...(blockedEnd > namesEnd && { blocked: JSON.parse(text.toString('utf8', namesEnd, blockedEnd)) as Blocked }),
    names: text.toString('utf8', flagsEnd, namesEnd),
    at: new Float64Array(own.buffer, start + head, n),
    seq: new Float64Array(own.buffer, start + head + 8 * n, n),
    where: four.filter((_, i) => i % 4 === 2),
    refs: four.filter((_, i) => i % 4 !== 2),
    flags: new Uint8Array(own.buffer, start + head + 24 * n, n),
  });
}

/** `slots` told how often and when last, not when each: every entry is taken to be at the last one's time. */
function decodeFormat1(text: string): Usage {
  const { slots } = decodeJson(text, 'usage') as {
    slots: Record<string, { entries: number; lastAt: number; lastLane: string }>;
  };
  let usage: Usage = NO_USAGE;
  const byTime = Object.entries(slots).sort(([, a], [, b]) => a.lastAt - b.lastAt);
  for (const [slot, { entries, lastAt, lastLane }] of byTime) {
    for (let i = 0; i < entries; i++)
      usage = insert(usage, { gate: '', seq: 0, at: lastAt, lane: lastLane, direction: 'entry', slot });
  }
  return usage;
}
