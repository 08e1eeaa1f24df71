import { closeSync, fdatasyncSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

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

/** The disk's own floor: one append of a check's size and one fdatasync, with a pause between, as a turnstile has. */
export async function diskFloor(folder: string, rounds: number): Promise<Quantiles> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'floor');
  const fd = openSync(file, 'w');
  const bytes = Buffer.alloc(500, 0x41);
  const samples: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const t = performance.now();
    writeSync(fd, bytes);
    fdatasyncSync(fd);
    samples.push(performance.now() - t);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  closeSync(fd);
  unlinkSync(file);
  return quantiles(samples);
}
