import { mkdtempSync, rmSync } from 'node:fs';
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
