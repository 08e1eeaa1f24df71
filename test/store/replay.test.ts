import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/domain/decide.js';
import { Replay } from '../../src/domain/replay.js';
import type { LaneRules, RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';
import { Reservations } from '../../src/lane/reservations.js';
import { Journal } from '../../src/store/journal.js';
import type { Found } from '../../src/store/list.js';
import { rebuildUsage } from '../../src/store/rebuild.js';
import { temporaryFolder, ticket } from '../support/builders.js';
import { deskOf } from '../support/desk.js';

const bookOf = (entriesPerDay: number): RuleBook => ({
  defaults: { ...PLAIN_RULES, entriesPerDay, betweenEntries: 1_000 },
  products: new Map(),
  days: serviceDays(zoneOf('Europe/Zurich'), 0),
});
const laneOf = (book: RuleBook): LaneRules => ({ lane: 'lane-1', direction: 'entry', performances: ['PERF1'], book });
const cards: Record<string, string[]> = { a: ['1'], b: ['2', '3'], c: ['4', '5', '6'] };

/** A day at a gate: cards are held to it, some people do not walk, a steward gives an entry back, another gate tells of one. */
const day = fc.array(
  fc.record({
    card: fc.constantFrom('a', 'b', 'c'),
    after: fc.integer({ min: 1, max: 40_000_000 }),
    then: fc.constantFrom('walks', 'walks', 'walks', 'stays', 'elsewhere', 'block'),
  }),
  { minLength: 1, maxLength: 30 },
);

async function play(steps: typeof day extends fc.Arbitrary<infer T> ? T : never, journal: Journal) {
  const book = bookOf(2);
  const lane = laneOf(book);
  let now = Date.parse('2026-10-24T10:00:00Z');
  const list = {
    find: (code: string): Found => ({
      via: 'container',
      tickets: (cards[code] ?? []).map((b) => ticket(b)),
      position: 1,
    }),
  };
  const clock = { now: () => now, doubtful: false, trustedSince: undefined };
  const desk = deskOf({ list, journal, reservations: new Reservations(), clock }, [lane], book);
  for (const step of steps) {
    now += step.after;
    const { decision, facts, basis } = desk.decide('lane-1', list.find(step.card));
    const d: Decision = decision;
    const barcode = d.ticket?.barcode ?? step.card;
    const credential = { code: step.card, medium: 'rfid' as const };
    const check = journal.append({
      kind: 'check',
      at: facts.now,
      lane: 'lane-1',
      direction: 'entry',
      credential,
      barcode,
      container: step.card,
      admitted: d.admitted,
      reason: d.reason,
      ...(d.slot !== undefined && { slot: d.slot }),
      list: '1',
      config: 'c',
      basis,
    });
    // Not awaited: what is decided next sees it all the same.
    const of = journal.lastSeq;
    const outcome = { kind: 'outcome' as const, at: now, of, outcome: 'not-passed' as const, barcode, slot: 'PERF1' };
    if (d.admitted && step.then === 'stays') void journal.append(outcome);
    if (step.then === 'elsewhere')
      void journal.append({
        kind: 'elsewhere',
        at: now,
        what: 'admitted',
        barcode,
        checkId: `south-${String(of).padStart(12, '0')}`,
        lane: 'l',
        direction: 'entry',
        checkedAt: now - 500,
        slot: 'PERF1',
      });
    if (step.then === 'block')
      void journal.append({ kind: 'block', at: now, barcode, blocked: of % 2 === 0, who: 'anna', why: 'found' });
    await check;
  }
}

describe('a day decided again', () => {
  it('has no difference on the same rules, and tells what others would have done', async () => {
    await fc.assert(
      fc.asyncProperty(day, async (steps) => {
        const journal = await Journal.open(temporaryFolder(), 'north-1');
        await play(steps, journal);
        const records = await journal.readAfter(0, 10_000);
        const replay = new Replay([laneOf(bookOf(2))], bookOf(2));
        records.forEach((r) => replay.add(r));
        expect(replay.report).toMatchObject({ checks: steps.length, same: steps.length, differences: [] });
        const strict = new Replay([laneOf(bookOf(1))], bookOf(1));
        records.forEach((r) => strict.add(r));
        expect(strict.report.now.admitted ?? 0).toBeLessThanOrEqual(replay.report.now.admitted ?? 0);
        await journal.close();
      }),
      { numRuns: 25 },
    );
  });
});

describe('usage rebuilt', () => {
  it('has the same bytes, whatever was in its place', async () => {
    await fc.assert(
      fc.asyncProperty(day, fc.uint8Array({ minLength: 1, maxLength: 60 }), async (steps, rubbish) => {
        const journal = await Journal.open(temporaryFolder(), 'north-1');
        await play(steps, journal);
        await journal.append({ kind: 'note', at: 1, what: 'end' });
        const db = journal.database;
        const before = await db.bytes({ gt: 'u!', lt: 'u"' }).all();
        const first = before[0];
        if (first) {
          await db.batch(
            [
              { type: 'del', key: first[0] },
              { type: 'put', key: 'u!never', value: rubbish },
              ...before.slice(1).map(([key]) => ({ type: 'put' as const, key, value: rubbish })),
            ],
            { sync: true },
          );
        }
        await rebuildUsage(db);
        expect(await db.bytes({ gt: 'u!', lt: 'u"' }).all()).toEqual(before);
        expect(await rebuildUsage(db)).toMatchObject({ changed: 0 });
        await journal.close();
      }),
      { numRuns: 25 },
    );
  });
});
