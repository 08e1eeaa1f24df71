import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { JournalRecord } from '../domain/records.js';
import { movements, type Usage } from '../domain/usage.js';
import { PortillonError } from '../errors.js';
import type { Operation } from './database.js';
import { backUp, backups, beginChange, wholeFormat } from './backup.js';
import { FORMAT, readFormat, writeFormat } from './format-marker.js';
import { keys } from './keys.js';
import type { Database, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { decodeJson, decodeNumber, decodeOutcome, decodeRecord } from './records.js';
import { rekeyDatabase } from './rekey.js';
import { decodeUsage } from './usage-bytes.js';

const BATCH = 1_000;
/** Kinds of record that format 1 knows; what others mean for usage is in the usage already. */
const FIRST_KINDS = new Set(['check', 'outcome', 'event', 'note']);

const plain = (value: unknown): string => `1${JSON.stringify(value)}`;

function firstRecord(record: JournalRecord): string {
  if (FIRST_KINDS.has(record.kind)) return plain(record);
  return plain({ ...record, kind: 'note', was: record.kind, what: `${record.kind} (of a newer release)` });
}

/** Format 1 knows entries by performance only. What it cannot tell is told as used as a whole, so that nobody enters twice. */
export function firstUsage(usage: Usage): string {
  const slots: Record<string, { entries: number; lastAt: number; lastLane: string }> = {};
  const add = (slot: string, at: number, lane: string): void => {
    const before = slots[slot];
    const last = before !== undefined && before.lastAt > at ? before : { lastAt: at, lastLane: lane };
    slots[slot] = { entries: (before?.entries ?? 0) + 1, lastAt: last.lastAt, lastLane: last.lastLane };
  };
  for (const m of movements(usage)) if (!m.void && m.direction === 'entry') add(m.slot ?? '*', m.at, m.lane);
  if (usage.older.entries > 0) add('*', usage.older.to, '');
  if (usage.blocked) add('*', usage.blocked.at, '');
  return plain({ slots });
}

/** Rewrites values in place, a batch at a time: a crash between two leaves what this release reads and an older one refuses. */
async function rewrite(
  db: Database,
  range: [string, string],
  to: (key: string, value: Uint8Array) => Promise<Operation> | Operation,
): Promise<void> {
  const cursor = db.bytes({ gt: range[0], lt: range[1] });
  try {
    for (let some = await cursor.nextv(BATCH); some.length > 0; some = await cursor.nextv(BATCH))
      await db.batch(await Promise.all(some.map(async ([key, value]) => to(key, value))), { sync: true });
  } finally {
    await cursor.close();
  }
}

const text = (value: Uint8Array): string => Buffer.from(value).toString('utf8');
const rangeOf = (prefix: string): [string, string] => [`${prefix}!`, `${prefix}"`];

async function journalToFirst(location: string): Promise<void> {
  const db = await openDatabase(location, 'journal');
  const put = (key: string, value: string): Operation => ({ type: 'put', key, value });
  try {
    await rewrite(db, rangeOf('w'), async (key) => {
      const record = await db.get(keys.record(keys.seqOf(key)));
      return record === undefined ? { type: 'del', key } : put(key, plain(decodeRecord(record)));
    });
    await rewrite(db, rangeOf('r'), (key, value) => put(key, firstRecord(decodeRecord(text(value)))));
    await rewrite(db, rangeOf('o'), (key, value) => put(key, decodeOutcome(text(value))));
    await rewrite(db, rangeOf('k'), (key, value) => put(key, plain(decodeJson(text(value), 'mode'))));
    await rewrite(db, rangeOf('u'), (key, value) => put(key, firstUsage(decodeUsage(value))));
  } finally {
    await db.close();
  }
}

async function syncToFirst(location: string): Promise<void> {
  if (!existsSync(location)) return;
  const db = await openDatabase(location, 'sync');
  const put = (key: string, value: string): Operation => ({ type: 'put', key, value });
  try {
    await rewrite(db, rangeOf('p'), (key, value) => put(key, String(decodeNumber(text(value), 'push cursor'))));
    await rewrite(db, rangeOf('q'), (key, value) => put(key, plain(decodeJson(text(value), 'rejected check'))));
    await rewrite(db, rangeOf('l'), (key, value) => put(key, plain(decodeJson(text(value), 'limiter state'))));
  } finally {
    await db.close();
  }
}

/** The list of before the migration, if it was kept: its cursors go on from where they were. Otherwise it is pulled anew. */
function listToFirst(data: string): boolean {
  const kept = backups(data).find((b) => b.format === 1 && existsSync(path.join(b.folder, 'list')));
  const list = path.join(data, 'list');
  rmSync(list, { recursive: true, force: true });
  if (!kept) return false;
  mkdirSync(list);
  for (const file of readdirSync(path.join(kept.folder, 'list'))) {
    const [from, to] = [path.join(kept.folder, 'list', file), path.join(list, file)];
    if (/\.(ldb|sst)$/.test(file)) linkSync(from, to);
    else cpSync(from, to);
  }
  return true;
}

/** Format 1 knows no seal: it comes off only when whoever asks says so, with its key. */
async function unseal(data: string, format: number, key: StoreKey): Promise<(() => Promise<void>) | undefined> {
  try {
    await (await openDatabase(path.join(data, 'journal'), 'journal')).close();
    return undefined;
  } catch (cause) {
    if (!(cause instanceof PortillonError) || cause.code !== 'STORE_KEY') throw cause;
    if (key === undefined)
      throw new PortillonError('STORE_FORMAT', `the data are sealed, which format ${format} does not know`, {
        cause,
        hint: '`portillon data leave --unseal` takes the seal off, with the key of the configuration; nothing was changed',
      });
  }
  await (await openDatabase(path.join(data, 'journal'), 'journal', key)).close();
  return async () => {
    for (const kind of ['journal', 'sync'] as const)
      if (existsSync(path.join(data, kind))) await rekeyDatabase(path.join(data, kind), kind, key, undefined);
  };
}

/**
 * Leaves the data of a gate that does not run in an earlier format, so that an older release can take them over. The journal stays whole: its
 * sequence goes on, nothing of it is lost. Cut off in the middle it is undone by the next start, or by the next try. Throws `STORE_FORMAT` when
 * it cannot be done; nothing is changed then. `unsealWith`: the key of sealed data, to take the seal off.
 */
export async function leaveIn(
  data: string,
  format: number,
  parts: { by: string; now: number; unsealWith?: StoreKey },
): Promise<{ changed: boolean; list: 'kept' | 'pulled anew' }> {
  const asked = readFormat(data);
  if (asked && (format > asked.format || format < 1 || asked.format > FORMAT))
    throw new PortillonError(
      'STORE_FORMAT',
      `the data are in format ${asked.format}; they cannot be left in format ${format}`,
    );
  const found = wholeFormat(data);
  if (!found || found.format === format) return { changed: false, list: 'kept' };
  const takeOff = await unseal(data, format, parts.unsealWith);
  const backup = found.backup ?? (await backUp(data, found.format, parts.now));
  beginChange(data, { format: found.format, by: found.by }, format, backup);
  await takeOff?.();
  await journalToFirst(path.join(data, 'journal'));
  await syncToFirst(path.join(data, 'sync'));
  const kept = listToFirst(data);
  writeFormat(data, { format, by: parts.by });
  // It speaks of hashes that are no more.
  rmSync(path.join(data, 'journal.head'), { force: true });
  return { changed: true, list: kept ? 'kept' : 'pulled anew' };
}
