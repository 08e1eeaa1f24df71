import type { Usage } from './usage.js';
import { FLAG, refOf } from './usage.js';

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

/** Every count that rules look at, made in one pass. Indices point into the usage; -1 = none. */
export interface Survey {
  /** Entries in all: into the lane's sector, and into any. */
  entries: number;
  entriesAnywhere: number;
  exits: number;
  inSlot: number;
  today: number;
  /** UTC milliseconds of the first entry anywhere; 0 = none. */
  firstAt: number;
  lastEntry: number;
  lastExit: number;
  /** Last entry of the slot: when and where it was used. */
  lastInSlot: number;
  lastToday: number;
  inside: boolean;
  insideBehind: boolean;
}

/**
 * A movement without a sector concerns every sector, and a lane without one every movement: a venue that names its sectors later does
 * not let anybody in again. The same holds for the slot `*`. An entry in the future counts for today: it was made before the clock
 * was put back.
 */
export function survey(usage: Usage, q: Question): Survey {
  const { older, at, refs, flags } = usage;
  const s: Survey = {
    entries: older.entries,
    entriesAnywhere: older.entries,
    exits: older.exits,
    inSlot: 0,
    today: 0,
    firstAt: older.from,
    lastEntry: -1,
    lastExit: -1,
    lastInSlot: -1,
    lastToday: -1,
    inside: false,
    insideBehind: false,
  };
  const n = at.length;
  if (n === 0) return s;
  const anySlot = q.slot === '*';
  const slot = refOf(usage, q.slot);
  const star = refOf(usage, '*');
  const anySector = q.sector === undefined;
  const sector = refOf(usage, q.sector);
  const behind = refOf(usage, q.behind);
  const outer = (q.outer ?? []).map((name) => refOf(usage, name)).filter((ref) => ref !== 0);
  for (let i = 0; i < n; i++) {
    const f = flags[i] as number;
    if (f & FLAG.void) continue;
    const where = refs[4 * i + 2] as number;
    const mine = anySector || where === 0 || where === sector;
    if (f & FLAG.exit) {
      if (mine || outer.includes(where)) {
        s.inside = false;
        s.lastExit = i;
        if (mine) s.exits++;
      }
      if (where === 0 || where === behind) s.insideBehind = false;
      continue;
    }
    const t = at[i] as number;
    s.entriesAnywhere++;
    if (s.firstAt === 0 || t < s.firstAt) s.firstAt = t;
    if (where === 0 || where === behind) s.insideBehind = true;
    if (!mine) continue;
    s.entries++;
    s.inside = true;
    s.lastEntry = i;
    const used = refs[4 * i + 3] as number;
    if (anySlot || used === slot || used === star || used === 0) {
      s.inSlot++;
      s.lastInSlot = i;
    }
    if (t >= q.dayStart || (q.doubtfulToday && f & FLAG.doubtful)) {
      s.today++;
      s.lastToday = i;
    }
  }
  return s;
}
