import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';
import { ClockWatch, EARLIEST } from '../../src/lane/clock-watch.js';
import { Reservations } from '../../src/lane/reservations.js';
import { silentLog } from '../../src/log.js';
import { Journal } from '../../src/store/journal.js';
import { cleanup, temporaryFolder, ticket } from '../support/builders.js';
import { deskOf } from '../support/desk.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Histories of jumps; the long run is `PORTILLON_CLOCK_RUNS=3000 npx vitest run test/lane/clock-watch.test.ts`. */
const RUNS = Number(process.env.PORTILLON_CLOCK_RUNS ?? 40);
const NOON = Date.UTC(2026, 6, 4, 10);

async function watchOf(wall: number, options: { newest?: number; skew?: () => number | null } = {}) {
  const clock = new FakeClock();
  clock.wall = wall;
  const journal = await Journal.open(temporaryFolder(), 'g');
  cleanup(() => journal.close());
  const make = (): ClockWatch =>
    new ClockWatch({
      clock,
      log: silentLog,
      journal,
      newest: options.newest ?? 0,
      skew: options.skew ?? (() => null),
    });
  return { clock, journal, make, watch: make() };
}
const written = async (journal: Journal): Promise<string[]> => {
  await journal.append({ kind: 'note', at: 0, what: 'end' });
  const all = await journal.readAfter(0, 100);
  return all.flatMap((r) =>
    r.kind === 'event' ? `${r.what} ${r.mode}` : r.kind === 'note' && r.what !== 'end' ? r.what : [],
  );
};

describe('a clock that cannot be trusted', () => {
  it('1970 at the start: doubtful, goes on from the newest record, and says so', async () => {
    const { clock, journal, watch } = await watchOf(40_000, { newest: NOON });
    expect(watch.doubtful).toBe(true);
    expect(watch.complaint()?.what).toContain('cannot be trusted (it says 1970-01-01');
    await clock.advance(5_000);
    expect(watch.now()).toBe(NOON + 5_000);
    // Network time comes.
    clock.wall = NOON + 3 * HOUR;
    expect(watch.now()).toBe(NOON + 3 * HOUR);
    expect([watch.doubtful, watch.trustedSince]).toEqual([false, NOON + 3 * HOUR]);
    expect(await written(journal)).toEqual([
      'clock doubtful',
      expect.stringMatching(/^clock stepped by/),
      'clock trusted',
    ]);
  });

  it('without any record before: no earlier than this make', async () => {
    const { watch } = await watchOf(0);
    expect(watch.now()).toBeGreaterThanOrEqual(EARLIEST);
  });

  it('behind its own journal by more than minutes: doubtful; by less: trusted', async () => {
    expect((await watchOf(NOON - 10 * MINUTE, { newest: NOON })).watch.doubtful).toBe(true);
    expect((await watchOf(NOON - 4 * MINUTE, { newest: NOON })).watch.doubtful).toBe(false);
  });

  it('a quarter of an hour from SecuTix: doubtful; SecuTix’s word stands above the journal', async () => {
    expect((await watchOf(NOON, { skew: () => 16 * MINUTE })).watch.doubtful).toBe(true);
    expect((await watchOf(NOON, { skew: () => -16 * MINUTE })).watch.doubtful).toBe(true);
    // A journal of the future was written by the wrong clock.
    expect((await watchOf(NOON, { newest: NOON + 40 * DAY, skew: () => 0 })).watch.doubtful).toBe(false);
  });

  it('a step counts with SecuTix’s old word until there is a new one', async () => {
    let skew: number | null = 0;
    const { clock, watch } = await watchOf(NOON, { skew: () => skew });
    clock.wall += 2 * HOUR;
    watch.look();
    expect(watch.doubtful).toBe(true);
    expect(watch.now()).toBeLessThan(NOON + HOUR);
    skew = 1_000;
    watch.look();
    expect(watch.doubtful).toBe(false);
  });

  it('what it was is known after a restart', async () => {
    const { clock, journal, make, watch } = await watchOf(40_000, { newest: NOON });
    expect(watch.doubtful).toBe(true);
    clock.wall = NOON + HOUR;
    watch.look();
    await journal.append({ kind: 'note', at: 0, what: 'on the disk' });
    const after = make();
    expect([after.doubtful, after.trustedSince]).toEqual([false, NOON + HOUR]);
  });
});

