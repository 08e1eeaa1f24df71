import type { Seal } from './seal.js';
import type { ClassicLevel } from 'classic-level';
import { PortillonError } from '../errors.js';
import { isCarrier, keys, secretAt } from './keys.js';

export interface Snapshot {
  close(): Promise<void>;
}

export interface KeyRange {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  reverse?: boolean;
  limit?: number;
  snapshot?: Snapshot;
}

/** What an iteration gives; closed by `all`, by its end, or by `close`. */
export interface Cursor<T> extends AsyncIterable<T> {
  next(): Promise<T | undefined>;
  /** At most `size`; empty = the end. */
  nextv(size: number): Promise<T[]>;
  all(): Promise<T[]>;
  close(): Promise<void>;
}

export type Operation = { type: 'put'; key: string; value: string | Uint8Array } | { type: 'del'; key: string };

/** A database of texts (and of bytes, under keys of their own), ordered by key. Whether it is sealed is no business of whoever reads and writes. */
export interface Database {
  get(key: string): Promise<string | undefined>;
  getSync(key: string, options?: { snapshot?: Snapshot }): string | undefined;
  bytesSync(key: string): Uint8Array | undefined;
  put(key: string, value: string, options: { sync: boolean }): Promise<void>;
  batch(operations: readonly Operation[], options: { sync: boolean }): Promise<void>;
  /** Does what `batch` does before it writes, wakes a thread as it does, and writes nothing. */
  rehearse(operations: readonly Operation[]): void;
  keys(range: KeyRange): Cursor<string>;
  values(range: KeyRange): Cursor<string>;
  /** Sealed: in the order of the keyed hashes, not of the codes; each entry with its own key all the same. */
  iterator(range: KeyRange): Cursor<[string, string]>;
  bytes(range: KeyRange): Cursor<[string, Uint8Array]>;
  snapshot(): Snapshot;
  /** Deletes what lies in the range, at most `limit` of it. */
  clear(range: KeyRange): Promise<void>;
  /** Gives the space of what was deleted back. Takes a while; meant for an emergency. */
  compactRange(start: string, end: string): Promise<void>;
  close(): Promise<void>;
}

type Raw = ClassicLevel<string, string>;
type RawBatch = ReturnType<Raw['batch']>;
type RawRange = Omit<KeyRange, 'snapshot'> & { snapshot?: RawSnapshot };
type RawSnapshot = ReturnType<Raw['snapshot']>;
const TEXT = { valueEncoding: 'utf8' } as const;
const BYTES = { valueEncoding: 'buffer' } as const;
/** With both names abstract-level passes the options on as they are; otherwise it copies them at every read, a quarter of its time. */
const READ_TEXT = { keyEncoding: 'utf8', valueEncoding: 'utf8' } as const;
const READ_BYTES = { keyEncoding: 'utf8', valueEncoding: 'buffer' } as const;

