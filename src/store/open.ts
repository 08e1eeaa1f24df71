import { mkdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import { PortillonError, systemCode } from '../errors.js';
import type { Database } from './database.js';
import { OpenDatabase, SealedDatabase } from './database.js';
import { keys } from './keys.js';
import { Seal } from './seal.js';

/** LevelDB's own numbers, for tests that want it to sort all the time. */
export interface Tuning {
  /** Bytes. */
  writeBufferSize: number;
}

export type { Database } from './database.js';
export type Kind = 'journal' | 'list' | 'sync' | 'venue';
/** 32 bytes (see `storeKeyOf`); undefined = nothing is sealed. */
export type StoreKey = Uint8Array | undefined;

/** Bytes of unpacked blocks that a database keeps. A quarter for the list makes the look-up of a card with 20 tickets half as slow again. */
const LIST_CACHE = 16 * 1024 * 1024;
const SMALL_CACHE = 4 * 1024 * 1024;
/** Bytes. LevelDB flushes what it has sorted file by file, and a check's own flush waits behind that: with 8 MB about twice as long. */
const FILE = 2 * 1024 * 1024;

async function openRaw(location: string, kind: Kind, tuning?: Tuning): Promise<ClassicLevel<string, string>> {
  try {
    mkdirSync(location, { recursive: true });
  } catch (cause) {
    throw new PortillonError('STORE_OPEN', `cannot create the data folder ${location}`, {
      cause,
      hint: hintFor(cause),
    });
  }
  const db = new ClassicLevel<string, string>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    multithreading: kind === 'list',
    cacheSize: kind === 'list' ? LIST_CACHE : SMALL_CACHE,
    writeBufferSize: kind === 'list' ? 8 * 1024 * 1024 : 4 * 1024 * 1024,
    maxFileSize: FILE,
    ...tuning,
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

/** Key of the newest record of a journal, sealed or not; undefined = there is none. Throws `STORE_LOCKED` while somebody has it open. */
export async function lastRecordKey(location: string): Promise<string | undefined> {
  const db = await openRaw(location, 'journal');
  try {
    return await db.keys({ gt: keys.record(0), lt: keys.recordsEnd, reverse: true, limit: 1 }).next();
  } finally {
    await db.close();
  }
}

/**
 * Opens (and creates) a database folder. The list is shared by the main thread (reads) and the sync worker (writes);
 * another process is always locked out by LevelDB. Throws `STORE_LOCKED`, `STORE_OPEN`, `STORE_KEY` (written with another key) or
 * `STORE_UNSEALED` (written without one); nothing is changed then.
 */
export async function openDatabase(
  location: string,
  kind: Kind,
  storeKey?: StoreKey,
  how?: 'for repair' | Tuning,
): Promise<Database> {
  const db = await openRaw(location, kind, typeof how === 'object' ? how : undefined);
  const seal = storeKey && new Seal(storeKey, kind);
  try {
    await checkSeal(db, seal, location, how);
  } catch (error) {
    await db.close();
    throw error;
  }
  return seal ? new SealedDatabase(db, seal, how === 'for repair') : new OpenDatabase(db);
}

const UNSEALED = 'none';
const TEXT = { valueEncoding: 'utf8' } as const;

/**
 * Every database says which key it was written with. A new one gets this as its first write, synced: LevelDB cannot open a
 * database whose files were made and never synced.
 */
async function checkSeal(
  db: ClassicLevel<string, string>,
  seal: Seal | undefined,
  location: string,
  how: 'for repair' | Tuning | undefined,
): Promise<void> {
  const wanted = seal?.id ?? UNSEALED;
  const mark = db.getSync(keys.seal, TEXT);
  if (mark === undefined && (await db.keys({ limit: 1 }).next()) === undefined)
    return db.put(keys.seal, wanted, { ...TEXT, sync: true });
  // In a damaged database the mark may be what is lost.
  if (mark === undefined && how === 'for repair') return;
  const found = mark ?? UNSEALED;
  if (found === wanted) return;
  if (found === UNSEALED)
    throw new PortillonError('STORE_UNSEALED', `${location} was written without a key`, {
      hint: '`portillon store rekey` seals it',
    });
  throw new PortillonError(
    'STORE_KEY',
    seal
      ? `${location} was written with another key than the one in force`
      : `${location} is sealed, and no key is configured`,
    { hint: 'give the gate the right `store.key`; nothing was changed. A key is replaced by `portillon store rekey`' },
  );
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