it('a second step is reckoned from SecuTix’s newest word', async () => {
  let skew: number | null = 0;
  const { clock, watch } = await watchOf(NOON, { skew: () => skew });
  clock.wall -= 60 * DAY;
  watch.look();
  skew = -60 * DAY;
  clock.wall += 60 * DAY;
  expect(watch.now()).toBe(NOON);
  expect(watch.doubtful).toBe(false);
});

describe('decisions across jumps of the clock', () => {
  const bookOf = (rules: Partial<typeof PLAIN_RULES>): RuleBook => ({
    defaults: { ...PLAIN_RULES, ...rules },
    products: new Map(),
    days: serviceDays(zoneOf('Europe/Zurich'), 300),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: 'present' as const, by: 0 }) },
    fc.record({ kind: fc.constant('wait' as const), by: fc.constantFrom(1_000, 20 * MINUTE, 3 * HOUR, 26 * HOUR) }),
    fc.record({
      kind: fc.constant('jump' as const),
      by: fc.constantFrom(-60 * DAY, -DAY, -2 * HOUR, -3 * MINUTE, 3 * MINUTE, 2 * HOUR, DAY, 60 * DAY),
    }),
    { weight: 1, arbitrary: fc.constant({ kind: 'restart in 1970' as const, by: 0 }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'put right' as const, by: 0 }) },
  );

  /** What the gate admits while the world's own time goes on as it does; `days` are those of the world. */
  async function play(steps: readonly { kind: string; by: number }[], book: RuleBook, heard: boolean) {
    const clock = new FakeClock();
    clock.wall = NOON;
    const journal = await Journal.open(temporaryFolder(), 'g');
    const world = { start: clock.monotonic() };
    const real = (): number => NOON + clock.monotonic() - world.start;
    // SecuTix knows the time, and is heard now and then.
    let measured: number | null = heard ? 0 : null;
    const skew = (): number | null => measured;
    const make = async (): Promise<ClockWatch> => {
      const [newest] = await journal.latest(1);
      return new ClockWatch({ clock, log: silentLog, journal, newest: newest?.at ?? 0, skew });
    };
    let watch = await make();
    const list = { find: () => ({ via: 'ticket' as const, tickets: [ticket('1')], position: 1 }) };
    const admitted: { day: number; doubtful: boolean }[] = [];
    for (const { kind, by } of steps) {
      if (kind === 'wait') {
        await clock.advance(by);
        // The watch looks every few seconds, so a step is seen before anybody else speaks.
        watch.look();
        if (heard) measured = clock.wall - real();
      }
      if (kind === 'jump') clock.wall += by;
      if (kind === 'put right') clock.wall = real();
      if (kind === 'restart in 1970') {
        clock.wall = 30_000;
        if (heard) measured = clock.wall - real();
        watch = await make();
      }
      if (kind !== 'present') continue;
      const desk = deskOf(
        { list, journal, reservations: new Reservations(), clock: watch },
        [{ lane: 'lane-1', direction: 'entry', performances: ['PERF1'], book }],
        book,
      );
      const { decision, facts } = desk.decide('lane-1', list.find());
      if (!decision.admitted) continue;
      admitted.push({ day: book.days.dayOf(real()), doubtful: facts.doubtful ?? false });
      await journal.append({
        kind: 'check',
        at: facts.now,
        lane: 'lane-1',
        direction: 'entry',
        credential: { code: '1', medium: 'barcode' },
        barcode: '1',
        admitted: true,
        reason: 'admitted',
        slot: decision.slot as string,
        list: '1',
        config: 'c',
        ...(facts.doubtful && { doubtful: true as const }),
      });
    }
    await journal.close();
    return admitted;
  }
  const steps = fc.array(step, { minLength: 4, maxLength: 24 });

  it('a single entry admits once, whatever the clock does', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (all, heard) => {
        expect((await play(all, bookOf({}), heard)).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: RUNS },
    );
  });

  it('hard anti-passback admits once without an exit, whatever the clock does', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (all, heard) => {
        const book = bookOf({ entries: Infinity, antiPassback: 'hard' });
        expect((await play(all, book, heard)).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: RUNS },
    );
  });

  it(
    'one entry a day: never two on a day of the world, where SecuTix tells the time',
    { timeout: 600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const admitted = await play(all, bookOf({ entries: Infinity, entriesPerDay: 1 }), true);
          expect(new Set(admitted.map((a) => a.day)).size).toBe(admitted.length);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
