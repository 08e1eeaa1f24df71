import { mkdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import { PortillonError, systemCode } from '../errors.js';

export type Database = ClassicLevel<string, string>;

/** Memory one database may take for blocks it keeps in memory, bytes. */
const LIST_CACHE = 32 * 1024 * 1024;
const SMALL_CACHE = 4 * 1024 * 1024;

/**
 * Opens (and creates) a database folder. The list is shared by the main thread (reads) and the sync worker (writes);
 * another process is always locked out by LevelDB.
 */
export async function openDatabase(location: string, kind: 'journal' | 'list' | 'sync'): Promise<Database> {
  try {
    mkdirSync(location, { recursive: true });
  } catch (cause) {
    throw new PortillonError('STORE_OPEN', `cannot create the data folder ${location}`, {
      cause,
      hint: hintFor(cause),
    });
  }
  const db: Database = new ClassicLevel(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'utf8',
    multithreading: kind === 'list',
    cacheSize: kind === 'list' ? LIST_CACHE : SMALL_CACHE,
    writeBufferSize: kind === 'list' ? 8 * 1024 * 1024 : 4 * 1024 * 1024,
    maxFileSize: kind === 'list' ? 8 * 1024 * 1024 : 2 * 1024 * 1024,
  });
  try {
    await db.open();
  } catch (cause) {
    const locked = systemCode((cause as Error).cause) === 'LEVEL_LOCKED';
    throw new PortillonError(
      locked ? 'STORE_LOCKED' : 'STORE_OPEN',
      locked ? `${location} is in use by another Portillon` : `cannot open the database ${location}`,
      { cause, hint: locked ? 'stop the other instance, or give this one its own `data` folder' : hintFor(cause) },
    );
  }
  return db;
}

/** What a person can do about a failed write or open. LevelDB passes the system's reason on as text only. */
export function hintFor(cause: unknown): string {
  const text = [];
  for (let e: unknown = cause; e instanceof Error; e = e.cause)
    text.push(e.message, (e as { code?: string }).code ?? '');
  const all = text.join(' ');
  if (/ENOSPC|No space left/i.test(all)) return 'the disk is full: free space on the volume of the data folder';
  if (/EACCES|EPERM|Permission denied/i.test(all))
    return 'give the user Portillon runs as write access to the data folder';
  if (/EROFS|Read-only/i.test(all)) return 'the file system is read-only: check the card or disk, it may be failing';
  if (/Corruption/i.test(all))
    return 'the database is damaged: keep a copy of the folder; a list folder may be moved away and is pulled again';
  return 'see the cause; the data folder is left as it is';
}
