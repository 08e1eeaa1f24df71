import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { Ticket } from '../../src/domain/ticket.js';

export function ticket(barcode: string, rest: Partial<Ticket> = {}): Ticket {
  return { barcode, state: 'VALID', season: 'S26', product: 'P1', performance: 'PERF1', ...rest };
}

const cleanups: (() => void | Promise<void>)[] = [];

/** Runs after the test, last registered first. */
export function cleanup(f: () => void | Promise<void>): void {
  cleanups.push(f);
}
afterEach(async () => {
  for (const f of cleanups.splice(0).reverse()) await f();
});

/** A folder that goes away after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-'));
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A volume of its own that really gets full, or why there is none (mounting needs root). */
export function smallVolume(megabytes: number): string | { why: string } {
  const folder = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'portillon-test', folder], { stdio: 'pipe' });
  } catch (error) {
    return { why: `no small volume can be mounted here: ${(error as Error).message.trim()}` };
  }
  cleanup(() => {
    execFileSync('umount', ['--lazy', folder]);
  });
  return folder;
}

/** Takes every byte that is left on the volume of `file`. */
export function fillVolume(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const size of [1 << 20, 1 << 12, 1])
      try {
        for (;;) writeSync(fd, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
  } finally {
    closeSync(fd);
  }
}