/** `map` may leave an entry out. */
class MappedCursor<A, B> implements Cursor<B> {
  readonly #inner: Cursor<A>;
  readonly #map: (a: A) => B | undefined;
  constructor(inner: Cursor<A>, map: (a: A) => B | undefined) {
    this.#inner = inner;
    this.#map = map;
  }
  async next(): Promise<B | undefined> {
    for (let next = await this.#inner.next(); next !== undefined; next = await this.#inner.next()) {
      const mapped = this.#map(next);
      if (mapped !== undefined) return mapped;
    }
    return undefined;
  }
  async nextv(size: number): Promise<B[]> {
    for (;;) {
      const batch = await this.#inner.nextv(size);
      const mapped = this.#all(batch);
      if (mapped.length > 0 || batch.length === 0) return mapped;
    }
  }
  async all(): Promise<B[]> {
    return this.#all(await this.#inner.all());
  }
  #all(batch: A[]): B[] {
    return batch.map(this.#map).filter((b) => b !== undefined);
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
  async *[Symbol.asyncIterator](): AsyncIterator<B> {
    try {
      for (let batch = await this.nextv(500); batch.length > 0; batch = await this.nextv(500)) yield* batch;
    } finally {
      await this.close();
    }
  }
}

/**
 * One atomic batch, operation by operation: abstract-level copies each operation of a list, with the options of the whole, which takes
 * ten times as long as the rest. Values are bytes, the raw database's own encoding, for the same reason.
 */
async function written(raw: Raw, options: { sync: boolean }, fill: (batch: RawBatch) => void): Promise<void> {
  await filled(raw, fill).write(options);
}

/** The same without the writing. A look-up goes the way to the thread pool and back in its place; what it finds does not matter. */
function forgotten(raw: Raw, fill: (batch: RawBatch) => void): void {
  void filled(raw, fill).close();
  raw.get('', READ_BYTES).catch(() => {});
}

function filled(raw: Raw, fill: (batch: RawBatch) => void): RawBatch {
  const batch = raw.batch();
  try {
    fill(batch);
  } catch (error) {
    void batch.close();
    throw error;
  }
  return batch;
}

export class OpenDatabase implements Database {
  readonly #raw: Raw;
  constructor(raw: Raw) {
    this.#raw = raw;
  }
  get(key: string): Promise<string | undefined> {
    return this.#raw.get(key, READ_TEXT);
  }
  getSync(key: string, { snapshot }: { snapshot?: Snapshot } = {}): string | undefined {
    if (!snapshot) return this.#raw.getSync(key, READ_TEXT);
    const { keyEncoding, valueEncoding } = READ_TEXT;
    return this.#raw.getSync(key, { keyEncoding, valueEncoding, snapshot: snapshot as RawSnapshot });
  }
  bytesSync(key: string): Uint8Array | undefined {
    return this.#raw.getSync<string, Buffer>(key, READ_BYTES);
  }
  put(key: string, value: string, options: { sync: boolean }): Promise<void> {
    return this.#raw.put<string, string>(key, value, { ...TEXT, ...options });
  }
  batch(operations: readonly Operation[], options: { sync: boolean }): Promise<void> {
    return written(this.#raw, options, (batch) => this.#fill(batch, operations));
  }
  rehearse(operations: readonly Operation[]): void {
    forgotten(this.#raw, (batch) => this.#fill(batch, operations));
  }
  #fill(batch: RawBatch, operations: readonly Operation[]): void {
    for (const o of operations) {
      if (o.type === 'del') batch.del(o.key);
      else batch.put(o.key, (typeof o.value === 'string' ? Buffer.from(o.value, 'utf8') : o.value) as never);
    }
  }
  keys(range: KeyRange): Cursor<string> {
    return this.#raw.keys(range as RawRange);
  }
  values(range: KeyRange): Cursor<string> {
    return this.#raw.values({ ...(range as RawRange), ...TEXT });
  }
  iterator(range: KeyRange): Cursor<[string, string]> {
    return this.#raw.iterator<string, string>({ ...(range as RawRange), ...TEXT });
  }
  bytes(range: KeyRange): Cursor<[string, Uint8Array]> {
    return this.#raw.iterator<string, Buffer>({ ...(range as RawRange), ...BYTES });
  }
  snapshot(): Snapshot {
    return this.#raw.snapshot();
  }
  clear(range: KeyRange): Promise<void> {
    return this.#raw.clear(range as RawRange);
  }
  compactRange(start: string, end: string): Promise<void> {
    return this.#raw.compactRange(start, end);
  }
  close(): Promise<void> {
    return this.#raw.close();
  }
}

/**
 * The same database for whoever has the key. On the disk a key's code is a keyed hash, and a value is encrypted together
 * with the code it belongs to, so that an iteration finds it again.
 */
export class SealedDatabase implements Database {
  readonly #raw: Raw;
  readonly #seal: Seal;
  readonly #skipDamaged: boolean;

  /** `skipDamaged`: an iteration leaves out what cannot be opened. */
  constructor(raw: Raw, seal: Seal, skipDamaged = false) {
    this.#raw = raw;
    this.#seal = seal;
    this.#skipDamaged = skipDamaged;
  }

