/** What the suites that are no vitest runs have in common: a clock in front of every line, named checks, a summary, an exit code. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { MachineImage } from './image.js';
import type { Machine, MachineOptions } from './machine.js';
import { bootMachine, connectSerial } from './machine.js';

export type Check = (name: string, action: () => Promise<string | void>) => Promise<void>;

export interface Suite {
  /** A folder of its own, removed at the end. */
  folder: string;
  say: (line: string) => void;
  check: Check;
  failures: () => number;
}

const began = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);

/** Runs a suite and ends the process: `NAME: N passed, M failed`, and the same into the file that the variable names. */
export async function runSuite(name: string, variable: string, main: (suite: Suite) => Promise<void>): Promise<never> {
  const folder = mkdtempSync(join(tmpdir(), `portillon-${name.replaceAll(' ', '-')}-`));
  const results: { failed: boolean }[] = [];
  const check: Check = async (what, action) => {
    const start = performance.now();
    try {
      const note = await action();
      results.push({ failed: false });
      say(`ok      ${what} (${Math.round(performance.now() - start)} ms)${note ? `: ${note}` : ''}`);
    } catch (error) {
      results.push({ failed: true });
      say(`FAILED  ${what}: ${(error as Error).message}`);
    }
  };
  const failures = (): number => results.filter((r) => r.failed).length;
  try {
    await main({ folder, say, check, failures });
  } catch (error) {
    results.push({ failed: true });
    say(`FAILED  ${(error as Error).message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const summary = { passed: results.length - failures(), failed: failures() };
  const file = process.env[variable];
  if (file) writeFileSync(file, JSON.stringify(summary));
  console.log(`${name}: ${summary.passed} passed, ${summary.failed} failed`);
  process.exit(summary.failed === 0 && summary.passed > 0 ? 0 : 1);
}

/** One life of a machine: its plug is pulled at the end, or after `limit` milliseconds, whatever happened. */
export async function inMachine(
  image: MachineImage,
  options: Omit<MachineOptions, 'onLine'> & { limit: number; onLine?: (line: string) => void },
  live: (lines: Socket[], machine: Machine, died: Promise<never>) => Promise<void>,
): Promise<void> {
  const machine = bootMachine(image, {
    ...options,
    onLine: (text) => {
      if (text !== '') say(`guest   ${text}`);
      options.onLine?.(text);
    },
  });
  const limit = setTimeout(() => {
    say('the machine takes too long');
    machine.kill();
  }, options.limit);
  const died = machine.exited.then((code) => {
    throw new Error(`the machine ended early, with ${code}`);
  });
  died.catch(() => {});
  try {
    await live(await Promise.all(options.serials.map((path) => connectSerial(path))), machine, died);
  } finally {
    clearTimeout(limit);
    machine.kill();
    await machine.exited;
  }
}
