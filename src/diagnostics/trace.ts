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

/** What went over each device's wire last. The ring is always on: what matters is mostly just over. */
export class TraceBook {
  readonly #now: () => number;
  readonly #devices = new Map<string, { entries: TraceEntry[]; bytes: number; in: number; out: number }>();
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The hook of one device. */
  of(device: string): Trace {
    const book = { entries: [] as TraceEntry[], bytes: 0, in: 0, out: 0 };
    this.#devices.set(device, book);
    return (way, what) => {
      const base = { device, at: this.#now(), way };
      const size = typeof what === 'string' ? 0 : what.length;
      book[way] += size;
      const entry: TraceEntry =
        typeof what === 'string'
          ? { ...base, text: what }
          : {
              ...base,
              hex: Buffer.from(what.subarray(0, MAX_ENTRY)).toString('hex'),
              ...(size > MAX_ENTRY && { more: size - MAX_ENTRY }),
            };
      book.entries.push(entry);
      book.bytes += weight(entry);
      while (book.entries.length > MAX_ENTRIES || book.bytes > MAX_BYTES) {
        const gone = book.entries.shift();
        if (gone) book.bytes -= weight(gone);
      }
      for (const listener of this.#listeners) listener(entry);
    };
  }

  last(device: string): TraceEntry[] {
    return [...(this.#devices.get(device)?.entries ?? [])];
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

const weight = (entry: TraceEntry): number => (entry.hex?.length ?? 0) / 2 + (entry.text?.length ?? 0) + 32;
