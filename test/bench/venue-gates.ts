import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { seededRandom, systemClock } from '../../src/clock.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log.js';
import type { LaneEvent } from '../../src/lane/lane.js';
import { Reservations, Settlement } from '../../src/lane/reservations.js';
import { passwordOf } from '../../src/cli/demo/venue-stage.js';
import type { VenueStage } from '../../src/cli/demo/venue-stage.js';
import { buildDesk } from '../../src/runtime-desk.js';
import { buildLanes } from '../../src/runtime-lanes.js';
import { Journal } from '../../src/store/journal.js';
import type { TicketList } from '../../src/store/list.js';
import { VenueStore } from '../../src/store/venue-store.js';
import { VenueGate } from '../../src/venue/gate.js';
import { linkKey } from '../../src/venue/seal.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

interface SimulatedGate {
  present(code: string): void;
  joined(): boolean;
  inStep(): boolean;
  /** Of its journal: how long the hub's word took, milliseconds. */
  claims(): Promise<{ checkId: string; ms: number }[]>;
  close(): Promise<void>;
}

/** Gates that write down what the others did. */
const WRITING = 5;

/**
 * Everything of a gate between its reader and its relay, with a journal and a connection of its own: only the process and the list
 * are shared with the other gates, and the devices have no wire. All of them fetch from the hub what the others did, but only some
 * write it down: on one machine a hundred times a hundred entries a second would measure that machine.
 */
async function simulatedGate(
  stage: VenueStage,
  name: string,
  secret: string,
  list: TicketList,
  emit: (event: LaneEvent) => void,
  writes: boolean,
): Promise<SimulatedGate> {
  const { config } = loadConfig(stage.configFile(name));
  mkdirSync(config.data, { recursive: true });
  const clock = systemClock;
  const random = seededRandom(name.length);
  const journal = await Journal.open(path.join(config.data, 'journal'), name);
  const store = await VenueStore.open(path.join(config.data, 'venue'));
  const reservations = new Reservations();
  const late: { venue?: VenueGate } = {};
  const settlement = new Settlement(() => late.venue?.announce());
  const venue = await VenueGate.start(
    {
      venue: config.venue.id,
      broker: { url: config.venue.broker?.url ?? '', username: name, password: passwordOf(name) },
      key: linkKey(secret, name),
      claims: {
        gate: name,
        session: name,
        deadline: config.venue.claim.deadline,
        policies: [{ policy: { kind: 'refuse' } }],
        homes: [],
        rights: 0,
      },
    },
    {
      clock,
      random,
      log: silentLog,
      journal: writes ? journal : onlyOwn(journal),
      store,
      settledThrough: () => settlement.through(journal.lastSeq),
      holds: (barcode) => reservations.has(barcode),
      list: () => null,
      onOther: () => {},
      onUp: () => {},
    },
  );
  late.venue = venue;
  const desk = await buildDesk({
    config,
    clock,
    log: silentLog,
    journal,
    list,
    reservations,
    settlement,
    sync: () => undefined,
    lanes: () => lanes,
  });
  const lanes = await buildLanes(config, {
    clock,
    random,
    log: silentLog,
    configHash: 'bench',
    trace: () => () => {},
    share: <T>(_key: string, make: () => T) => make(),
    onRead: () => {},
    shared: {
      list,
      journal,
      reservations,
      settlement,
      desk: desk.desk,
      claims: venue.claims,
      emit,
      incident: () => {},
    },
  });
  return {
    present: (code) => void lanes.present('lane-1', 0, code),
    joined: () => venue.report().link === 'joined',
    inStep: () => venue.report().inStep,
    claims: async () =>
      (await journal.readAfter(0, 1_000_000)).flatMap((r) =>
        r.kind === 'check' && r.claim?.ms !== undefined ? [{ checkId: r.checkId, ms: r.claim.ms }] : [],
      ),
    close: async () => {
      await lanes.close();
      await venue.close();
      await store.close();
      await journal.close();
    },
  };
}

type GateJournal = Parameters<typeof VenueGate.start>[1]['journal'];

function onlyOwn(journal: Journal): GateJournal {
  return {
    append: async (record) => (record.kind === 'elsewhere' ? { ...record, seq: 0 } : journal.append(record)),
    checksAfter: journal.checksAfter.bind(journal),
    readAfter: journal.readAfter.bind(journal),
    get lastSeq() {
      return journal.lastSeq;
    },
  };
}

export interface GatesFigures {
  /** Scan to relay, microseconds; of that the hub's word, and the rest: decision, check on the disk, relay. */
  scan: Quantiles;
  claim: Quantiles;
  rest: Quantiles;
  admitted: number;
  refused: Record<string, number>;
}

/** `names.length` gates, each with one visitor a second; from the read to the grant at the barrier. */
export async function benchGates(
  stage: VenueStage,
  names: readonly string[],
  { secret, list, codes, seconds }: { secret: string; list: TicketList; codes: readonly string[]; seconds: number },
): Promise<GatesFigures> {
  const samples: number[] = [];
  const claims: number[] = [];
  const rest: number[] = [];
  const refused: Record<string, number> = {};
  const granted = new Map<string, number>();
  let counting = false;
  const emit = (event: LaneEvent): void => {
    if (!counting) return;
    if (event.grantedAfter !== undefined) {
      samples.push(event.grantedAfter);
      granted.set(event.checkId ?? '', event.grantedAfter);
    } else refused[event.reason] = (refused[event.reason] ?? 0) + 1;
  };
  const gates: SimulatedGate[] = [];
  try {
    for (const [i, name] of names.entries())
      gates.push(await simulatedGate(stage, name, secret, list, emit, i < WRITING));
    await until('every gate is in touch with the hub', () => gates.every((g) => g.joined()));
    let next = 0;
    const random = seededRandom(3);
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const walk = async (gate: SimulatedGate): Promise<void> => {
      await systemClock.sleep(random() * 1000, stop.signal);
      while (!stop.signal.aborted) {
        const started = performance.now();
        const code = codes[next++];
        if (code === undefined) throw new Error('out of tickets');
        gate.present(code);
        await systemClock.sleep(1000 - (performance.now() - started), stop.signal);
      }
    };
    const walking = Promise.all(gates.map(walk));
    await systemClock.sleep(3_000);
    counting = true;
    await systemClock.sleep(seconds * 1000);
    counting = false;
    stop.abort();
    await walking;
    await until('every gate is in step', () => gates.every((g) => g.inStep()));
    for (const gate of gates)
      for (const { checkId, ms } of await gate.claims()) {
        const whole = granted.get(checkId);
        if (whole === undefined) continue;
        claims.push(ms);
        rest.push(whole - ms);
      }
    return {
      scan: quantiles(samples),
      claim: quantiles(claims),
      rest: quantiles(rest),
      admitted: samples.length,
      refused,
    };
  } finally {
    for (const gate of gates) await gate.close();
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it never came to: ${what}`);
    await systemClock.sleep(100);
  }
}
