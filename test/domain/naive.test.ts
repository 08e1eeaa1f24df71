import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.js';
import type { Candidates } from '../../src/domain/decide.js';
import { explain } from '../../src/domain/explain.js';
import { fold } from '../../src/domain/fold.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { checkIdOf } from '../../src/domain/records.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import type { Performance } from '../../src/domain/programme.js';
import type { Facts, LaneRules, ProductRules, RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { scheduleOf } from '../../src/domain/schedule.js';
import type { Ticket } from '../../src/domain/ticket.js';
import type { Usage } from '../../src/domain/usage.js';
import { NO_USAGE } from '../../src/domain/usage.js';
import { dayNumber, minutesOf, serviceDays, zoneOf } from '../../src/domain/zone.js';
import type { NaiveWorld, Past } from './naive-model.js';
import { naiveDecision } from './naive-model.js';

/** Cases; the long run is `PORTILLON_CASES=200000 npx vitest run test/domain/naive.test.ts`. */
const CASES = Number(process.env.PORTILLON_CASES ?? 5_000);

const MINUTE = 60_000;
const DAY = 86_400_000;
const ZONES = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe'];
// Moments around which everything happens: an ordinary day, both changes of the clock in each zone.
const AROUND = [
  '2026-07-01T18:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-03-08T07:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-10-03T15:30:00Z',
  '2026-04-04T15:00:00Z',
].map((text) => Date.parse(text));

const days = new Map<string, ReturnType<typeof serviceDays>>();
function daysOf(zone: string, startsAt: string): ReturnType<typeof serviceDays> {
  const key = `${zone} ${startsAt}`;
  let made = days.get(key);
  if (!made) days.set(key, (made = serviceDays(zoneOf(zone), minutesOf(startsAt))));
  return made;
}

/** Present once in `n`. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, n = 2): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
/** The unusual one once in `n`. */
const rarely = <T>(usual: T, unusual: T, n: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(unusual) });
const among = <T>(...values: T[]) => fc.constantFrom(...values);
/** Whole minutes of some days, so that edges are hit exactly; and a millisecond beside them. */
const offset = fc
  .tuple(fc.integer({ min: -96, max: 96 }), among(0, 0, 0, 1, -1))
  .map(([half, ms]) => half * 30 * MINUTE + ms);
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const limit = among(1, 2, 3, Infinity, Infinity, Infinity);
const counts = fc
  .record({ entries: maybe(limit), entriesPerDay: maybe(limit), entriesInAll: maybe(limit) })
  .map(defined);
const productRules = (origin: number): fc.Arbitrary<ProductRules> => {
  const today = dayNumber(new Date(origin).toISOString().slice(0, 10));
  const day = fc.integer({ min: today - 2, max: today + 2 });
  return fc
    .record({
      enabled: rarely(true, false, 20),
      from: maybe(day, 5),
      to: maybe(day, 5),
      dates: maybe(fc.array(day, { maxLength: 4 }), 8),
      weekdays: maybe(fc.subarray([1, 2, 3, 4, 5, 6, 7]), 8),
      ticketDates: among(true, true, false),
      opensBefore: maybe(among(0, 30, 60, 600).map((m) => m * MINUTE)),
      closesAfter: maybe(among(0, 30, 60, 600).map((m) => m * MINUTE)),
      closesFrom: among('start' as const, 'end' as const),
      expiresAfter: maybe(fc.integer({ min: 1, max: 3 }), 4),
      expiresAfterFirstEntry: maybe(fc.integer({ min: 1, max: 3 }), 4),
      days: maybe(fc.integer({ min: 1, max: 3 }), 3),
      consecutive: among(false, false, false, true),
      sectors: maybe(fc.dictionary(among('OUTER', 'STAND'), counts), 4),
      sectorsTogether: among(false, false, true),
      betweenEntries: maybe(among(0, 30, 60, 600, 6000).map((m) => m * MINUTE)),
      antiPassback: among('off' as const, 'off' as const, 'soft' as const, 'hard' as const),
      forgiveAfter: maybe(
        among(0, 30, 600).map((m) => m * MINUTE),
        3,
      ),
      counter: rarely(false, true, 10),
      group: among('off' as const, 'one-by-one' as const, 'batch' as const),
      attend: among([], [{ tariffs: ['CHILD'] }], [{}]),
    })
    .chain((rules) => counts.map((c) => defined({ ...PLAIN_RULES, ...rules, ...c }) as ProductRules));
};

