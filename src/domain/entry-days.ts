import type { Usage } from './usage.js';
import { FLAG } from './usage.js';
import type { ServiceDays } from './zone.js';
import { DAY } from './zone.js';

const NO_ENTRY = FLAG.exit | FLAG.void;

/** UTC milliseconds of the newest entry by the clock, not by the order; undefined = none that is kept. */
export function newestEntry({ sums }: Usage): number | undefined {
  let newest = -Infinity;
  for (const at of sums.newest) if (at > newest) newest = at;
  return newest === -Infinity ? undefined : newest;
}

/** Entries that count and are kept one by one. */
export function entriesKept({ sums }: Usage): number {
  let sum = 0;
  for (let i = 0; i < sums.bySector.length; i += 4) sum += sums.bySector[i] as number;
  return sum;
}

/**
 * Different service days with an entry in [from, before), UTC milliseconds; not further than `enough`. In order of time each day is looked at
 * once; after a jump of the clock a set sorts it out.
 */
export function countDays(
  usage: Usage,
  days: ServiceDays,
  { from = -Infinity, before = Infinity, enough = Infinity } = {},
): number {
  const { at, flags, size } = usage;
  const { startOf } = days;
  const all = from === -Infinity && before === Infinity;
  let count = 0;
  let dayZero = 0;
  let start = -Infinity;
  let end = -Infinity;
  for (let i = 0; i < size; i++) {
    if ((flags[i] as number) & NO_ENTRY) continue;
    const t = at[i] as number;
    if (!all && (t < from || t >= before)) continue;
    if (t < start) return countInDisorder(usage, days, from, before);
    if (t < end) continue;
    // Day 0 of a calendar without changes of the clock; right but for hours around one. One day's place does not wait for that of the
    // day before to be worked out, which is what half of the time went into.
    if (count === 0) dayZero = startOf(days.dayOf(t)) - days.dayOf(t) * DAY;
    let day = Math.floor((t - dayZero) / DAY);
    start = startOf(day);
    end = startOf(day + 1);
    while (t < start) {
      end = start;
      start = startOf(--day);
    }
    while (t >= end) {
      start = end;
      end = startOf(++day + 1);
    }
    if (++count >= enough) return count;
  }
  return count;
}

function countInDisorder({ at, flags, size }: Usage, days: ServiceDays, from: number, before: number): number {
  const set = new Set<number>();
  for (let i = 0; i < size; i++) {
    const t = at[i] as number;
    if (!((flags[i] as number) & NO_ENTRY) && t >= from && t < before) set.add(days.dayOf(t));
  }
  return set.size;
}
