import type { Barrier, DeviceStatus, Grant, Signal } from '../../drivers/contract.js';
import { systemClock } from '../../src/clock.js';
import type { LaneRules, RuleBook } from '../../src/domain/rulebook.js';
import type { Ticket } from '../../src/domain/ticket.js';
import type { DeskParts } from '../../src/lane/desk.js';
import type { LaneEvent, LaneSettings } from '../../src/lane/lane.js';
import { Lane } from '../../src/lane/lane.js';
import { Reservations, Settlement } from '../../src/lane/reservations.js';
import { Stewarding } from '../../src/lane/stewarding.js';
import { silentLog } from '../../src/log.js';
import { Journal } from '../../src/store/journal.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { cleanup, temporaryFolder } from './builders.js';
import { deskOf } from './desk.js';

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

interface RigOptions {
  rules?: Partial<LaneRules>;
  book?: RuleBook;
  desk?: Partial<DeskParts>;
}

/** Lanes on a real journal and list; the barriers are fakes. */
export async function gate(lanes: number, tickets: Ticket[], options: RigOptions = {}) {
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
    return { lane: `lane-${i + 1}`, direction: 'entry', performances: ['PERF1'], ...options.rules };
  });
  const desk = deskOf({ list, journal, reservations, ...options.desk }, rules, options.book);
  const settlement = new Settlement(() => {});
  const events: LaneEvent[] = [];
  const waiters: (() => void)[] = [];
  const all = rules.map((own) => {
    const fake = fakeBarrier();
    const shown: Signal[] = [];
    const settings: LaneSettings = {
      rules: own,
      language: 'en',
      debounce: 2000,
      grantExpiry: 1000,
      config: 'c',
      passageTimeout: 5500,
      tailgateWindow: 1000,
      otherDirection: 'free',
      burn: 'passage',
    };
    const lane = new Lane(settings, {
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
    });
    return { lane, settings, shown, ...fake };
  });
  const eventsReach = async (n: number): Promise<void> => {
    while (events.length < n) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const clock = options.desk?.clock ?? systemClock;
  const stewarding = new Stewarding({ desk, clock, journal, settlement, config: 'c' });
  return { lanes: all, journal, list, events, eventsReach, settlement, reservations, desk, stewarding, writer };
}
export type Rig = Awaited<ReturnType<typeof gate>>;
export const read = (text: string, medium: 'barcode' | 'rfid' = 'barcode') => ({
  text,
  medium,
  at: systemClock.monotonic(),
});
export const first = (rig: Rig): Rig['lanes'][number] => rig.lanes[0] as Rig['lanes'][number];
