import type { Programme } from './programme.js';
import type { Ticket } from './ticket.js';

/**
 * When a ticket has ended for good, UTC milliseconds: the last of its validity and its performance; of one for no performance the last known
 * performance of its season. Undefined = nothing says so, and it never ends.
 */
export function endOf({ performances }: Programme): (ticket: Ticket) => number | undefined {
  const ofPerformance = new Map<string, number>();
  const ofSeason = new Map<string, number>();
  const raise = (ends: Map<string, number>, key: string, end: number): unknown =>
    ends.set(key, Math.max(ends.get(key) ?? end, end));
  for (const { code, season, start, end } of performances) {
    const over = end ?? start;
    if (over === undefined) continue;
    raise(ofPerformance, code, over);
    if (season !== undefined) raise(ofSeason, season, over);
  }
  return ({ validTo, performance, season }) => {
    const last =
      performance !== undefined
        ? ofPerformance.get(performance)
        : season !== undefined
          ? ofSeason.get(season)
          : undefined;
    // A performance the catalogue does not know may be still to come.
    if (performance !== undefined && last === undefined) return undefined;
    const known = [validTo, last].filter((t) => t !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
}
