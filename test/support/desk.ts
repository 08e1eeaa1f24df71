import { systemClock } from '../../src/clock.js';
import type { LaneRules, RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_BOOK } from '../../src/domain/rulebook.js';
import { Desk } from '../../src/lane/desk.js';
import type { DeskParts } from '../../src/lane/desk.js';
import { silentLog } from '../../src/log.js';

/** The desk of a test's lanes, on the real clock unless it says otherwise. */
export function deskOf(
  parts: Pick<DeskParts, 'list' | 'journal' | 'reservations'> & Partial<DeskParts>,
  lanes: readonly LaneRules[],
  book: RuleBook = PLAIN_BOOK,
): Desk {
  return new Desk({
    clock: { now: () => systemClock.now(), doubtful: false, trustedSince: undefined },
    log: silentLog,
    listComplete: () => undefined,
    lanes,
    book,
    ...parts,
  });
}
