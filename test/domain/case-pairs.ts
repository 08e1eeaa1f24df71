import type { RuleName } from '../../src/domain/rules.js';
import type { GateRule } from '../../src/domain/decide.js';
import type { Case } from './case.js';

/**
 * One refusal a rule, in the README's order: what is first in the table is the reason when two are true. Earlier entries are into the stand,
 * on the days before, so that each stands beside each.
 */
export const REFUSALS: { rule: RuleName | GateRule; reason: string; part: Omit<Case, 'name' | 'then'> }[] = [
  { rule: 'clock', reason: 'clock-doubtful', part: { facts: { doubtful: true }, lane: { doubtfulClock: 'refuse' } } },
  {
    rule: 'list-age',
    reason: 'list-too-old',
    part: { facts: { listAge: 7_200_000 }, lane: { staleList: { refuseAfter: 3_600_000 } } },
  },
  { rule: 'state', reason: 'unreadable', part: { ticket: { state: 'UNREADABLE' } } },
  { rule: 'not-cancelled', reason: 'cancelled', part: { ticket: { state: 'CANCELLED' } } },
  { rule: 'not-black-listed', reason: 'black-listed', part: { ticket: { blocked: 'STOLEN' } } },
  { rule: 'no-specimen', reason: 'specimen', part: { ticket: { specimen: true } } },
  { rule: 'event', reason: 'wrong-event', part: { lane: { performances: ['PERF2'] } } },
  { rule: 'entrance', reason: 'wrong-entrance', part: { ticket: { entrance: 'B' }, lane: { entrances: ['A'] } } },
  { rule: 'opens', reason: 'too-early', part: { ticket: { validFrom: '2026-07-04 19:00' } } },
  { rule: 'closes', reason: 'too-late', part: { ticket: { validTo: '2026-07-04 18:00' } } },
  { rule: 'day', reason: 'wrong-day', part: { rules: { weekdays: ['mon'] } } },
  {
    rule: 'entries',
    reason: 'already-used',
    part: { rules: { entries: 1 }, past: ['in 2026-07-03 18:40 PERF1 STAND'] },
  },
  {
    rule: 'entries-in-all',
    reason: 'entries-exhausted',
    part: {
      rules: { entries: 99, entriesInAll: 2 },
      past: ['in 2026-07-01 18:38 PERF1 STAND', 'in 2026-07-02 18:39 PERF1 STAND'],
    },
  },
  {
    rule: 'entries-per-day',
    reason: 'already-used',
    part: { rules: { entries: 99, entriesPerDay: 1 }, past: ['in 2026-07-04 18:42 PERF1 STAND'] },
  },
  {
    rule: 'days',
    reason: 'entries-exhausted',
    part: { rules: { entries: 99, days: 1 }, past: ['in 2026-07-03 12:00 PERF1 STAND'] },
  },
  {
    rule: 'interval',
    reason: 'too-soon',
    part: { rules: { entries: 99, betweenEntries: '48h' }, past: ['in 2026-07-03 18:41 PERF1 STAND'] },
  },
  {
    rule: 'exited',
    reason: 'not-exited',
    part: { rules: { entries: 99, antiPassback: 'hard' }, past: ['in 2026-07-03 18:43 PERF1 STAND'] },
  },
  {
    rule: 'inside',
    reason: 'not-inside',
    part: { lane: { sector: 'STAND', behind: 'PERIMETER', outer: ['PERIMETER'] } },
  },
  { rule: 'condition', reason: 'condition', part: { rules: { condition: { '==': [1, 2] } } } },
];

/** Two that cannot be true at once: one code has one state, and a day with an entry is counted already. */
export const NEVER_TOGETHER: readonly (readonly [string, string])[] = [
  ['state', 'not-cancelled'],
  ['entries-per-day', 'days'],
];
