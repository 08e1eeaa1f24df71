import { describe, expect, it } from 'vitest';
import { TurnstileTwin } from '../../drivers/kit/turnstile-twin.js';
import { VirtualBarrier } from '../../drivers/virtual/driver.js';
import { virtualBarrierOptions } from '../../drivers/virtual/options.js';
import { seededRandom, systemClock } from '../../src/clock.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { Lane } from '../../src/lane/lane.js';
import { Reservations, Settlement } from '../../src/lane/reservations.js';
import type { LaneRules } from '../../src/domain/rulebook.js';
import { summarise } from '../../src/domain/usage.js';
import { silentLog } from '../../src/log.js';
import { Journal } from '../../src/store/journal.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { cleanup, temporaryFolder, ticket } from '../support/builders.js';
import { deskOf } from '../support/desk.js';
import { context } from '../support/devices.js';

const VISITORS = 40;
const code = (n: number): string => `T${String(n).padStart(4, '0')}`;

/** A lane, its barrier, and a turnstile that behaves as makers build them. */
async function stage(memory: number) {
  const folder = temporaryFolder();
  const journal = await Journal.open(`${folder}/journal`, 'g');
  const list = await TicketList.open(`${folder}/list`);
  const writer = await ListWriter.open(`${folder}/list`);
  const items = Array.from({ length: VISITORS }, (_, n) => ({ kind: 'ticket' as const, ticket: ticket(code(n)) }));
  await writer.applyPage('k', { items, cursor: '1', counted: VISITORS }, 1);
  const barrier = new VirtualBarrier(
    virtualBarrierOptions.parse({ driver: 'virtual', sensor: true, pulse: '20ms', passMin: '5ms' }),
    context(),
  );
  const { board } = barrier;
  const turnstile = new TurnstileTwin(
    { minPulse: 10, wait: 150, pass: 30, memory },
    {
      drive: (input, active, at) => board.drive(input, active, at),
      later: (ms, action) => {
        const timer = setTimeout(action, ms);
        return () => clearTimeout(timer);
      },
      now: () => systemClock.monotonic(),
    },
  );
  board.onRelay = (output, on) => turnstile.relay(output, on);
  const waiters = new Set<() => void>();
  const told = (): void => [...waiters].forEach((w) => w());
  const settlement = new Settlement(told);
  const reservations = new Reservations();
  const rules: LaneRules = { lane: 'lane-1', direction: 'entry', performances: ['PERF1'] };
  const lane = new Lane(
    {
      rules,
      language: 'en',
      debounce: 0,
      grantExpiry: 1000,
      config: 'c',
      // Longer than the turnstile's own wait: a late person is still the one who was admitted.
      passageTimeout: 400,
      tailgateWindow: 100,
      otherDirection: 'controlled',
      burn: 'passage',
    },
    {
      clock: systemClock,
      log: silentLog,
      list,
      journal,
      reservations,
      desk: deskOf({ list, journal, reservations }, [rules]),
      settlement,
      barrier,
      indicator: undefined,
      emit: told,
      incident: told,
    },
  );
  await barrier.open();
  lane.start();
  barrier.on('input', told);
  cleanup(async () => {
    await barrier.close();
    await lane.close();
    await writer.close();
    await list.close();
    await journal.close();
  });
  /** Looks whenever something happened, and every few milliseconds for what tells nobody (the turnstile's own timers). */
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        clearInterval(timer);
        waiters.delete(look);
        resolve();
      };
      const timer = setInterval(look, 5);
      waiters.add(look);
      look();
    });
  return { lane, barrier, board, turnstile, journal, settlement, until };
}

const count = (records: readonly JournalRecord[], what: (r: JournalRecord) => boolean): number =>
  records.filter(what).length;
const isOutcome =
  (outcome: string) =>
  (r: JournalRecord): boolean =>
    r.kind === 'outcome' && r.outcome === outcome;
