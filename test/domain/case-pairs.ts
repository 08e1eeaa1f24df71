import type { Case } from './case.js';

/** One refusal a rule, in the README's order: what is first in the table is the reason when two are true. */
export const REFUSALS: { reason: string; part: Omit<Case, 'name' | 'then'> }[] = [
  { reason: 'unreadable', part: { ticket: { state: 'UNREADABLE' } } },
  { reason: 'cancelled', part: { ticket: { state: 'CANCELLED' } } },
  { reason: 'black-listed', part: { ticket: { blocked: 'STOLEN' } } },
  { reason: 'specimen', part: { ticket: { specimen: true } } },
  { reason: 'wrong-event', part: { lane: { performances: ['PERF2'] } } },
  { reason: 'wrong-entrance', part: { ticket: { entrance: 'B' }, lane: { entrances: ['A'] } } },
  { reason: 'too-early', part: { ticket: { validFrom: '2026-07-04 19:00' } } },
  { reason: 'too-late', part: { ticket: { validTo: '2026-07-04 18:00' } } },
  { reason: 'wrong-day', part: { rules: { weekdays: ['mon'] } } },
  { reason: 'already-used', part: { rules: { entries: 1 }, past: ['in 2026-07-04 18:40'] } },
  {
    reason: 'entries-exhausted',
    part: { rules: { entries: 2 }, past: ['in 2026-07-04 18:38', 'in 2026-07-04 18:39'] },
  },
  { reason: 'too-soon', part: { rules: { entries: 9, betweenEntries: '24h' }, past: ['in 2026-07-04 18:41'] } },
  { reason: 'not-exited', part: { rules: { entries: 9, antiPassback: 'hard' }, past: ['in 2026-07-04 18:42'] } },
  { reason: 'not-inside', part: { lane: { sector: 'STAND', behind: 'PERIMETER', outer: ['PERIMETER'] } } },
  { reason: 'condition', part: { rules: { condition: { '==': [1, 2] } } } },
];