  async get(key: string): Promise<string | undefined> {
    const place = this.#place(key);
    const sealed = await this.#raw.get<string, Buffer>(place, BYTES);
    return sealed === undefined ? undefined : text(this.#open(place, sealed, key)[1]);
  }

  bytesSync(key: string): Uint8Array | undefined {
    const place = this.#place(key);
    const sealed = this.#raw.getSync<string, Buffer>(place, READ_BYTES);
    return sealed === undefined ? undefined : this.#open(place, sealed, key)[1];
  }

  getSync(key: string, options: { snapshot?: Snapshot } = {}): string | undefined {
    const place = this.#place(key);
    const { snapshot } = options;
    const { keyEncoding, valueEncoding } = READ_BYTES;
    const sealed = snapshot
      ? this.#raw.getSync<string, Buffer>(place, { keyEncoding, valueEncoding, snapshot: snapshot as RawSnapshot })
      : this.#raw.getSync<string, Buffer>(place, READ_BYTES);
    return sealed === undefined ? undefined : text(this.#open(place, sealed, key)[1]);
  }

  async put(key: string, value: string, options: { sync: boolean }): Promise<void> {
    const place = this.#place(key);
    await this.#raw.put<string, Buffer>(place, this.#close(key, place, value), { ...BYTES, ...options });
  }

  batch(operations: readonly Operation[], options: { sync: boolean }): Promise<void> {
    return written(this.#raw, options, (batch) => this.#fill(batch, operations));
  }

  rehearse(operations: readonly Operation[]): void {
    forgotten(this.#raw, (batch) => this.#fill(batch, operations));
  }

  #fill(batch: RawBatch, operations: readonly Operation[]): void {
    for (const o of operations) {
      const place = this.#place(o.key);
      if (o.type === 'del') batch.del(place);
      else batch.put(place, this.#close(o.key, place, o.value) as never);
    }
  }

  bytes(range: KeyRange): Cursor<[string, Buffer]> {
    const inner: Cursor<[string, Buffer]> = this.#raw.iterator<string, Buffer>({
      ...(this.#range(range) as RawRange),
      ...BYTES,
    });
    return new MappedCursor(inner, ([place, sealed]) => {
      // The mark of the key in force is not under that key.
      if (place === keys.seal) return undefined;
      try {
        return this.#open(place, sealed);
      } catch (error) {
        if (this.#skipDamaged) return undefined;
        throw error;
      }
    });
  }

  iterator(range: KeyRange): Cursor<[string, string]> {
    return new MappedCursor(this.bytes(range), ([key, value]): [string, string] => [key, text(value)]);
  }

  keys(range: KeyRange): Cursor<string> {
    return new MappedCursor(this.bytes(range), ([key]) => key);
  }

  values(range: KeyRange): Cursor<string> {
    return new MappedCursor(this.bytes(range), ([, value]) => text(value));
  }

  snapshot(): Snapshot {
    return this.#raw.snapshot();
  }

  clear(range: KeyRange): Promise<void> {
    return this.#raw.clear(this.#range(range) as RawRange);
  }

  compactRange(start: string, end: string): Promise<void> {
    return this.#raw.compactRange(this.#place(start), this.#place(end));
  }

  close(): Promise<void> {
    return this.#raw.close();
  }

  #place(key: string): string {
    const at = secretAt(key);
    return at === undefined || key.length === at ? key : key.slice(0, at) + this.#seal.name(key);
  }

  #range({ gt, gte, lt, lte, ...rest }: KeyRange): KeyRange {
    return {
      ...rest,
      ...(gt !== undefined && { gt: this.#place(gt) }),
      ...(gte !== undefined && { gte: this.#place(gte) }),
      ...(lt !== undefined && { lt: this.#place(lt) }),
      ...(lte !== undefined && { lte: this.#place(lte) }),
    };
  }

  /** A container's value needs the card's ID; an iteration finds the ID in the part before it. */
  #close(key: string, place: string, value: string | Uint8Array): Buffer {
    const at = secretAt(key);
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    if (at === undefined) return this.#seal.close(bytes, place);
    const code = Buffer.from(key.slice(at), 'utf8');
    if (!isCarrier(key)) return this.#seal.close(framed(code, bytes), place);
    return framed(this.#seal.close(code, place), this.#seal.closeFor(text(code), bytes, place));
  }

  #open(place: string, sealed: Buffer, key?: string): [string, Buffer] {
    const at = secretAt(place);
    if (at === undefined) return [place, this.#seal.open(sealed, place)];
    const prefix = place.slice(0, at);
    if (!isCarrier(place)) {
      const [code, value] = unframed(this.#seal.open(sealed, place));
      return [prefix + text(code), value];
    }
    const [head, value] = unframed(sealed);
    const code = key?.slice(at) ?? text(this.#seal.open(head, place));
    return [prefix + code, this.#seal.openFor(code, value, place)];
  }
}

const text = (bytes: Buffer): string => bytes.toString('utf8');

/** Two parts in one: the first one's length in two bytes, the first, the second. */
function framed(first: Uint8Array, second: Uint8Array): Buffer {
  const all = Buffer.allocUnsafe(2 + first.length + second.length);
  all.writeUInt16LE(first.length);
  all.set(first, 2);
  all.set(second, 2 + first.length);
  return all;
}

function unframed(all: Buffer): [Buffer, Buffer] {
  const end = all.length < 2 ? 0 : 2 + all.readUInt16LE(0);
  if (end === 0 || end > all.length) throw new PortillonError('STORE_DAMAGED', 'a sealed value is damaged');
  return [all.subarray(2, end), all.subarray(end)];
}
