import { describe, expect, it } from 'vitest';
import { explain } from '../../src/domain/explain.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import type { LaneRules, ProductRules, RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { scheduleOf } from '../../src/domain/schedule.js';
import { say } from '../../src/domain/phrases.js';
import type { Ticket } from '../../src/domain/ticket.js';
import { insert, NO_USAGE } from '../../src/domain/usage.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';
import { compileCondition } from '../../src/config/condition.js';
import { ticket } from '../support/builders.js';

const MINUTE = 60_000;
const at = (text: string): number => Date.parse(`${text}+02:00`);
const DAYS = serviceDays(zoneOf('Europe/Zurich'), 300);

interface World {
  rules?: Partial<ProductRules>;
  ticket?: Partial<Ticket>;
  lane?: Partial<LaneRules>;
  others?: Partial<LaneRules>[];
  now?: string;
  past?: [string, 'entry' | 'exit'][];
}

/** The sentence a visitor hears; undefined = nothing helps. */
function nearest(w: World): string | undefined {
  const book: RuleBook = { defaults: { ...PLAIN_RULES, ...w.rules }, products: new Map(), days: DAYS };
  const lane = (own: Partial<LaneRules> = {}): LaneRules => ({
    lane: 'lane-1',
    direction: 'entry',
    performances: 'auto',
    ...own,
    book,
  });
  const lanes = [lane(w.lane), ...(w.others ?? []).map((own, i) => lane({ lane: `lane-${i + 2}`, ...own }))];
  const performances = [
    { code: 'M12', name: 'Basel - Bern', start: at('2026-07-04T20:00') },
    { code: 'M13', name: 'Basel - Genève', start: at('2026-07-11T20:00') },
  ];
  const now = at(w.now ?? '2026-07-04T19:30');
  const facts = { now, schedule: scheduleOf({ ...NO_PROGRAMME, performances }, book) };
  let usage = NO_USAGE;
  for (const [i, [text, direction]] of (w.past ?? []).entries())
    usage = insert(usage, { gate: 'g', seq: i + 1, at: at(text), lane: 'lane-1', direction, slot: 'M12' });
  const candidates = [{ ticket: ticket('1', { performance: 'M12', ...w.ticket }), usage }];
  const e = explain({ via: 'ticket', candidates }, lanes[0] as LaneRules, facts, lanes);
  expect(e.decision.admitted).toBe(false);
  return e.nearest && say(e.nearest, 'en', { days: DAYS, now });
}

describe('the nearest thing that would have let the person in', () => {
  const open: Partial<ProductRules> = { opensBefore: 90 * MINUTE };
  it.each<[string, World, string | undefined]>([
    ['too early: when it opens', { rules: open, now: '2026-07-04T17:00' }, 'It will be admitted here at 18:30.'],
    [
      'another evening: that evening',
      { rules: open, ticket: { performance: 'M13' } },
      'It will be admitted here on Saturday 11 July at 18:30.',
    ],
    [
      'before its first day: from that day on',
      {
        rules: {
          from: DAYS.dayOf(at('2026-07-05T12:00')),
          opensBefore: 999 * 60 * MINUTE,
          closesAfter: 48 * 60 * MINUTE,
        },
      },
      'It will be admitted here on Sunday 5 July at 05:00.',
    ],
    [
      'the wrong door: the right one, now',
      {
        rules: open,
        ticket: { entrance: 'B' },
        lane: { entrances: ['A'] },
        others: [{ entrances: ['B'], name: 'Gate B' }],
      },
      'It is admitted now at Gate B.',
    ],
    [
      'the wrong door, and no lane of this gate leads there: the entrance',
      { rules: open, ticket: { entrance: 'B' }, lane: { entrances: ['A'] } },
      'Go to entrance B.',
    ],
    [
      'a wait of ten minutes here is easier than another door',
      {
        rules: { ...open, entries: Infinity, betweenEntries: 30 * MINUTE },
        past: [['2026-07-04T19:10', 'entry']],
        others: [{ entrances: ['B'], sector: 'X', name: 'Gate B', performances: ['M12'] }],
      },
      'It will be admitted here at 19:40.',
    ],
    [
      'inside already: out first, then in again',
      { rules: { ...open, entries: Infinity, antiPassback: 'hard' }, past: [['2026-07-04T18:40', 'entry']] },
      'Once the holder has gone out through an exit it is admitted again.',
    ],
    [
      'the stand before the perimeter: the perimeter first',
      { rules: open, lane: { sector: 'STAND', behind: 'PERIMETER', outer: ['PERIMETER'] } },
      'Go through PERIMETER first, then it is admitted here.',
    ],
    [
      'once a day, used today: tomorrow',
      {
        rules: { entriesPerDay: 1 },
        ticket: { performance: 'X' },
        lane: { performances: ['X'] },
        past: [['2026-07-04T10:00', 'entry']],
      },
      'It will be admitted here on Sunday 5 July at 05:00.',
    ],
    [
      'a condition on the time of day: the next quarter of an hour that fulfils it',
      {
        rules: { condition: compileCondition({ isAfter: ['21:15'] }) },
        ticket: { performance: 'X' },
        lane: { performances: ['X'] },
      },
      'It will be admitted here at 21:15.',
    ],
    ['used up: nothing', { rules: open, past: [['2026-07-04T18:40', 'entry']] }, undefined],
    ['cancelled: nothing', { rules: open, ticket: { state: 'CANCELLED' } }, undefined],
    ['black-listed: nothing', { rules: open, ticket: { blocked: 'STOLEN' } }, undefined],
    ['a specimen: nothing', { rules: open, ticket: { specimen: true } }, undefined],
    ['too late: nothing', { rules: { ...open, closesAfter: 0 }, now: '2026-07-04T20:01' }, undefined],
  ])('%s', (_name, world, sentence) => {
    expect(nearest(world)).toBe(sentence);
  });
});
