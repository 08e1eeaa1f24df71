import { describe, expect, it } from 'vitest';
import type { Barrier, DeviceStatus, Grant, Signal } from '../../drivers/contract.js';
import { DriverFault } from '../../drivers/contract.js';
import { systemClock } from '../../src/clock.js';
import type { CheckRecord } from '../../src/domain/records.js';
import type { Ticket } from '../../src/domain/ticket.js';
import type { LaneEvent } from '../../src/lane/lane.js';
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

/** A barrier whose faults a test sets; real ones have their own suite. */
function fakeBarrier(): {
  barrier: Barrier;
  grants: Grant[];
  fail: { with: Error | undefined };
  state: { is: DeviceStatus['state'] };
} {
  const grants: Grant[] = [];
  const fail: { with: Error | undefined } = { with: undefined };
  const state: { is: DeviceStatus['state'] } = { is: 'ready' };
  const barrier: Barrier = {
    capabilities: { directions: ['entry', 'exit'], passageSensor: false, free: [], inputs: [] },
    open: async () => {},
    close: async () => {},
    status: () => ({ state: state.is, counters: {} }),
    on: () => () => {},
    grant: async (grant) => {
      if (fail.with) throw fail.with;
      grants.push(grant);
    },
    idle: async () => {},
    caughtUp: async () => {},
    revoke: async () => {},
    hold: async () => {},
    active: () => new Set(),
    selfTest: async () => {},
  };
  return { barrier, grants, fail, state };
}

