import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolder } from './aside.js';
import type { Operation } from './database.js';
import { keys } from './keys.js';
import type { Kind, StoreKey } from './open.js';
import { openDatabase } from './open.js';

const AT_ONCE = 500;

/**
 * Writes a database anew under another key (or none) and puts it in the place of the old one, whose folder is then deleted. A crash
 * leaves one or the other. What a disk keeps of deleted files is beyond any program: a new key does not call back an old copy.
 */
export async function rekeyDatabase(location: string, kind: Kind, from: StoreKey, to: StoreKey): Promise<number> {
  const fresh = `${location}.rekeyed`;
  rmSync(fresh, { recursive: true, force: true });
  const source = await openDatabase(location, kind, from);
  const target = await openDatabase(fresh, kind, to);
  let entries = 0;
  try {
    let batch: Operation[] = [];
    const write = async (sync: boolean): Promise<void> => {
      await target.batch(batch, { sync });
      batch = [];
    };
    for await (const [key, value] of source.bytes({ gt: 'a', lt: '~' })) {
      if (key === keys.seal) continue;
      batch.push({ type: 'put', key, value });
      if (++entries % AT_ONCE === 0) await write(false);
    }
    // The last batch is synced, and with it everything before.
    await write(true);
  } finally {
    await source.close();
    await target.close();
  }
  const old = `${location}.old`;
  rmSync(old, { recursive: true, force: true });
  renameSync(location, old);
  renameSync(fresh, location);
  syncFolder(path.dirname(location));
  rmSync(old, { recursive: true });
  return entries;
}

/** A crash between the two renames leaves no database in its place, and both beside it. */
export function finishRekey(location: string): void {
  const fresh = `${location}.rekeyed`;
  if (!existsSync(location) && existsSync(fresh)) {
    renameSync(fresh, location);
    syncFolder(path.dirname(location));
  }
  rmSync(`${location}.old`, { recursive: true, force: true });
}
