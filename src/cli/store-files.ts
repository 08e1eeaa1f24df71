import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../config/load.js';
import { PortillonError } from '../errors.js';
import type { Database, StoreKey } from '../store/open.js';
import { openDatabase } from '../store/open.js';
import { openGuard } from '../store/start.js';
import { storeKeyFrom } from '../runtime-store.js';

export interface StoppedOptions {
  config: string;
  data?: string;
}

/** Where the files of a gate that does not run are, and their key. */
export function filesOf(options: StoppedOptions): { data: string; storeKey: StoreKey; gate: string } {
  const { config } = loadConfig(options.config);
  return { data: path.resolve(options.data ?? config.data), storeKey: storeKeyFrom(config), gate: config.gate.id };
}

/** A misspelt name must not become a new, empty gate that is found to be in order. */
export function mustExist(data: string): void {
  if (existsSync(data)) return;
  throw new PortillonError('NO_DATA', `there is no data folder ${data}`, {
    hint: 'name it with --data, or the configuration with --config',
  });
}

/** Runs `use` while no gate can start on these files. */
export async function whileStopped<T>(data: string, use: () => Promise<T>): Promise<T> {
  mustExist(data);
  let guard: Database;
  try {
    guard = await openGuard(path.join(data, 'guard'));
  } catch (cause) {
    if ((cause as PortillonError).code !== 'STORE_LOCKED') throw cause;
    throw new PortillonError('STORE_LOCKED', `a gate is running on ${data}`, {
      hint: process.argv.includes('--stopped')
        ? 'stop it first, or leave --stopped out to ask it'
        : 'stop it first: this command works on the files of a gate that does not run',
    });
  }
  try {
    return await use();
  } finally {
    await guard.close();
  }
}

export async function withJournal<T>(options: StoppedOptions, use: (db: Database) => Promise<T>): Promise<T> {
  const { data, storeKey } = filesOf(options);
  return whileStopped(data, async () => {
    const db = await openDatabase(path.join(data, 'journal'), 'journal', storeKey);
    try {
      return await use(db);
    } finally {
      await db.close();
    }
  });
}