async function gate(lanes: number, tickets: Ticket[]) {
  const folder = temporaryFolder();
  const journal = await Journal.open(`${folder}/journal`, 'g');
  const list = await TicketList.open(`${folder}/list`);
  const writer = await ListWriter.open(`${folder}/list`);
  cleanup(async () => {
    await writer.close();
    await list.close();
    await journal.close();
  });
  if (tickets.length > 0) {
    await writer.applyPage(
      'k',
      { items: tickets.map((t) => ({ kind: 'ticket', ticket: t })), cursor: '1', counted: tickets.length },
      1,
    );
  }
  const reservations = new Reservations();
  const rules = Array.from({ length: lanes }, (_, i): LaneRules => {
    return { lane: `lane-${i + 1}`, direction: 'entry', performances: ['PERF1'] };
  });
  const desk = deskOf({ list, journal, reservations }, rules);
  const settlement = new Settlement(() => {});
  const events: LaneEvent[] = [];
  const waiters: (() => void)[] = [];
  const all = rules.map((own) => {
    const fake = fakeBarrier();
    const shown: Signal[] = [];
    const lane = new Lane(
      {
        rules: own,
        language: 'en',
        debounce: 2000,
        grantExpiry: 1000,
        config: 'c',
        passageTimeout: 5500,
        tailgateWindow: 1000,
        otherDirection: 'free',
        burn: 'passage',
      },
      {
        clock: systemClock,
        log: silentLog,
        list,
        journal,
        reservations,
        desk,
        settlement,
        barrier: fake.barrier,
        indicator: { show: (s) => shown.push(s) },
        incident: () => {},
        emit: (event) => {
          events.push(event);
          for (const w of waiters.splice(0)) w();
        },
      },
    );
    return { lane, shown, ...fake };
  });
  const eventsReach = async (n: number): Promise<void> => {
    while (events.length < n) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  return { lanes: all, journal, events, eventsReach, settlement, reservations };
}
type Rig = Awaited<ReturnType<typeof gate>>;
const read = (text: string, medium: 'barcode' | 'rfid' = 'barcode') => ({ text, medium, at: systemClock.monotonic() });
const first = (rig: Rig): Rig['lanes'][number] => rig.lanes[0] as Rig['lanes'][number];

describe('the way of a scan', () => {
  it('writes the check before the barrier is told, then shows the welcome', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, barrier, shown } = first(rig);
    let onDisk: unknown;
    const granted = new Promise<void>((resolve) => {
      const grant = barrier.grant.bind(barrier);
      barrier.grant = async (g) => {
        onDisk = await rig.journal.read(1);
        await grant(g);
        resolve();
      };
    });
    lane.onRead(read('1'));
    await granted;
    await rig.eventsReach(1);
    expect(onDisk).toMatchObject({
      kind: 'check',
      admitted: true,
      barcode: '1',
      slot: 'PERF1',
      checkId: 'g-000000000001',
    });
    expect(shown).toEqual([{ pattern: 'admit', text: 'Welcome' }]);
    expect(rig.reservations.size).toBe(0);
    expect(rig.settlement.through(1)).toBe(1);
  });

  it('the same card on two lanes in the same tick uses its two tickets, a third presentation none', async () => {
    const rig = await gate(3, [ticket('1', { container: 'C' }), ticket('2', { container: 'C' })]);
    for (const { lane } of rig.lanes) lane.onRead(read('C', 'rfid'));
    await rig.eventsReach(3);
    expect(rig.events.filter((e) => e.admitted)).toHaveLength(2);
    expect(rig.events.find((e) => !e.admitted)?.reason).toBe('already-used');
    const checks = (await rig.journal.latest(3)) as CheckRecord[];
    expect(
      checks
        .filter((c) => c.admitted)
        .map((c) => c.barcode)
        .sort(),
    ).toEqual(['1', '2']);
    expect(rig.lanes.reduce((n, l) => n + l.grants.length, 0)).toBe(2);
  });

  it('two lanes, one ticket, the same instant: exactly one admission', async () => {
    const rig = await gate(2, [ticket('1')]);
    for (const { lane } of rig.lanes) lane.onRead(read('1'));
    await rig.eventsReach(2);
    expect(rig.events.map((e) => e.reason).sort()).toEqual(['admitted', 'already-used']);
  });

  it('a phone left in front of the scanner is one presentation', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane } = first(rig);
    lane.onRead(read('1'));
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    lane.onRead(read('1'));
    await lane.close();
    expect(lane.counters).toMatchObject({ reads: 3, repeats: 2, admitted: 1, refused: 0 });
    expect(rig.journal.lastSeq).toBe(1);
  });

  it('a grant that the barrier did not take gives the entry back and is settled', async () => {
    const rig = await gate(1, [ticket('1'), ticket('2')]);
    const { lane, fail, shown, grants } = first(rig);
    fail.with = new DriverFault('offline', 'unplugged');
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: false, reason: 'barrier-unavailable' });
    expect(shown.at(-1)?.pattern).toBe('fault');
    expect(await rig.journal.latest(1)).toMatchObject([{ kind: 'outcome', of: 1, outcome: 'not-passed' }]);
    fail.with = undefined;
    lane.onRead(read('2'));
    await rig.eventsReach(2);
    lane.onRead(read('1'));
    await rig.eventsReach(3);
    expect(rig.events[2]).toMatchObject({ admitted: true });
    expect(grants).toHaveLength(2);
  });

  it('a barrier that is away refuses without using the ticket up', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, state } = first(rig);
    state.is = 'offline';
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: false, reason: 'barrier-unavailable' });
    expect(summarise(rig.journal.usage('1')).entries).toBe(0);
  });

  it('says "not ready yet" instead of "unknown" while no list has come', async () => {
    const rig = await gate(1, []);
    first(rig).lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ reason: 'list-empty', message: 'Lane not ready yet' });
  });

  it('shows a garbled read and goes on', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, shown } = first(rig);
    lane.onRead(read('a\u0001b'));
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(shown.map((s) => s.pattern)).toEqual(['refuse', 'admit']);
    expect(lane.counters.unreadable).toBe(1);
  });

  it('nobody is admitted when the journal cannot be written', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, grants } = first(rig);
    await rig.journal.close();
    lane.onRead(read('1'));
    await lane.close();
    expect(grants).toEqual([]);
    expect(rig.reservations.size).toBe(0);
  });

  it('at most one read waits while a passage is under way: the newest', async () => {
    const rig = await gate(1, [ticket('1'), ticket('2'), ticket('3')]);
    const { lane } = first(rig);
    for (const code of ['1', '2', '3']) lane.onRead(read(code));
    await rig.eventsReach(2);
    const checks = (await rig.journal.readAfter(0, 10)) as CheckRecord[];
    expect(checks.map((c) => c.barcode)).toEqual(['1', '3']);
    expect(lane.counters.busy).toBe(1);
  });
});
