import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { PortillonError } from '../errors.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import { asideName, setAside, syncFolder } from './aside.js';
import { checkFiles } from './check-files.js';
import { isDamage } from './damage.js';
import { readHead } from './head.js';
import { Journal } from './journal.js';
import { TicketList } from './list.js';
import type { Database, Kind, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { finishRekey, rekeyDatabase } from './rekey.js';
import { salvageJournal } from './salvage.js';
import { clearSuspicion, isSuspect } from './scrub.js';
import { SyncState } from './sync-state.js';

export interface StoreParts {
  /** The data folder. */
  data: string;
  gate: string;
  storeKey: StoreKey;
  now: () => number;
  log: Log;
  list?: { dropFirst?: number; followsHub?: boolean };
}

export interface Stores {
  journal: Journal;
  list: TicketList;
  close(): Promise<void>;
}

/**
 * Opens everything, and makes good what can be made good by itself: a damaged database is set aside as it was found, the
 * readable part of a journal is carried over into a new one, list and delivery state begin anew. `STORE_LOCKED`, `STORE_KEY` and
 * errors of the system (no space, no right) change nothing.
 */
export async function openStores(parts: StoreParts): Promise<Stores> {
  // Its lock proves that nobody else uses the folder, before any file of the others is judged.
  const guard = await openGuard(path.join(parts.data, 'guard'));
  try {
    const acknowledged = await settleSync(parts);
    const journal = await openJournal(parts, acknowledged);
    const list = await openList(parts);
    return {
      journal,
      list,
      close: async () => {
        await list.close();
        await journal.close();
        await guard.close();
      },
    };
  } catch (error) {
    await guard.close();
    throw error;
  }
}

/** Nothing is kept in it: a damaged one is made anew. */
export async function openGuard(location: string): Promise<Database> {
  try {
    return await openDatabase(location, 'sync');
  } catch (error) {
    if (!isDamage(error)) throw error;
    rmSync(location, { recursive: true });
    return openDatabase(location, 'sync');
  }
}

interface Opening<T> {
  kind: Kind;
  open: () => Promise<T>;
  /** Called with what is wrong; makes the way free for another `open`. */
  makeGood: (problems: string[]) => Promise<void>;
}

async function openChecked<T>(parts: StoreParts, o: Opening<T>): Promise<T> {
  const location = path.join(parts.data, o.kind);
  finishRekey(location);
  // A whole list takes a while to read: only where damage was seen while it was open.
  const files = checkFiles(location, { tables: o.kind !== 'list' || isSuspect(location) });
  // Cut off before its first synced write: there is nothing in it, and LevelDB could not open it.
  if (files.state === 'new') rmSync(location, { recursive: true, force: true });
  if (files.state === 'damaged') {
    await o.makeGood(files.problems);
    clearSuspicion(location);
    return o.open();
  }
  clearSuspicion(location);
  try {
    return await o.open();
  } catch (error) {
    if (!isDamage(error)) throw error;
    await o.makeGood([describeError(error)]);
    return o.open();
  }
}

async function openJournal(parts: StoreParts, acknowledged: number): Promise<Journal> {
  const location = path.join(parts.data, 'journal');
  finishSalvage(location);
  const open = (): Promise<Journal> => Journal.open(location, parts.gate, parts.storeKey);
  const makeGood = (problems: string[]): Promise<void> => repairJournal(parts, location, acknowledged, problems);
  const opening: Opening<Journal> = { kind: 'journal', open: () => sealing(parts, 'journal', open), makeGood };
  const journal = await openChecked(parts, opening);
  // The files are whole, and yet it ends before what is known to have been written.
  const known = Math.max(acknowledged, readHead(location)?.seq ?? 0);
  if (journal.lastSeq >= known) return journal;
  await journal.close();
  await makeGood([`it ends with record ${journal.lastSeq}, and record ${known} was written`]);
  return open();
}

async function repairJournal(
  parts: StoreParts,
  location: string,
  acknowledged: number,
  problems: string[],
): Promise<void> {
  const { log, now, storeKey } = parts;
  const why = problems.slice(0, 5).join('; ');
  log.error({ problems }, 'the journal is damaged: its readable part is carried over, its files are set aside');
  const aside = asideName(location, now());
  const exportFile = `${location}-readable${aside.slice(location.length + '.damaged'.length)}.jsonl`;
  const seenElsewhere = Math.max(acknowledged, readHead(location)?.seq ?? 0);
  const to = `${location}.new`;
  const result = await salvageJournal({
    from: location,
    to,
    exportFile,
    storeKey,
    seenElsewhere,
    now: now(),
    why,
    aside,
  });
  const lost = result.lost.map(([a, b]) => (a === b ? `${a}` : `${a} to ${b}`)).join(', ');
  const said = `${why}. ${result.kept} records were carried over; not there: ${lost || 'none'}. The numbers go on from ${result.seq}`;
  if (existsSync(location)) setAside(location, aside, now(), said);
  renameSync(to, location);
  syncFolder(path.dirname(location));
  log.warn(
    { kept: result.kept, lost: result.lost, aside: path.basename(aside), export: path.basename(exportFile) },
    'the journal goes on',
  );
}

/** A salvage is complete before anything is renamed: without the old folder, only the last rename is missing. */
function finishSalvage(location: string): void {
  if (existsSync(location) || !existsSync(`${location}.new`)) return;
  renameSync(`${location}.new`, location);
  syncFolder(path.dirname(location));
}

/** A database of before the key is sealed when the key comes. */
async function sealing<T>(parts: StoreParts, kind: Kind, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if ((error as PortillonError).code !== 'STORE_UNSEALED') throw error;
    parts.log.warn({ kind }, 'what was written before there was a key is sealed now');
    await rekeyDatabase(path.join(parts.data, kind), kind, undefined, parts.storeKey);
    return open();
  }
}

