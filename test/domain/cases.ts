import type { Case } from './case.js';
import { both } from './case.js';

/** When and how often. */
export const TIMES_AND_COUNTS: Case[] = [
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
    'once a day, an entry at the first minute of the day',
    { rules: { entriesPerDay: 1 }, past: ['in 2026-07-04 05:00'], dayStartsAt: '05:00' },
    [
      ['2026-07-04 18:45', 'already-used'],
      ['2026-07-05 04:59', 'already-used'],
      ['2026-07-05 05:00', 'admitted'],
    ],
  ),
  {
    name: 'once a day, an entry at the last minute of the day before',
    rules: { entriesPerDay: 1 },
    past: ['in 2026-07-04 04:59'],
    dayStartsAt: '05:00',
    at: '2026-07-04 05:00',
    then: 'admitted',
  },
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
];
