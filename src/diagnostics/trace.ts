import type { Trace } from '../../drivers/contract.js';

/** Bounds for each device: entries, and bytes over all of them. One entry is cut at `MAX_ENTRY`. */
const MAX_ENTRIES = 200;
const MAX_BYTES = 16_384;
const MAX_ENTRY = 512;

export interface TraceEntry {
  /** `lane-1/reader-0`. Of a shared bus: the first device on it. */
  device: string;
  /** UTC milliseconds. */
  at: number;
  way: 'in' | 'out';
  /** Bytes in hexadecimal, or what happened to a line in words. */
  hex?: string;
  text?: string;
  /** Bytes that were cut off. */
  more?: number;
}

/** As it came: made readable when somebody looks, for this is on the way of every scan. */
interface Kept {
  at: number;
  way: 'in' | 'out';
  what: string | Uint8Array;
  size: number;
}

/** What went over each device's wire last. The ring is always on: what matters is mostly just over. */
export class TraceBook {
  readonly #now: () => number;
  readonly #devices = new Map<string, { entries: Kept[]; bytes: number; in: number; out: number }>();
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The hook of one device. */
  of(device: string): Trace {
    const book = { entries: [] as Kept[], bytes: 0, in: 0, out: 0 };
    this.#devices.set(device, book);
    return (way, what) => {
      const size = typeof what === 'string' ? 0 : what.length;
      book[way] += size;
      // A copy: drivers use their buffers again, and a Buffer's own `slice` is a view.
      const kept = { at: this.#now(), way, size, what: typeof what === 'string' ? what : cut(what) };
      book.entries.push(kept);
      book.bytes += weight(kept);
      while (book.entries.length > MAX_ENTRIES || book.bytes > MAX_BYTES) {
        const gone = book.entries.shift();
        if (gone) book.bytes -= weight(gone);
      }
      if (this.#listeners.size > 0) for (const listener of this.#listeners) listener(entryOf(device, kept));
    };
  }

  last(device: string): TraceEntry[] {
    return (this.#devices.get(device)?.entries ?? []).map((kept) => entryOf(device, kept));
  }
  /** Bytes in and out since start, by device. */
  totals(): Record<string, { in: number; out: number }> {
    return Object.fromEntries([...this.#devices].map(([name, d]) => [name, { in: d.in, out: d.out }]));
  }
  on(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const cut = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.subarray(0, MAX_ENTRY));
const weight = ({ what }: Kept): number => what.length + 32;

function entryOf(device: string, { at, way, what, size }: Kept): TraceEntry {
  if (typeof what === 'string') return { device, at, way, text: what };
  const hex = Buffer.from(what.buffer, what.byteOffset, what.length).toString('hex');
  return { device, at, way, hex, ...(size > what.length && { more: size - what.length }) };
}