/** How far SecuTix has acknowledged. Without its state everything that is kept is delivered again, which does no harm. */
async function settleSync(parts: StoreParts): Promise<number> {
  const location = path.join(parts.data, 'sync');
  if (!existsSync(location)) return 0;
  const open = (): Promise<SyncState> => SyncState.open(location, parts.storeKey);
  const state = await openChecked(parts, {
    kind: 'sync',
    open: () => sealing(parts, 'sync', open),
    makeGood: async (problems) => throwAway(parts, 'sync', problems, 'every check that is kept is delivered again'),
  });
  const cursor = state.pushCursor;
  await state.close();
  return cursor;
}

async function openList(parts: StoreParts): Promise<TicketList> {
  const location = path.join(parts.data, 'list');
  const open = async (): Promise<TicketList> => {
    try {
      return await TicketList.open(location, { storeKey: parts.storeKey, ...parts.list });
    } catch (error) {
      const { code } = error as PortillonError;
      // The journal has accepted the key in force: the list is what is of another day.
      if (code !== 'STORE_UNSEALED' && code !== 'STORE_KEY') throw error;
      parts.log.warn({}, 'the ticket list was written with another key: it is fetched anew');
      rmSync(location, { recursive: true });
      return TicketList.open(location, { storeKey: parts.storeKey, ...parts.list });
    }
  };
  return openChecked(parts, {
    kind: 'list',
    open,
    makeGood: async (problems) => throwAway(parts, 'list', problems, 'the list is fetched anew'),
  });
}

function throwAway(parts: StoreParts, kind: Kind, problems: string[], what: string): void {
  parts.log.error({ problems }, `the ${kind} database is damaged and set aside: ${what}`);
  setAsideOne(parts.data, kind, problems, what, parts.now());
}

/** Of the databases that can be made anew only the newest damaged one is kept. */
export function setAsideOne(data: string, kind: Kind, problems: string[], what: string, now: number): void {
  const location = path.join(data, kind);
  for (const name of readdirSync(data))
    if (kind !== 'journal' && name.startsWith(`${kind}.damaged-`)) rmSync(path.join(data, name), { recursive: true });
  if (existsSync(location))
    setAside(location, asideName(location, now), now, `${problems.slice(0, 5).join('; ')}. ${what}`);
}
