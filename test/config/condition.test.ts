import { describe, expect, it } from 'vitest';
import { compileCondition, conditionProblems } from '../../src/config/condition.js';
import type { ConditionParts } from '../../src/domain/condition.js';
import { ConditionFacts } from '../../src/domain/condition.js';
import { insert, NO_USAGE } from '../../src/domain/usage.js';
import type { Usage } from '../../src/domain/usage.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';

const DAYS = serviceDays(zoneOf('Europe/Zurich'), 300);
const at = (text: string): number => Date.parse(`${text}+02:00`);
const NOW = at('2026-07-04T18:30');

function usage(...moves: [string, 'entry' | 'exit'][]): Usage {
  return moves.reduce<Usage>(
    (u, [text, direction], i) => insert(u, { gate: 'g', seq: i + 1, at: at(text), lane: 'l', direction, slot: 'M12' }),
    NO_USAGE,
  );
}
function facts(parts: Partial<ConditionParts> = {}): ConditionFacts {
  const now = parts.now ?? NOW;
  return new ConditionFacts({
    ticket: { product: 'P1', performance: 'M12', tariff: 'SENIOR' },
    usage: NO_USAGE,
    gate: 'north-1',
    lane: 'lane-1',
    sector: undefined,
    direction: 'entry',
    days: DAYS,
    today: DAYS.dayOf(now),
    doubtfulToday: false,
    start: at('2026-07-04T20:00'),
    end: at('2026-07-04T22:00'),
    admission: at('2026-07-04T18:00'),
    ...parts,
    now,
  });
}
const ask = (source: unknown, parts: Partial<ConditionParts> = {}) => {
  expect(conditionProblems(source)).toEqual([]);
  return compileCondition(source).test(facts(parts));
};
const equals = (fact: string, value: unknown): unknown => ({ '==': [{ var: fact }, value] });

describe('a condition', () => {
  const past = usage(
    ['2026-07-01T18:00', 'entry'],
    ['2026-07-01T20:00', 'exit'],
    ['2026-07-03T18:00', 'entry'],
    ['2026-07-03T19:00', 'entry'],
    ['2026-07-04T18:00', 'entry'],
  );
  const values: [string, unknown][] = [
    ['product', 'P1'],
    ['performance', 'M12'],
    ['tariff', 'SENIOR'],
    ['persons', 1],
    ['gate', 'north-1'],
    ['lane', 'lane-1'],
    ['direction', 'entry'],
    ['now', '2026-07-04T18:30'],
    ['date', '2026-07-04'],
    ['weekday', 6],
    ['time', '18:30'],
    ['minuteOfDay', 1110],
    ['entries', 4],
    ['entriesToday', 1],
    ['exits', 1],
    ['entryDays', 3],
    ['minutesSinceFirstEntry', 3 * 1440 + 30],
    ['minutesSinceLastEntry', 30],
    ['minutesSinceLastExit', 2 * 1440 + 1350],
    ['inside', true],
  ];
  it.each(values)('knows %s', (fact, value) => {
    expect(ask(equals(fact, value), { usage: past })).toEqual({ met: true });
  });

  it.each([
    [{ '==': [{ entriesSince: ['18:00'] }, 1] }],
    [{ '==': [{ entriesSince: ['2026-07-03'] }, 3] }],
    [{ '==': [{ entriesBefore: ['2026-07-03T19:00'] }, 2] }],
    [{ '==': [{ entriesSince: ['2026-07-03T19:00'] }, 2] }],
    [{ '==': [{ entryDaysSince: ['2026-07-03'] }, 2] }],
    [{ '==': [{ entryDaysBefore: ['admission'] }, 2] }],
    [{ isAfter: ['admission'] }],
    [{ isBefore: ['start'] }],
    [{ isAfter: ['start', 90] }],
    [{ '!': [{ isAfter: ['start', 89] }] }],
    [{ isBefore: ['18:00', 30] }],
    [{ '!': [{ isBefore: ['18:00', 29] }] }],
    [{ isBefore: ['2026-07-04T18:30'] }],
  ])('counts and compares with a moment: %j', (source) => {
    expect(ask(source, { usage: past })).toEqual({ met: true });
  });

  it('a time of day after midnight belongs to the service day that began the evening before', () => {
    expect(ask({ isBefore: ['02:00'] }, { now: at('2026-07-05T01:59') })).toEqual({ met: true });
    expect(ask({ isBefore: ['02:00'] }, { now: at('2026-07-05T02:01') })).toEqual({ met: false });
  });

  it.each([
    ['season', equals('season', 'S26'), {}],
    ['sector', { '!=': [{ var: 'sector' }, 'VIP'] }, {}],
    ['minutesSinceLastEntry', { '>': [{ var: 'minutesSinceLastEntry' }, 0] }, {}],
    ['minutesSinceLastExit', { '!': [{ '<': [{ var: 'minutesSinceLastExit' }, 5] }] }, {}],
    ['end', { isBefore: ['end'] }, { end: undefined }],
    ['admission', { entriesSince: ['admission'] }, { admission: undefined }],
  ])('without the fact %s it is false, whatever stands around it, and names it', (missing, source, parts) => {
    expect(ask(source, parts as Partial<ConditionParts>)).toEqual({ met: false, missing });
  });

  it('a value for a missing fact makes it known', () => {
    expect(ask({ '==': [{ var: ['season', 'NONE'] }, 'NONE'] })).toEqual({ met: true });
  });

  it('what is not asked for need not be known', () => {
    expect(ask({ or: [equals('tariff', 'SENIOR'), equals('season', 'S26')] })).toEqual({ met: true });
  });
});

describe('a condition with a mistake is found when the file is read', () => {
  it.each([
    ['no rule at all', 5, [], 'must be a JSON Logic rule'],
    ['two operations in one', { and: [], or: [] }, [], 'must be one operation'],
    ['an operation with a typing error', { isAftr: ['12:00'] }, ['isAftr'], 'did you mean `isAfter`'],
    ['one that loops', { map: [[1], 1] }, ['map'], 'no such operation'],
    ['a fact with a typing error', equals('tarif', 'X'), ['==', 0, 'var'], 'did you mean `tariff`'],
    ['a computed fact', { var: { cat: ['a'] } }, ['var'], 'no such fact'],
    ['no moment', { isBefore: ['noon'] }, ['isBefore'], 'needs a moment'],
    ['a moment that is not', { entriesSince: ['25:00'] }, ['entriesSince'], 'needs a moment'],
    ['two moments', { entriesSince: ['12:00', '13:00'] }, ['entriesSince'], 'takes one moment'],
    ['a tolerance that is text', { isAfter: ['start', '10m'] }, ['isAfter'], 'tolerance in minutes'],
    ['a negative tolerance', { isAfter: ['start', -1] }, ['isAfter'], 'tolerance in minutes'],
    ['three values of a fact', { var: ['tariff', 'A', 'B'] }, ['var'], 'a value instead'],
  ])('%s', (_name, source, path, message) => {
    const problems = conditionProblems(source);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.at).toEqual(path);
  });

  it('every one of several, with its place', () => {
    const problems = conditionProblems({ and: [{ isBefore: ['noon'] }, equals('tarif', 1)] });
    expect(problems.map((p) => p.at.join('.'))).toEqual(['and.0.isBefore', 'and.1.==.0.var']);
  });
});
