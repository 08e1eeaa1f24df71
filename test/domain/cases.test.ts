import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { productRulesSchema } from '../../src/config/rules-schema.js';
import { decide } from '../../src/domain/decide.js';
import { explain, wordsOf } from '../../src/domain/explain.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import { LANGUAGES } from '../../src/domain/reasons.js';
import type { Facts, LaneRules, RuleBook } from '../../src/domain/rulebook.js';
import { RULE_NAMES } from '../../src/domain/rules.js';
import { scheduleOf } from '../../src/domain/schedule.js';
import type { Ticket } from '../../src/domain/ticket.js';
import type { Usage } from '../../src/domain/usage.js';
import { insert, NO_USAGE } from '../../src/domain/usage.js';
import { dayNumber, minutesOf } from '../../src/domain/zone.js';
import { ruleBook } from '../../src/runtime-rules.js';
import type { Case } from './case.js';
import { TIMES_AND_COUNTS } from './cases.js';
import { WHERE_AND_WHO } from './cases-where-who.js';
import { NEVER_TOGETHER, REFUSALS } from './case-pairs.js';

const CASES = [...TIMES_AND_COUNTS, ...WHERE_AND_WHO];

function bookOf(c: Partial<Case>): RuleBook {
  const defaults = productRulesSchema.parse(c.rules ?? {});
  return ruleBook({
    gate: { id: 'g', name: 'G', timeZone: 'Europe/Zurich', language: 'en' },
    rules: { dayStartsAt: c.dayStartsAt ?? '00:00', defaults, products: {} },
  });
}

function worldOf(c: Partial<Case>) {
  const book = bookOf(c);
  const moment = (text: string): number =>
    book.days.zone.momentOf(dayNumber(text.slice(0, 10)), minutesOf(text.slice(11, 16)));
  const times = <T extends object>(value: T): T =>
    Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([k, v]) => [k, typeof v === 'string' && /^\d{4}-/.test(v) ? moment(v) : (v as unknown)]),
    ) as T;
  const ticket = times({ barcode: '1', state: 'VALID', product: 'P1', performance: 'PERF1', ...c.ticket }) as Ticket;
  let usage: Usage = NO_USAGE;
  for (const [i, text] of (c.past ?? []).entries()) {
    const [kind, date, time, slot = 'PERF1', sector] = text.split(' ');
    usage = insert(usage, {
      gate: 'g',
      lane: 'lane-1',
      seq: i + 1,
      at: moment(`${date} ${time}`),
      direction: kind === 'out' ? 'exit' : 'entry',
      slot,
      ...(sector !== undefined && { sector }),
      ...(kind === 'back' && { void: true as const }),
      ...(kind === 'doubt' && { doubtful: true as const }),
    });
  }
  const lane = { lane: 'lane-1', gate: 'g', direction: 'entry', ...c.lane, book } as LaneRules;
  const [start, end, admissionStart] = ['20:00', '22:00', '18:30'].map((t) => moment(`2026-07-04 ${t}`));
  const match = { code: 'PERF1', product: 'P1', name: 'the match', start, end, admissionStart };
  const performances = [match] as (typeof NO_PROGRAMME.performances)[number][];
  const schedule = scheduleOf({ ...NO_PROGRAMME, performances }, book);
  const facts = { now: moment(c.at ?? '2026-07-04 18:45'), schedule, ...times(c.facts ?? {}) } as Facts;
  return { found: { via: 'ticket' as const, candidates: [{ ticket, usage }] }, lane, facts };
}

describe('what a ticketing manager expects', () => {
  it.each(CASES.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    const { found, lane, facts } = worldOf(c);
    const decision = decide(found, lane, facts);
    expect(decision.reason).toBe(c.then);
    expect((decision.notices ?? []).map((n) => n.code)).toEqual(c.notices ?? []);
    const explanation = explain(found, lane, facts);
    expect(explanation.decision).toEqual(decision);
    // Whoever is refused is told why, in every language, with no gap left in the sentence.
    for (const language of LANGUAGES)
      for (const sentence of wordsOf(explanation, lane, language)) expect(sentence).not.toMatch(/[{}]|undefined|NaN/);
    if (!decision.admitted) expect(explanation.finding).toBeDefined();
  });
});

describe('two refusals at once: the one that stands first in the README is given', () => {
  const refusedBy = (c: Partial<Case>): { by: string | undefined; reason: string; all: string[] } => {
    const { found, lane, facts } = worldOf(c);
    const e = explain(found, lane, facts);
    const refused = [...e.before, ...(e.candidates[0]?.rules ?? [])].filter((r) => r.verdict === 'refused');
    return { by: e.decision.rule, reason: e.decision.reason, all: refused.map((r) => r.rule) };
  };

  it('there is one for every rule that stands there, in its order', () => {
    const rules = REFUSALS.map((r) => r.rule);
    expect(rules.slice(2)).toEqual(RULE_NAMES);
    // The README's own table: first the two before any ticket, then numbered rows.
    const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
    const rows = readme.split('\n').flatMap((line) => /^\| (before|[\d-]+) +\| (.*?) +\|/.exec(line)?.[2] ?? []);
    const reasons = rows.map((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map((m) => m[1]));
    let row = 0;
    for (const { reason } of REFUSALS) {
      const at = reasons.findIndex((names, i) => i >= row && names.includes(reason));
      expect(at, `${reason} in the README, not before row ${row}`).toBeGreaterThanOrEqual(row);
      row = at;
    }
  });

  it.each(REFUSALS.map((r) => [r.rule, r] as const))('%s alone', (rule, { reason, part }) => {
    expect(refusedBy(part)).toEqual({ by: rule, reason, all: [rule] });
  });

  const never = new Set(NEVER_TOGETHER.map(([a, b]) => `${a} ${b}`));
  const pairs = REFUSALS.flatMap((first, i) => REFUSALS.slice(i + 1).map((second) => [first, second] as const));
  it.each(pairs.map(([a, b]) => [a.rule, b.rule, a, b] as const))('%s before %s', (_a, _b, a, b) => {
    const said = refusedBy({
      rules: { ...b.part.rules, ...a.part.rules },
      ticket: { ...b.part.ticket, ...a.part.ticket },
      lane: { ...b.part.lane, ...a.part.lane },
      facts: { ...b.part.facts, ...a.part.facts },
      past: [...(b.part.past ?? []), ...(a.part.past ?? [])].sort((x, y) => (x.slice(3) < y.slice(3) ? -1 : 1)),
    });
    expect(said).toMatchObject({ by: a.rule, reason: a.reason });
    // Both would have refused; before any ticket only the first is looked for.
    if (b.rule !== 'list-age' && !never.has(`${a.rule} ${b.rule}`)) expect(said.all).toContain(b.rule);
  });
});

it('is at least 120 cases', () => {
  expect(CASES.length + (REFUSALS.length * (REFUSALS.length - 1)) / 2).toBeGreaterThanOrEqual(120);
  expect(CASES.length).toBeGreaterThanOrEqual(100);
});
