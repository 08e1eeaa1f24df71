/**
 * What a ticketing manager expects, case by case: the venue is in Zurich, the match PERF1 starts on Saturday 4 July 2026 at 20:00 (doors 18:30,
 * end 22:00); a ticket of product P1 for it is held to the lane at the time given. `rules` are written as in `gate.yaml`.
 */
export interface Case {
  name: string;
  /** On the venue's clock; 2026-07-04 18:45 when left out. */
  at?: string;
  rules?: Record<string, unknown>;
  ticket?: Record<string, unknown>;
  lane?: Record<string, unknown>;
  /** `in 2026-07-04 12:00`, `out ...`, with a sector or performance behind it if it matters. */
  past?: string[];
  facts?: Record<string, unknown>;
  dayStartsAt?: string;
  then: string;
  notices?: string[];
}

const both = (name: string, common: Omit<Case, 'name' | 'then' | 'at'>, points: [string, string][]): Case[] =>
  points.map(([at, then]) => ({ name: `${name}: ${at}`, ...common, at, then }));

export const CASES: Case[] = [
  { name: 'a ticket for the match', then: 'admitted' },
  { name: 'its second presentation', past: ['in 2026-07-04 18:40'], then: 'already-used' },
  { name: 'used for another match', past: ['in 2026-06-27 18:40 PERF0'], then: 'admitted' },
  { name: 'used as a whole counts for every match', past: ['in 2026-06-27 18:40 *'], then: 'already-used' },
  { name: 'an entry that was given back', past: ['back 2026-07-04 18:40'], then: 'admitted' },
  ...both('the ticket’s own dates', { ticket: { validFrom: '2026-07-04 18:00', validTo: '2026-07-04 23:00' } }, [
    ['2026-07-04 17:59', 'too-early'],
    ['2026-07-04 18:00', 'admitted'],
    ['2026-07-04 23:00', 'admitted'],
    ['2026-07-04 23:01', 'too-late'],
  ]),
  ...both(
    'the ticket’s dates do not count',
    { rules: { ticketDates: false }, ticket: { validFrom: '2026-07-05 18:00' } },
    [['2026-07-04 18:45', 'admitted']],
  ),
  ...both('opens 90 minutes before the start', { rules: { opensBefore: '90m' } }, [
    ['2026-07-04 18:29', 'too-early'],
    ['2026-07-04 18:30', 'admitted'],
  ]),
  ...both('closes 30 minutes after the start', { rules: { closesAfter: '30m' } }, [
    ['2026-07-04 20:30', 'admitted'],
    ['2026-07-04 20:31', 'too-late'],
  ]),
  ...both('closes 30 minutes after the end', { rules: { closesAfter: '30m', closesFrom: 'end' } }, [
    ['2026-07-04 22:30', 'admitted'],
    ['2026-07-04 22:31', 'too-late'],
  ]),
  ...both(
    'opens before the ticket’s validity when no start is known',
    { rules: { opensBefore: '60m' }, ticket: { performance: 'PERF9', validFrom: '2026-07-04 18:00' } },
    [
      ['2026-07-04 16:59', 'too-early'],
      ['2026-07-04 17:00', 'admitted'],
    ],
  ),
  ...both('July only', { rules: { validFrom: '2026-07-01', validTo: '2026-07-31' } }, [
    ['2026-06-30 23:59', 'too-early'],
    ['2026-07-01 00:00', 'admitted'],
    ['2026-07-31 23:59', 'admitted'],
    ['2026-08-01 00:00', 'too-late'],
  ]),
  ...both(
    'July only, days begin at 05:00',
    { rules: { validFrom: '2026-07-01', validTo: '2026-07-31' }, dayStartsAt: '05:00' },
    [
      ['2026-07-01 04:59', 'too-early'],
      ['2026-07-01 05:00', 'admitted'],
      ['2026-08-01 04:59', 'admitted'],
      ['2026-08-01 05:00', 'too-late'],
    ],
  ),
  ...both('two dates', { rules: { dates: ['2026-07-04', '2026-07-11'] } }, [
    ['2026-07-03 23:59', 'wrong-day'],
    ['2026-07-04 00:00', 'admitted'],
    ['2026-07-05 12:00', 'wrong-day'],
    ['2026-07-11 23:59', 'admitted'],
  ]),
  ...both('weekends', { rules: { weekdays: ['sat', 'sun'] } }, [
    ['2026-07-03 23:59', 'wrong-day'],
    ['2026-07-04 00:00', 'admitted'],
    ['2026-07-05 23:59', 'admitted'],
    ['2026-07-06 00:00', 'wrong-day'],
  ]),
  ...both(
    'two days from the start of validity',
    { rules: { expiresAfter: 2 }, ticket: { validFrom: '2026-07-04 10:00' } },
    [
      ['2026-07-05 23:59', 'admitted'],
      ['2026-07-06 00:00', 'too-late'],
    ],
  ),
  ...both(
    'two days from the first entry',
    { rules: { expiresAfterFirstEntry: 2, entries: 'unlimited' }, past: ['in 2026-07-04 23:59'] },
    [
      ['2026-07-05 23:59', 'admitted'],
      ['2026-07-06 00:00', 'too-late'],
    ],
  ),
  ...both('from the first entry, before any', { rules: { expiresAfterFirstEntry: 1 } }, [
    ['2026-07-09 12:00', 'admitted'],
  ]),
  ...both('two different days', { rules: { days: 2 }, past: ['in 2026-07-01 12:00', 'in 2026-07-04 12:00'] }, [
    ['2026-07-04 23:59', 'admitted'],
    ['2026-07-05 00:00', 'entries-exhausted'],
  ]),
  ...both(
    'two different days, one used',
    { rules: { days: 2 }, past: ['in 2026-07-01 12:00', 'in 2026-07-01 18:00'] },
    [['2026-07-05 12:00', 'admitted']],
  ),
  ...both('days in a row', { rules: { days: 3, consecutive: true }, past: ['in 2026-07-03 12:00'] }, [
    ['2026-07-04 23:59', 'admitted'],
    ['2026-07-05 00:00', 'wrong-day'],
  ]),
  { name: 'unlimited', rules: { entries: 'unlimited' }, past: ['in 2026-07-04 18:40'], then: 'admitted' },
  { name: 'two entries a match, one used', rules: { entries: 2 }, past: ['in 2026-07-04 18:40'], then: 'admitted' },
  {
    name: 'two entries a match, both used',
    rules: { entries: 2 },
    past: ['in 2026-07-04 18:40', 'in 2026-07-04 18:41'],
    then: 'entries-exhausted',
  },
  ...both('once a day', { rules: { entriesPerDay: 1 }, past: ['in 2026-07-04 12:00'] }, [
    ['2026-07-04 23:59', 'already-used'],
    ['2026-07-05 00:00', 'admitted'],
  ]),
  ...both(
    'once a day, days begin at 05:00',
    { rules: { entriesPerDay: 1 }, past: ['in 2026-07-04 23:00'], dayStartsAt: '05:00' },
    [
      ['2026-07-05 04:59', 'already-used'],
      ['2026-07-05 05:00', 'admitted'],
    ],
  ),
  {
    name: 'twice a day, both used',
    rules: { entriesPerDay: 2 },
    past: ['in 2026-07-04 12:00', 'in 2026-07-04 13:00'],
    then: 'entries-exhausted',
  },
  {
    name: 'twice a day, both yesterday',
    rules: { entriesPerDay: 2 },
    past: ['in 2026-07-03 12:00', 'in 2026-07-03 13:00'],
    then: 'admitted',
  },
  {
    name: 'an entry dated tomorrow counts for today',
    rules: { entriesPerDay: 1 },
    past: ['in 2026-07-05 12:00'],
    then: 'already-used',
  },
  {
    name: 'ten in all, nine used',
    rules: { entriesInAll: 3 },
    past: ['in 2026-07-01 12:00', 'in 2026-07-02 12:00'],
    then: 'admitted',
  },
  {
    name: 'three in all, all used',
    rules: { entriesInAll: 3 },
    past: ['in 2026-07-01 12:00', 'in 2026-07-02 12:00', 'in 2026-07-03 12:00'],
    then: 'entries-exhausted',
  },
  { name: 'one in all, used', rules: { entriesInAll: 1 }, past: ['in 2026-07-01 12:00'], then: 'already-used' },
  ...both(
    'half an hour between entries',
    { rules: { entries: 'unlimited', betweenEntries: '30m' }, past: ['in 2026-07-04 18:00'] },
    [
      ['2026-07-04 18:29', 'too-soon'],
      ['2026-07-04 18:30', 'admitted'],
    ],
  ),
  {
    name: 'hard anti-passback, inside',
    rules: { entries: 'unlimited', antiPassback: 'hard' },
    past: ['in 2026-07-04 18:00'],
    then: 'not-exited',
  },
  {
    name: 'hard anti-passback, out again',
    rules: { entries: 'unlimited', antiPassback: 'hard' },
    past: ['in 2026-07-04 18:00', 'out 2026-07-04 18:10'],
    then: 'admitted',
  },
  {
    name: 'soft anti-passback, inside',
    rules: { entries: 'unlimited', antiPassback: 'soft' },
    past: ['in 2026-07-04 18:00'],
    then: 'admitted',
    notices: ['not-exited'],
  },
  ...both(
    'a missing exit is forgiven after an hour',
    { rules: { entries: 'unlimited', antiPassback: 'hard', forgiveAfter: '60m' }, past: ['in 2026-07-04 18:00'] },
    [
      ['2026-07-04 18:59', 'not-exited'],
      ['2026-07-04 19:00', 'admitted'],
    ],
  ),
  {
    name: 'the clock was ahead at the exit: the order counts',
    rules: { entries: 'unlimited', antiPassback: 'hard' },
    past: ['in 2026-07-04 17:00', 'out 2026-07-04 20:00', 'in 2026-07-04 18:00'],
    then: 'not-exited',
  },
  {
    name: 'an exit without an entry, hard',
    lane: { direction: 'exit' },
    rules: { antiPassback: 'hard' },
    then: 'not-inside',
  },
  {
    name: 'an exit without an entry, soft',
    lane: { direction: 'exit' },
    rules: { antiPassback: 'soft' },
    then: 'admitted',
    notices: ['not-inside'],
  },
  { name: 'an exit without an entry, off', lane: { direction: 'exit' }, then: 'admitted' },
  {
    name: 'an exit after the ticket’s end',
    lane: { direction: 'exit' },
    ticket: { validTo: '2026-07-04 12:00' },
    then: 'admitted',
  },
  { name: 'an exit on a wrong day', lane: { direction: 'exit' }, rules: { weekdays: ['mon'] }, then: 'admitted' },
  {
    name: 'an exit with an old list',
    lane: { direction: 'exit', staleList: { refuseAfter: 3_600_000 } },
    facts: { listAge: 7_200_000 },
    then: 'admitted',
  },
  {
    name: 'an exit of a black-listed ticket',
    lane: { direction: 'exit' },
    ticket: { blocked: 'STOLEN' },
    then: 'admitted',
  },
  {
    name: 'a counter counts for ever',
    rules: { counter: true },
    past: ['in 2026-07-04 18:00', 'in 2026-07-04 18:01'],
    then: 'admitted',
  },
  { name: 'a counter has a calendar', rules: { counter: true, validTo: '2026-07-01' }, then: 'too-late' },
  {
    name: 'a counter does not look at the ticket’s dates',
    rules: { counter: true },
    ticket: { validTo: '2026-07-01 12:00' },
    then: 'admitted',
  },
  {
    name: 'a group of three, two inside',
    rules: { group: 'one-by-one' },
    ticket: { persons: 3 },
    past: ['in 2026-07-04 18:40', 'in 2026-07-04 18:41'],
    then: 'admitted',
  },
  {
    name: 'a group of three, all inside',
    rules: { group: 'one-by-one' },
    ticket: { persons: 3 },
    past: ['in 2026-07-04 18:40', 'in 2026-07-04 18:41', 'in 2026-07-04 18:42'],
    then: 'entries-exhausted',
  },
  {
    name: 'a group without the rule is one person',
    ticket: { persons: 3 },
    past: ['in 2026-07-04 18:40'],
    then: 'already-used',
  },
  { name: 'another product', lane: { products: ['P2'] }, then: 'wrong-event' },
  { name: 'another match', lane: { performances: ['PERF2'] }, then: 'wrong-event' },
  { name: 'a product that is switched off', rules: { enabled: false }, then: 'wrong-event' },
  {
    name: 'the performance was trimmed from the export',
    ticket: { performance: undefined },
    lane: { performances: ['PERF1'] },
    then: 'admitted',
  },
  { name: 'entrance B at entrance A', ticket: { entrance: 'B' }, lane: { entrances: ['A'] }, then: 'wrong-entrance' },
  { name: 'entrance A at entrance A', ticket: { entrance: 'A' }, lane: { entrances: ['A'] }, then: 'admitted' },
  {
    name: 'no right to this sector',
    rules: { sectors: { STAND: {} } },
    lane: { sector: 'VIP' },
    then: 'wrong-entrance',
  },
  { name: 'a right to this sector', rules: { sectors: { STAND: {} } }, lane: { sector: 'STAND' }, then: 'admitted' },
  {
    name: 'the perimeter was entered: the stand may be',
    lane: { sector: 'STAND', behind: 'PERIMETER', outer: ['PERIMETER'] },
    past: ['in 2026-07-04 18:40 PERF1 PERIMETER'],
    then: 'admitted',
  },
  {
    name: 'the stand before the perimeter',
    lane: { sector: 'STAND', behind: 'PERIMETER', outer: ['PERIMETER'] },
    then: 'not-inside',
  },
  {
    name: 'the stand a second time',
    lane: { sector: 'STAND', behind: 'PERIMETER', outer: ['PERIMETER'] },
    past: ['in 2026-07-04 18:40 PERF1 PERIMETER', 'in 2026-07-04 18:42 PERF1 STAND'],
    then: 'already-used',
  },
  {
    name: 'a sector’s own count',
    rules: { entries: 'unlimited', sectors: { VIP: { entriesInAll: 1 } } },
    lane: { sector: 'VIP' },
    past: ['in 2026-07-01 18:40 PERF0 VIP'],
    then: 'already-used',
  },
  {
    name: 'all sectors together',
    rules: { sectorsTogether: true },
    lane: { sector: 'STAND' },
    past: ['in 2026-07-04 18:40 PERF1 PERIMETER'],
    then: 'already-used',
  },
  { name: 'cancelled', ticket: { state: 'CANCELLED' }, then: 'cancelled' },
  { name: 'a state that is not known', ticket: { state: 'UNREADABLE' }, then: 'unreadable' },
  { name: 'black-listed', ticket: { blocked: 'STOLEN' }, then: 'black-listed' },
  { name: 'a specimen', ticket: { specimen: true }, then: 'specimen' },
  {
    name: 'a child’s ticket',
    rules: { attend: [{ tariffs: ['CHILD'] }] },
    ticket: { tariff: 'CHILD' },
    then: 'admitted',
    notices: ['reduced'],
  },
  { name: 'a full ticket', rules: { attend: [{ tariffs: ['CHILD'] }] }, ticket: { tariff: 'FULL' }, then: 'admitted' },
  {
    name: 'what the export marks as reduced',
    rules: { attend: [{}] },
    ticket: { reduced: true },
    then: 'admitted',
    notices: ['reduced'],
  },
  ...both('automatic, doors by the catalogue', { lane: { performances: 'auto' } }, [
    ['2026-07-04 18:29', 'too-early'],
    ['2026-07-04 18:30', 'admitted'],
    ['2026-07-04 22:00', 'admitted'],
    ['2026-07-04 22:01', 'too-late'],
  ]),
  ...both(
    'automatic, a pass without a performance',
    { lane: { performances: 'auto' }, ticket: { performance: undefined } },
    [
      ['2026-07-04 18:29', 'wrong-event'],
      ['2026-07-04 18:30', 'admitted'],
    ],
  ),
  {
    name: 'automatic, not in the programme',
    lane: { performances: 'auto' },
    ticket: { performance: 'PERF9' },
    then: 'wrong-event',
  },
  { name: 'a technician chose another match', facts: { chosen: ['PERF2'] }, then: 'wrong-event' },
  {
    name: 'a technician chose this match, before its doors',
    at: '2026-07-04 15:00',
    lane: { performances: 'auto' },
    facts: { chosen: ['PERF1'] },
    then: 'admitted',
  },
  {
    name: 'a list of 59 minutes',
    lane: { staleList: { refuseAfter: 3_600_000 } },
    facts: { listAge: 3_540_000 },
    then: 'admitted',
  },
  {
    name: 'a list of exactly an hour',
    lane: { staleList: { refuseAfter: 3_600_000 } },
    facts: { listAge: 3_600_000 },
    then: 'admitted',
  },
  {
    name: 'a list of over an hour',
    lane: { staleList: { refuseAfter: 3_600_000 } },
    facts: { listAge: 3_600_001 },
    then: 'list-too-old',
  },
  { name: 'a list that was never complete', lane: { staleList: { refuseAfter: 3_600_000 } }, then: 'list-too-old' },
  {
    name: 'a list that is getting old',
    lane: { staleList: { warnAfter: 3_600_000 } },
    facts: { listAge: 3_600_001 },
    then: 'admitted',
    notices: ['list-old'],
  },
  {
    name: 'a wrong clock, refuse',
    lane: { doubtfulClock: 'refuse' },
    facts: { doubtful: true },
    then: 'clock-doubtful',
  },
  { name: 'a wrong clock, admit', lane: { doubtfulClock: 'admit' }, facts: { doubtful: true }, then: 'admitted' },
  {
    name: 'an entry of a wrong clock, which became right today',
    rules: { entriesPerDay: 1 },
    past: ['doubt 2026-07-01 12:00'],
    facts: { trustedSince: '2026-07-04 08:00' },
    then: 'already-used',
  },
  {
    name: 'an entry of a wrong clock, which became right yesterday',
    rules: { entriesPerDay: 1 },
    past: ['doubt 2026-07-01 12:00'],
    facts: { trustedSince: '2026-07-03 08:00' },
    then: 'admitted',
  },
  ...both('a condition on the time', { rules: { condition: { isAfter: ['18:30'] } } }, [
    ['2026-07-04 18:29', 'condition'],
    ['2026-07-04 18:30', 'admitted'],
  ]),
  ...both('the same with ten minutes of tolerance', { rules: { condition: { isAfter: ['18:30', 10] } } }, [
    ['2026-07-04 18:19', 'condition'],
    ['2026-07-04 18:20', 'admitted'],
  ]),
  ...both('a condition on the start', { rules: { condition: { isBefore: ['start'] } } }, [
    ['2026-07-04 20:00', 'admitted'],
    ['2026-07-04 20:01', 'condition'],
  ]),
  {
    name: 'a condition on the tariff, met',
    rules: { condition: { '==': [{ var: 'tariff' }, 'FULL'] } },
    ticket: { tariff: 'FULL' },
    then: 'admitted',
  },
  {
    name: 'a condition on the tariff, not met',
    rules: { condition: { '==': [{ var: 'tariff' }, 'FULL'] } },
    ticket: { tariff: 'CHILD' },
    then: 'condition',
  },
  {
    name: 'a condition on a fact that is missing',
    rules: { condition: { '==': [{ var: 'tariff' }, 'FULL'] } },
    then: 'condition',
  },
  {
    name: 'a condition with a value for what is missing',
    rules: { condition: { '==': [{ var: ['tariff', 'FULL'] }, 'FULL'] } },
    then: 'admitted',
  },
  {
    name: 'a condition that counts since noon',
    rules: { entries: 'unlimited', condition: { '<': [{ entriesSince: ['12:00'] }, 1] } },
    past: ['in 2026-07-04 11:59'],
    then: 'admitted',
  },
  {
    name: 'the same, one at noon',
    rules: { entries: 'unlimited', condition: { '<': [{ entriesSince: ['12:00'] }, 1] } },
    past: ['in 2026-07-04 12:00'],
    then: 'condition',
  },
  {
    name: 'a condition on different days',
    rules: { entries: 'unlimited', condition: { '<': [{ var: 'entryDays' }, 2] } },
    past: ['in 2026-07-01 12:00', 'in 2026-07-02 12:00'],
    then: 'condition',
  },
  {
    name: 'a condition on who is inside',
    rules: { entries: 'unlimited', condition: { '!': [{ var: 'inside' }] } },
    past: ['in 2026-07-04 12:00'],
    then: 'condition',
  },
];

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
