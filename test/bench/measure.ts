import { closeSync, fdatasync, fdatasyncSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

export interface Quantiles {
  n: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Samples in milliseconds to microseconds. */
export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (q: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0) * 1000);
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

/**
 * The disk's own floor: one append of a check's size and one fdatasync. It is sampled between the scans, in the same folder,
 * so that both see the disk in the same mood.
 */
export class DiskFloor {
  readonly samples: number[] = [];
  readonly pooled: number[] = [];
  readonly #file: string;
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(500, 0x41);

  constructor(folder: string) {
    this.#file = path.join(folder, 'floor');
    this.#fd = openSync(this.#file, 'w');
  }

  sample(): void {
    const t = performance.now();
    writeSync(this.#fd, this.#bytes);
    fdatasyncSync(this.#fd);
    this.samples.push(performance.now() - t);
  }

  /** The same through the thread pool, as every durable write of a process that must not stand still: two thread wake-ups more. */
  async samplePooled(): Promise<void> {
    const t = performance.now();
    writeSync(this.#fd, this.#bytes);
    await promisify(fdatasync)(this.#fd);
    this.pooled.push(performance.now() - t);
  }

  close(): Quantiles {
    closeSync(this.#fd);
    unlinkSync(this.#file);
    return quantiles(this.samples);
  }
}

/** Resolves when no file of the folder came, went or grew for `quietMs`: LevelDB has finished sorting. */
export async function untilQuiet(folder: string, quietMs: number): Promise<void> {
  const look = (): string =>
    readdirSync(folder)
      .map((name) => `${name} ${statSync(path.join(folder, name), { throwIfNoEntry: false })?.size}`)
      .join();
  let last = look();
  for (let since = performance.now(); performance.now() - since < quietMs;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = look();
    if (now !== last) since = performance.now();
    last = now;
  }
}

interface Row {
  what: string;
  measured: string;
  target: string;
  ok: boolean;
}

const rounded = (n: number): number => Number(n.toPrecision(4));

/** The figures of a run beside their targets. */
export class Table {
  readonly rows: Row[] = [];

  /** `limit`: at most, or at least. */
  add(what: string, value: number, unit: string, limit: number, atLeast = false): void {
    this.rows.push({
      what,
      measured: `${rounded(value)} ${unit}`,
      target: `${atLeast ? '>=' : '<='} ${rounded(limit)} ${unit}`,
      ok: atLeast ? value >= limit : value <= limit,
    });
  }

  /** The table by `log`, everything as JSON on stdout; exit code 1 when a figure is missed. */
  end(result: Record<string, unknown>, log: (text: string) => void, width: number): void {
    const { rows } = this;
    for (const r of rows)
      log(`${r.ok ? 'ok  ' : 'MISS'}  ${r.what.padEnd(width)} ${r.measured.padStart(12)}  ${r.target}`);
    process.stdout.write(`${JSON.stringify({ ...result, rows }, null, 2)}\n`);
    process.exitCode = rows.every((r) => r.ok) ? 0 : 1;
  }
}
