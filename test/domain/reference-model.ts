import type { Candidate, Candidates } from '../../src/domain/decide.js';
import { movements } from '../../src/domain/usage.js';
import type { LaneRules } from '../../src/domain/rulebook.js';

/** The rules once more, written as sets and sorting instead of an ordered list of functions. Slow and plain on purpose. */
export function referenceDecision(
  found: Candidates,
  lane: LaneRules,
  now: number,
): { admitted: boolean; reason: string; barcode: string | undefined } {
  if (found.candidates.length === 0) {
    const reason = found.via === 'container' ? 'no-valid-ticket-in-container' : 'unknown';
    return { admitted: false, reason, barcode: undefined };
  }
  // The further down this list, the closer the ticket came.
  const ladder = [
    'unreadable',
    'cancelled',
    'wrong-event',
    'wrong-entrance',
    'too-early',
    'too-late',
    'already-used',
    'admitted',
  ];
  const rated = found.candidates.map((c) => ({ c, rung: ladder.indexOf(verdict(c, lane, now)) }));
  // Any ticket for what is on here comes closer than any for something else.
  const elsewhere = (c: Candidate): number => (isHere(c, lane) ? 0 : 1);
  rated.sort(
    (a, b) =>
      elsewhere(a.c) - elsewhere(b.c) ||
      b.rung - a.rung ||
      (a.c.ticket.validTo ?? 1e15) - (b.c.ticket.validTo ?? 1e15) ||
      (a.c.ticket.barcode < b.c.ticket.barcode ? -1 : 1),
  );
  const first = rated[0];
  if (!first) throw new Error('no candidate');
  const reason = ladder[first.rung] ?? '?';
  return { admitted: reason === 'admitted', reason, barcode: first.c.ticket.barcode };
}

const admits = (set: readonly string[] | undefined, value: string | undefined): boolean =>
  !set || value === undefined || new Set(set).has(value);

const isHere = ({ ticket: t }: Candidate, lane: LaneRules): boolean =>
  admits(lane.products, t.product) && admits(lane.performances as readonly string[] | undefined, t.performance);

function verdict({ ticket: t, usage }: Candidate, lane: LaneRules, now: number): string {
  if (t.state === 'UNREADABLE') return 'unreadable';
  if (t.state !== 'VALID') return 'cancelled';
  if (!isHere({ ticket: t, usage }, lane)) return 'wrong-event';
  if (!admits(lane.entrances, t.entrance)) return 'wrong-entrance';
  if (lane.direction === 'exit') return 'admitted';
  if (now < (t.validFrom ?? now)) return 'too-early';
  if (now > (t.validTo ?? now)) return 'too-late';
  const counted = movements(usage).map((m) => m.slot);
  const mine = t.performance ?? (lane.performances?.length === 1 ? lane.performances[0] : '*');
  const hit = mine === '*' ? counted.length > 0 : counted.some((s) => s === mine || s === '*');
  return hit ? 'already-used' : 'admitted';
}