const ticketOf = (barcode: string, origin: number) =>
  fc
    .record({
      state: fc.oneof(
        { weight: 20, arbitrary: fc.constant('VALID' as const) },
        { weight: 1, arbitrary: among('CANCELLED' as const, 'UNREADABLE' as const) },
      ),
      product: among('P1', 'P1', 'P2', undefined),
      performance: maybe(among('PERF1', 'PERF1', 'PERF2', 'NONE')),
      entrance: maybe(among('A', 'A', 'B')),
      validFrom: maybe(offset.map((o) => origin + o - DAY)),
      validTo: maybe(offset.map((o) => origin + o + DAY)),
      tariff: maybe(among('CHILD', 'FULL')),
      specimen: rarely<true | undefined>(undefined, true, 20),
      reduced: among(undefined, true as const),
      blocked: rarely<string | undefined>(undefined, 'STOLEN', 20),
      persons: maybe(fc.integer({ min: 0, max: 3 })),
    })
    .map((t): Ticket => defined({ barcode, ...t }) as Ticket);

const step = fc.record({
  kind: among('in', 'in', 'in', 'out', 'back', 'elsewhere', 'elsewhere-out'),
  offset,
  slot: among('PERF1', 'PERF1', 'PERF2', '*'),
  sector: among(undefined, 'OUTER', 'STAND'),
  doubtful: among(false, false, false, true),
  target: fc.nat(8),
  jump: among(0, 0, 0, 0, -40 * DAY, 2 * DAY),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A history as records for the engine and as a list for the naive model; each keeps its own account of what was given back. */
function historyOf(barcode: string, steps: Step[], origin: number): { usage: Usage; past: Past[] } {
  const records: JournalRecord[] = [];
  const past: (Past & { seq: number; own: boolean })[] = [];
  // Time goes on, but for jumps.
  const times = steps.map((s) => s.offset).sort((a, b) => a - b);
  steps.forEach((s, i) => {
    const seq = i + 1;
    const at = origin + (times[i] as number) - DAY + s.jump;
    const sector = s.sector === undefined ? {} : { sector: s.sector };
    const doubtful = s.doubtful ? { doubtful: true as const } : {};
    const direction = s.kind.endsWith('out') ? ('exit' as const) : ('entry' as const);
    const slot = direction === 'entry' ? { slot: s.slot } : {};
    if (s.kind === 'back') {
      records.push({ kind: 'outcome', seq, at, of: s.target, outcome: 'not-passed', barcode });
      for (const p of past) if (p.own && p.seq === s.target) p.givenBack = true;
      return;
    }
    const entry = { at, direction, slot: s.slot, givenBack: false, doubtful: s.doubtful, seq, ...sector };
    if (s.kind.startsWith('elsewhere')) {
      const checkId = checkIdOf('south', seq);
      records.push({
        kind: 'elsewhere',
        seq,
        at,
        what: 'admitted',
        barcode,
        checkId,
        lane: 'l',
        direction,
        checkedAt: at,
        ...slot,
        ...sector,
        ...doubtful,
      });
      let place = past.length;
      while (place > 0 && (past[place - 1] as Past).at > at) place--;
      past.splice(place, 0, { ...entry, own: false });
      return;
    }
    const fixed = {
      credential: { code: barcode, medium: 'barcode' as const },
      reason: 'admitted' as const,
      list: '1',
      config: 'c',
    };
    records.push({
      kind: 'check',
      seq,
      at,
      checkId: checkIdOf('g', seq),
      lane: 'l',
      direction,
      barcode,
      admitted: true,
      ...fixed,
      ...slot,
      ...sector,
      ...doubtful,
    });
    past.push({ ...entry, own: true });
  });
  return { usage: records.reduce(fold, NO_USAGE), past };
}

const world = among(...AROUND).chain((origin) =>
  fc.record({
    origin: fc.constant(origin),
    now: offset.map((o) => origin + o),
    zone: among(...ZONES),
    dayStartsAt: among('00:00', '05:00'),
    via: among('ticket' as const, 'container' as const, 'none' as const),
    tickets: among(0, 1, 1, 1, 1, 1, 2, 2, 3).chain((n) =>
      fc.tuple(
        ...['1', '2', '3'].slice(0, n).map((b) => fc.tuple(ticketOf(b, origin), fc.array(step, { maxLength: 7 }))),
      ),
    ),
    rules: fc.tuple(productRules(origin), productRules(origin)),
    lane: fc.record({
      direction: among('entry' as const, 'entry' as const, 'entry' as const, 'exit' as const),
      products: maybe(among(['P1'], ['P1', 'P2'])),
      performances: among<readonly string[] | 'auto' | undefined>(['PERF1'], ['PERF1', 'PERF2'], 'auto', undefined),
      entrances: maybe(among(['A'])),
      sector: among<[string?, string?]>([], ['OUTER'], ['STAND', 'OUTER'], ['STAND']),
      doubtfulClock: among('admit' as const, 'refuse' as const),
      staleList: among(
        {},
        {},
        {},
        {},
        {},
        {},
        { refuseAfter: 60 * MINUTE },
        { warnAfter: 30 * MINUTE, refuseAfter: 600 * MINUTE },
      ),
    }),
    chosen: maybe(among(['PERF1'], ['PERF2']), 6),
    listAge: rarely(0, 1, 10).chain((none) =>
      none ? fc.constant(undefined) : among(0, 30, 31, 60, 61).map((m) => m * MINUTE),
    ),
    doubtful: rarely(false, true, 10),
    trustedSince: maybe(
      offset.map((o) => origin + o),
      3,
    ),
    performances: fc.tuple(
      ...['PERF1', 'PERF2'].map((code) =>
        fc
          .record({
            start: rarely(0, 1, 6).chain((none) => (none ? fc.constant(undefined) : offset.map((o) => origin + o))),
            lasts: maybe(among(60, 240).map((m) => m * MINUTE)),
            before: maybe(among(30, 90).map((m) => m * MINUTE)),
            product: maybe(among('P1', 'P2')),
          })
          .map(
            ({ start, lasts, before, product }): Performance =>
              defined({
                code,
                product,
                start,
                end: start !== undefined && lasts !== undefined ? start + lasts : undefined,
                admissionStart: start !== undefined && before !== undefined ? start - before : undefined,
              }) as Performance,
          ),
      ),
    ),
  }),
);

describe('the engine and the naive model', () => {
  it(`agree in ${CASES} random worlds`, { timeout: 3_600_000 }, () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(world, (w) => {
        const book: RuleBook = {
          defaults: w.rules[0],
          products: new Map([['P2', w.rules[1]]]),
          days: daysOf(w.zone, w.dayStartsAt),
        };
        const [sector, behind] = w.lane.sector;
        const lane: LaneRules = defined({
          ...w.lane,
          lane: 'lane-1',
          sector,
          behind,
          outer: behind === undefined ? undefined : [behind],
          book,
        }) as LaneRules;
        const candidates = w.tickets.map(([ticket, steps]) => ({
          ticket,
          ...historyOf(ticket.barcode, steps, w.origin),
        }));
        const found: Candidates = { via: w.via, candidates };
        const schedule = scheduleOf({ ...NO_PROGRAMME, performances: w.performances }, book);
        const facts: Facts = { ...w, schedule };
        const naive: NaiveWorld = defined({
          ...w,
          lane,
          rulesOf: (product: string | undefined) => (product === 'P2' ? w.rules[1] : w.rules[0]),
        }) as unknown as NaiveWorld;

        const d = decide(found, lane, facts);
        const said = {
          reason: d.reason,
          ...(d.ticket && { barcode: d.ticket.barcode }),
          ...(d.slot !== undefined && { slot: d.slot }),
          notices: (d.notices ?? []).map((n) => n.code),
          following: d.following ?? 0,
        };
        expect(said).toEqual(naiveDecision(candidates, w.via, naive));
        seen.set(d.reason, (seen.get(d.reason) ?? 0) + 1);
        // The explanation is the same decision, whatever it tells beside.
        if (seen.get(d.reason) === 1 || (w.now & 15) === 0) expect(explain(found, lane, facts).decision).toEqual(d);
      }),
      { numRuns: CASES },
    );
    // A generator that never reaches a rule would prove nothing of it.
    const reached = [...seen.keys()].sort();
    if (CASES >= 5_000)
      expect(reached).toEqual(
        [
          'admitted',
          'already-used',
          'black-listed',
          'cancelled',
          'clock-doubtful',
          'entries-exhausted',
          'list-too-old',
          'no-valid-ticket-in-container',
          'not-exited',
          'not-inside',
          'specimen',
          'too-early',
          'too-late',
          'too-soon',
          'unknown',
          'unreadable',
          'wrong-day',
          'wrong-entrance',
          'wrong-event',
        ].sort(),
      );
    if (process.env.PORTILLON_CASES) console.log(Object.fromEntries([...seen].sort()));
  });
});
