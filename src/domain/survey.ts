import { BLOCK, firstOf, hashOf } from './sums.js';
import type { Usage } from './usage.js';
import { FLAG, nameIs, plain } from './usage.js';

/** What a decision asks of a ticket's use. */
export interface Question {
  slot: string;
  /** Where the lane leads; undefined = the venue has no sectors, or the product counts all of them together. */
  sector?: string | undefined;
  /** Sectors around it: whoever left one of these has left this one too. */
  outer?: readonly string[] | undefined;
  /** The sector one must be inside of before this lane. */
  behind?: string | undefined;
  /** UTC milliseconds of the first moment of the current service day. */
  dayStart: number;
  /** Entries made while the clock was wrong may have been today. */
  doubtfulToday?: boolean | undefined;
}

/** Every count that rules look at. Indices point into the usage; -1 = none. */
export interface Survey {
  /** Entries into the lane's sector, and exits from it. */
  entries: number;
  exits: number;
  inSlot: number;
  today: number;
  /** UTC milliseconds of the first entry anywhere; 0 = none. */
  firstAt: number;
  lastEntry: number;
  lastExit: number;
  /** Last entry of the slot: when and where it was used. */
  lastInSlot: number;
  inside: boolean;
  insideBehind: boolean;
}

const first = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : Math.min(a, b));
const isAmong = (name: string, wanted: readonly string[] | undefined): boolean =>
  wanted?.some((w) => plain(w) === name) ?? false;

/**
 * A movement without a sector concerns every sector, and a lane without one every movement: a venue that names its sectors later does
 * not let anybody in again. The same holds for the slot `*`. An entry in the future counts for today: it was made before the clock
 * was put back.
 */
export function survey(usage: Usage, q: Question): Survey {
  const { older, sums } = usage;
  const { sectors, bySector } = sums;
  const sector = q.sector === undefined ? undefined : plain(q.sector);
  const behind = q.behind === undefined ? undefined : plain(q.behind);
  const isMine = (i: number): boolean => sector === undefined || sectors[i] === '' || sectors[i] === sector;
  let [entries, exits, lastEntry, lastExit, lastIn, lastOut] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < sectors.length; i++) {
    const [row, name, mine] = [4 * i, sectors[i] as string, isMine(i)];
    const [into, out] = [bySector[row + 2] as number, bySector[row + 3] as number];
    if (mine) {
      entries += bySector[row] as number;
      exits += bySector[row + 1] as number;
      lastEntry = Math.max(lastEntry, into);
    }
    if (mine || isAmong(name, q.outer)) lastExit = Math.max(lastExit, out);
    if (name !== '' && name !== behind) continue;
    lastIn = Math.max(lastIn, into);
    lastOut = Math.max(lastOut, out);
  }
  const used = q.slot === '*' ? { entries, last: lastEntry } : inSlot(usage, q.slot, isMine);
  return {
    entries: entries + older.entries,
    exits: exits + older.exits,
    inSlot: used.entries,
    today: entries === 0 ? 0 : countSince(usage, q.dayStart, sector, q.doubtfulToday === true && sums.doubtful > 0),
    firstAt: first(older.from, sums.firstAt),
    lastEntry: lastEntry - 1,
    lastExit: lastExit - 1,
    lastInSlot: used.last - 1,
    // By the order of movements, not by the clock.
    inside: lastEntry > lastExit,
    insideBehind: lastIn > lastOut,
  };
}

const NO_ENTRY = FLAG.exit | FLAG.void;
const STAR = hashOf('*');
const NONE = hashOf('');

/** Entries of the slot, of any (`*`), and those that do not say which. */
function inSlot(usage: Usage, slot: string, isMine: (sector: number) => boolean): { entries: number; last: number } {
  const { hashes } = usage.sums;
  const found = { entries: 0, last: 0 };
  const add = (hash: number, name: string): void => {
    for (let row = firstOf(hashes, hash); hashes[row] === hash; row++) {
      const { bySlot } = usage.sums;
      if (!isMine(bySlot[4 * row] as number) || !nameIs(usage, bySlot[4 * row + 1] as number, name)) continue;
      found.entries += bySlot[4 * row + 2] as number;
      found.last = Math.max(found.last, bySlot[4 * row + 3] as number);
    }
  };
  const name = plain(slot);
  add(hashOf(name), name);
  add(STAR, '*');
  add(NONE, '');
  return found;
}

/**
 * Entries from a moment on (UTC milliseconds), of one sector or (undefined) of all. Looks from the end, and only where the newest entry is
 * not older. `doubtful`: those made while the clock was wrong count too, whatever time they bear.
 */
export function countSince(usage: Usage, from: number, sector?: string, doubtful = false): number {
  const { newest, sectors, sectorRefs } = usage.sums;
  const mine = sector === undefined ? -1 : (sectorRefs[sectors.indexOf(sector)] ?? 0);
  let n = 0;
  for (let block = newest.length - 1; block >= 0; block--) {
    if ((newest[block] as number) < from && !doubtful) continue;
    const { at, flags, where } = usage;
    const end = Math.min((block + 1) * BLOCK, usage.size);
    for (let i = block * BLOCK; i < end; i++) {
      const f = flags[i] as number;
      if (f & NO_ENTRY) continue;
      if (mine >= 0 && where[i] !== 0 && where[i] !== mine) continue;
      if ((at[i] as number) >= from || (doubtful && f & FLAG.doubtful)) n++;
    }
  }
  return n;
}