const isEvent =
  (what: string) =>
  (r: JournalRecord): boolean =>
    r.kind === 'event' && r.what === what;

describe('a crowd through a turnstile', () => {
  it.each([1, 2, 3])(
    'every person who went through is in the journal, once, and nobody else (seed %i)',
    async (seed) => {
      const s = await stage(0);
      const random = seededRandom(seed);
      let walkers = 0;
      for (let n = 0; n < VISITORS; n++) {
        const roll = random();
        await s.until(() => s.lane.phase === 'ready');
        // Somebody without a ticket leans on the arm: it does not turn.
        if (roll < 0.15) expect(s.turnstile.push('A')).toBe(false);
        s.lane.onRead({ text: code(n), medium: 'barcode', at: systemClock.monotonic() });
        await s.until(() => s.lane.phase === 'waiting');
        if (roll < 0.75) {
          await s.until(() => s.turnstile.push('A'));
          walkers++;
        } else if (roll < 0.8) {
          s.board.unplug();
          await s.barrier.open();
        }
      }
      await s.until(() => s.settlement.through(s.journal.lastSeq) === s.journal.lastSeq && s.lane.phase === 'ready');
      const records = await s.journal.readAfter(0, 10_000);
      expect(s.turnstile.people).toEqual({ A: walkers, B: 0 });
      expect(count(records, isOutcome('passed'))).toBe(walkers);
      expect(count(records, (r) => r.kind === 'event')).toBe(0);
      const outcomes = count(records, (r) => r.kind === 'outcome');
      expect(outcomes).toBe(VISITORS);
      // Whoever did not walk has his ticket back, unless nobody can know.
      const unused = count(records, isOutcome('not-passed'));
      expect(unused + walkers + count(records, isOutcome('unknown'))).toBe(VISITORS);
      const free = Array.from({ length: VISITORS }, (_, n) => s.journal.usage(code(n))).filter(
        (u) => summarise(u).entries === 0,
      );
      expect(free).toHaveLength(unused);
    },
  );

  it('a power cut of the turnstile is a fault: nobody is counted, and nobody admitted until it is over', async () => {
    const s = await stage(0);
    s.lane.onRead({ text: code(0), medium: 'barcode', at: systemClock.monotonic() });
    await s.until(() => s.lane.phase === 'waiting');
    s.turnstile.power(false);
    await s.until(() => s.barrier.status().state === 'degraded');
    await s.until(() => s.settlement.through(s.journal.lastSeq) === s.journal.lastSeq);
    s.lane.onRead({ text: code(1), medium: 'barcode', at: systemClock.monotonic() });
    await s.until(() => s.lane.counters.refused === 1);
    s.turnstile.power(true);
    await s.until(() => s.barrier.status().state === 'ready');
    // Written in order: what was appended before is on the disk with this.
    await s.journal.append({ kind: 'note', at: 0, what: 'end' });
    const records = await s.journal.readAfter(0, 100);
    expect(count(records, isOutcome('passed'))).toBe(0);
    expect(count(records, isEvent('fault'))).toBe(1);
    expect(count(records, isEvent('fault-over'))).toBe(1);
  });

  it('fire: everybody walks, every passage is recorded, no ticket is used', async () => {
    const s = await stage(0);
    s.turnstile.fire(true);
    await s.until(() => s.lane.mode === 'emergency');
    for (let n = 0; n < 5; n++) await s.until(() => s.turnstile.push(n % 2 === 0 ? 'A' : 'B'));
    await s.until(() => s.lane.counters.free === 5);
    s.turnstile.fire(false);
    await s.until(() => s.lane.mode === 'controlled');
    // Written in order: what was appended before is on the disk with this.
    await s.journal.append({ kind: 'note', at: 0, what: 'end' });
    const records = await s.journal.readAfter(0, 100);
    expect(count(records, isEvent('passage'))).toBe(5);
    expect(count(records, (r) => r.kind === 'check')).toBe(0);
  });
});
