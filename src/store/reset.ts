import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promises as streams, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { NoteRecord } from '../domain/records.js';
import { PortillonError } from '../errors.js';
import { hashOfValue, link } from './chain.js';
import { FORMAT, prepareFormat, writeFormat } from './format.js';
import { Journal } from './journal.js';
import { keys } from './keys.js';
import type { StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { SyncState } from './sync-state.js';

/** Stays over a reset. */
const EXPORTS = 'export';
const PAGE = 500;

export interface ResetPlan {
  records: number;
  /** Checks that SecuTix has not acknowledged. */
  waiting: number;
}

/** What a reset would delete. The gate must not run. */
export async function planReset(data: string, gate: string, storeKey: StoreKey): Promise<ResetPlan> {
  if (!existsSync(path.join(data, 'journal')))
    throw new PortillonError('RESET_EMPTY', `there are no data in ${data}: nothing to reset`);
  const journal = await Journal.open(path.join(data, 'journal'), gate, storeKey);
  try {
    const sync = await SyncState.open(path.join(data, 'sync'), storeKey);
    const cursor = sync.pushCursor;
    await sync.close();
    let waiting = 0;
    for (let after = cursor; ;) {
      const some = await journal.readAfter(after, PAGE);
      if (some.length === 0) break;
      waiting += some.filter((r) => r.kind === 'check').length;
      after = some.at(-1)?.seq ?? after;
    }
    return { records: journal.lastSeq, waiting };
  } finally {
    await journal.close();
  }
}

/** What SecuTix refused is kept for ever: it is in the export, too. */
async function* refused(location: string, storeKey: StoreKey): AsyncGenerator<string> {
  const sync = await SyncState.open(location, storeKey);
  try {
    for (let after = 0; ;) {
      const some = await sync.rejectedAfter(after, PAGE);
      if (some.length === 0) return;
      yield some.map((r) => `${JSON.stringify({ kind: 'refused', ...r })}\n`).join('');
      after = some.at(-1)?.seq ?? after;
    }
  } finally {
    await sync.close();
  }
}

/**
 * Deletes everything a gate has gathered, after an export of its whole journal (JSON lines, gzip, readable by its owner only). The sequence goes
 * on, so that no check of later has the ID of one of before. Returns the file of the export.
 */
export async function reset(
  data: string,
  gate: string,
  parts: { by: string; now: number; storeKey: StoreKey },
): Promise<string> {
  await prepareFormat(data, parts.by, parts.now);
  const stamp = new Date(parts.now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  mkdirSync(path.join(data, EXPORTS), { recursive: true, mode: 0o700 });
  const file = path.join(data, EXPORTS, `journal-${gate}-${stamp}.jsonl.gz`);
  const location = path.join(data, 'journal');
  const journal = await Journal.open(location, gate, parts.storeKey);
  const last = journal.lastSeq;
  async function* lines(): AsyncGenerator<string> {
    for (let after = 0; ;) {
      const some = await journal.readAfter(after, PAGE);
      if (some.length === 0) break;
      yield some.map((r) => `${JSON.stringify(r)}\n`).join('');
      after = some.at(-1)?.seq ?? after;
    }
    yield* refused(path.join(data, 'sync'), parts.storeKey);
  }
  try {
    await streams.pipeline(Readable.from(lines()), createGzip(), createWriteStream(file, { mode: 0o600, flush: true }));
  } finally {
    await journal.close();
  }
  const before = await openDatabase(location, 'journal', parts.storeKey);
  const hash = hashOfValue(await before.get(keys.record(last)));
  await before.close();
  for (const name of readdirSync(data))
    // The guard is held by whoever resets: no gate can start meanwhile.
    if (name !== EXPORTS && name !== 'guard') rmSync(path.join(data, name), { recursive: true, force: true });
  const note: NoteRecord = {
    kind: 'note',
    seq: last + 1,
    at: parts.now,
    what: 'factory reset: the records before were exported',
  };
  const fresh = await openDatabase(location, 'journal', parts.storeKey);
  await fresh.put(keys.record(note.seq), link(note, hash).text, { sync: true });
  await fresh.close();
  writeFormat(data, { format: FORMAT, by: parts.by });
  return file;
}
