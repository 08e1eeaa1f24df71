import { rmSync, symlinkSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { RelayWire } from '../../src/cli/demo/stage.js';

/** Milliseconds of the system's monotonic clock, the same in all threads. */
export const monotonicMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};

/** Bytes with the time at which they could be read. */
export interface Seen {
  at: number;
  bytes: Uint8Array;
}

/** The gate's end, open in the thread. */
export interface Wire {
  path: string;
  slave: number;
}

/** Never the last byte of a relay's command; written by ourselves to end the thread, which hears nothing else while it reads. */
const END = 0x00;

/**
 * A relay's wire with a clock on it. A thread of its own waits in read(2), so that what is measured is the gate and not how long the event
 * loop of whoever measures takes to wake up.
 */
export class Stopwatch implements RelayWire {
  readonly path: string;
  readonly #worker: Worker;
  readonly #slave: number;
  readonly #listeners = new Set<(chunk: Uint8Array) => void>();
  #lastAt = 0;

  /** Resolves when `link` can be opened. */
  static async open(link: string): Promise<Stopwatch> {
    const worker = new Worker(new URL('stopwatch-thread.js', import.meta.url), { workerData: { end: END } });
    const wire = await new Promise<Wire>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return new Stopwatch(link, wire, worker);
  }

  private constructor(link: string, { path, slave }: Wire, worker: Worker) {
    this.path = link;
    this.#slave = slave;
    this.#worker = worker;
    rmSync(link, { force: true });
    symlinkSync(path, link);
    worker.on('message', ({ at, bytes }: Seen) => {
      this.#lastAt = at;
      for (const listener of this.#listeners) listener(bytes);
    });
  }

  /** When the bytes that listeners were told of last could be read; see `monotonicMs`. */
  get lastAt(): number {
    return this.#lastAt;
  }

  onData(listener: (chunk: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#worker.unref();
    writeSync(this.#slave, Uint8Array.of(END));
    rmSync(this.path, { force: true });
  }
}
