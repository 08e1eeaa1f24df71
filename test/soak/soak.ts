import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Hardware } from '../../src/cli/demo/stage.js';
import { createHardware, temporaryStage } from '../../src/cli/demo/stage.js';
import type { Clock, Random } from '../../src/clock.js';
import { scaledClock, seededRandom, within } from '../../src/clock.js';
import type { GateConfig } from '../../src/config/schema.js';
import { configSchema } from '../../src/config/schema.js';
import { silentLog } from '../../src/log.js';
import { Gate } from '../../src/runtime.js';
import { casesOf } from '../../src/simulator/model.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import { injectFaults } from './faults.js';
import { Ledger } from './ledger.js';

export interface SoakOptions {
  /** Of the world. */
  minutes: number;
  seed: number;
  lanes: number;
  /** Seconds of the gate in one of the world. */
  speed: number;
  sealed: boolean;
  progress: (text: string) => void;
}

export interface SoakResult {
  figures: Record<string, number | string>;
  problems: string[];
}

/** Seconds of the gate between two visitors of a lane: 600 an hour and lane, as at a stadium. */
const VISITOR_EVERY = 6;
/** Milliseconds of the world a visitor waits for an answer before the next one tries: the reader may be unplugged. */
const PATIENCE = 1_000;
const LOOK_EVERY = 500;
/** Milliseconds of the world that everything fails, at most, before it is left alone until the queue has been delivered. */
const STORM = 30_000;
/**
 * What waited when the faults ended is at SecuTix this much later, milliseconds of the gate and of the world, whichever is longer: a failed
 * delivery is tried again after a minute at the latest, the rest is for a busy machine.
 */
const CAUGHT_UP = { gate: 15 * 60_000, world: 60_000 };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function configFor(o: SoakOptions, url: string, data: string, hardware: readonly Hardware[]): GateConfig {
  const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
  const parsed = configSchema.parse({
    gate: { id: 'soak-1', name: 'Soak', timeZone: 'Europe/Zurich' },
    secutix: {
      url,
      institution,
      operator,
      partner,
      secret,
      scopes: [{ season: 'S26', products: ['P1', 'P2'] }],
      pull: { every: '10m', pageSize: 5000 },
      push: { every: '5s', batch: 500 },
      limits: { callsPerMinute: 180, exportEvery: '0s' },
    },
    log: { level: 'silent' },
    diagnostics: { listen: [] },
    lanes: hardware.map((h, i) => ({
      id: `lane-${i + 1}`,
      direction: 'entry',
      admits: { products: ['P1'], performances: ['PERF1'] },
      grantExpiry: '10s',
      readers: h.readers,
      barrier: h.barrier,
    })),
  });
  const store = { ...parsed.store, ...(o.sealed && { secret: 'the key of a test that runs for half an hour' }) };
  return { ...parsed, data, store, secutix: { ...parsed.secutix, secret } };
}

export async function soak(o: SoakOptions): Promise<SoakResult> {
  const random = seededRandom(o.seed);
  const seconds = o.minutes * 60;
  const visitors = Math.ceil(((seconds * o.speed) / VISITOR_EVERY) * o.lanes);
  const stage = temporaryStage();
  const since = performance.timeOrigin + performance.now();
  const ahead = new SharedArrayBuffer(8);
  const clock = scaledClock({ scale: o.speed, since, ahead });
  const simulator = await startSimulator({
    port: 0,
    tickets: Math.ceil(visitors * 1.2) + 2_000,
    seed: o.seed,
    callsPerMinute: 0,
    // The server's clock is the world's, the gate's runs ahead: what tokens and skew are about has tests of its own.
    auth: { mode: 'lenient' },
  });
  const hardware = Array.from({ length: o.lanes }, (_, i) => {
    const folder = path.join(stage.folder, `l${i}`);
    mkdirSync(folder);
    return createHardware(folder, '500ms');
  });
  if (hardware.some((h) => !h.wires)) throw new Error(`the soak needs pseudo-terminals: ${hardware[0]?.why}`);
  const ledger = new Ledger();
  const gate = await Gate.start(configFor(o, simulator.url, path.join(stage.folder, 'data'), hardware), {
    clock,
    random,
    log: silentLog,
  });
  try {
    return await run(o, {
      gate,
      clock,
      simulator,
      hardware,
      ledger,
      random,
      ahead: new Float64Array(ahead),
      oldest: 0,
    });
  } finally {
    await gate.stop();
    for (const h of hardware) h.close();
    await simulator.close();
    stage.remove();
  }
}

interface Running {
  gate: Gate;
  clock: Clock;
  simulator: Simulator;
  hardware: Hardware[];
  ledger: Ledger;
  random: Random;
  ahead: Float64Array;
  /** Milliseconds of the gate that the oldest waiting check has ever waited. */
  oldest: number;
}

async function run(o: SoakOptions, r: Running): Promise<SoakResult> {
  const { gate, simulator, hardware, ledger } = r;
  const complete = (): boolean => (gate.status().sync?.pull.scopes[0]?.completeAt ?? null) !== null;
  while (!complete()) await pause(100);
  o.progress(
    `list of ${simulator.model.tickets.size} tickets fetched; ${o.minutes} minutes at ${o.speed} times the speed of the world`,
  );
  const stop = new AbortController();
  const fresh = casesOf(simulator.model, 'P1', 'PERF1', Number.POSITIVE_INFINITY).valid;
  const began = performance.now();
  const crowd = hardware.map((h, i) => visit(r, h, `lane-${i + 1}`, fresh, stop.signal));
  const faults = storms(o, r, stop.signal);
  const watch = watchOver(o, r, stop.signal);
  while (performance.now() - began < o.minutes * 60_000 && ledger.problems.length === 0) await pause(200);
  stop.abort();
  const scans = (await Promise.all(crowd)).reduce((a, b) => a + b, 0);
  const { injected, calms, slowest } = await faults;
  await watch;
  const worldSeconds = (performance.now() - began) / 1000;

  o.progress('the day is over: what waits is delivered');
  const until = performance.now() + 120_000;
  while (gate.status().journal.waiting > 0 && performance.now() < until) {
    await gate.syncNow('push');
    await pause(200);
  }
  const { journal, sync } = gate.status();
  if (journal.waiting > 0)
    ledger.problem(
      `the day is over, and ${journal.waiting} of ${journal.lastSeq} records wait: acknowledged through ${sync?.push.cursor}, ${sync?.push.lastError ?? 'no error'}`,
    );
  await look(r, true);
  const controls = simulator.controls();
  const lost = ledger.lost(controls);
  const proof = await gate.verifyJournal(undefined);
  for (const p of proof.problems) ledger.problem(`the journal: ${p}`);
  if (ledger.admitted === 0 || Object.keys(injected).length === 0) ledger.problem('nothing happened');
  if (calms === 0) ledger.problem('the faults never paused: nobody watched the queue');
  if (ledger.pulses !== ledger.admitted)
    ledger.problem(`${ledger.admitted} admissions, and the barriers opened ${ledger.pulses} times`);
  const repeats = controls.reduce((n, c) => n + c.received - 1, 0);
  return {
    figures: {
      'minutes of the world': Number((worldSeconds / 60).toFixed(2)),
      'hours of the gate': Number(((worldSeconds * o.speed) / 3600).toFixed(1)),
      lanes: o.lanes,
      scans,
      'scans a second of the world': Number((scans / worldSeconds).toFixed(1)),
      checks: ledger.checks.size,
      admissions: ledger.admitted,
      'barrier openings': ledger.pulses,
      'grants that came too late and were given back': ledger.givenBack.size,
      'journal records, chain and usage proved': proof.records,
      'faults injected': Object.values(injected).reduce((a, b) => a + b, 0),
      ...Object.fromEntries(Object.entries(injected).map(([name, n]) => [`  ${name}`, n])),
      'times the faults paused and the queue was watched': calms,
      'slowest delivery of what waited then, seconds of the gate': Math.round(slowest / 1000),
      'oldest check that ever waited, minutes of the gate': Number((r.oldest / 60_000).toFixed(1)),
      'checks that reached SecuTix more than once': repeats,
      'checks lost': lost,
      'double admissions': ledger.doubles,
    },
    problems: ledger.problems,
  };
}

/**
 * Faults, and then none for a while, in turns. While everything fails the queue may grow as it likes; once nothing fails any more it must
 * be delivered: a push that stands still for another reason is found here.
 */
async function storms(
  o: SoakOptions,
  r: Running,
  signal: AbortSignal,
): Promise<{ injected: Record<string, number>; calms: number; slowest: number }> {
  const { simulator, hardware, random, gate, clock, ledger } = r;
  const jump = (ms: number): unknown => (r.ahead[0] = (r.ahead[0] as number) + ms);
  const storm = Math.min(STORM, (o.minutes * 60_000) / 3);
  const injected: Record<string, number> = {};
  let [calms, slowest] = [0, 0];
  while (!signal.aborted) {
    const over = within(storm, signal);
    const counts = await injectFaults({ simulator, hardware, random, jump }, over);
    for (const [name, n] of Object.entries(counts)) injected[name] = (injected[name] ?? 0) + n;
    if (signal.aborted) break;
    const target = gate.status().journal.lastSeq;
    const [since, sinceWorld] = [clock.monotonic(), performance.now()];
    const delivered = (): boolean => (gate.status().sync?.push.cursor ?? 0) >= target;
    while (!delivered()) {
      await pause(50);
      if (clock.monotonic() - since < CAUGHT_UP.gate || performance.now() - sinceWorld < CAUGHT_UP.world) continue;
      const { push } = gate.status().sync ?? {};
      ledger.problem(
        `nothing failed any more, and check ${target} still waits: acknowledged through ${push?.cursor}, ${push?.lastError ?? 'no error'}`,
      );
      return { injected, calms, slowest };
    }
    calms++;
    slowest = Math.max(slowest, clock.monotonic() - since);
  }
  return { injected, calms, slowest };
}

/** The visitors of one lane, one after the other; a third of them tries a code that somebody has shown before. */
async function visit(
  r: Running,
  hardware: Hardware,
  lane: string,
  fresh: string[],
  signal: AbortSignal,
): Promise<number> {
  const { gate, clock, random, ledger } = r;
  const wires = hardware.wires as NonNullable<Hardware['wires']>;
  const shown = shownCodes(r);
  let answered: () => void = () => {};
  const off = gate.onEvent(({ event, data }) => {
    if (event === 'decision' && data.lane === lane) answered();
  });
  let [scans, pulses] = [0, wires.relay.pulses];
  const count = (): void => {
    for (; pulses < wires.relay.pulses; pulses++) ledger.pulse(lane);
  };
  while (!signal.aborted) {
    const again = random() < 0.33 && shown.length > 0 ? shown[Math.floor(random() * shown.length)] : undefined;
    const code = again ?? fresh.pop();
    if (code === undefined) throw new Error('too few tickets for so many visitors');
    if (again === undefined) shown.push(code);
    if (shown.length > 200) shown.splice(0, 100);
    const waited = new Promise<void>((resolve) => {
      answered = resolve;
    });
    scans++;
    wires.barcode.scan(code);
    await Promise.race([waited, pause(PATIENCE)]);
    await clock.sleep(VISITOR_EVERY * 1000 * (0.5 + random()));
    count();
  }
  // A pulse that is still on its way belongs to an admission that is on the disk.
  await pause(500);
  count();
  off();
  return scans;
}

/** All lanes know of each other's visitors: the same ticket comes to two of them. */
const shared = new WeakMap<Gate, string[]>();
function shownCodes({ gate }: Running): string[] {
  const known = shared.get(gate);
  if (known) return known;
  const mine: string[] = [];
  shared.set(gate, mine);
  return mine;
}

/** `all`: what SecuTix has, too, which takes a while on a long day. */
async function look({ gate, ledger, simulator }: Running, all: boolean): Promise<void> {
  // First what SecuTix has, then the journal: what SecuTix has must be in it.
  const controls = all ? simulator.controls() : [];
  for (;;) {
    const records = await gate.journal({ after: ledger.last, limit: 5_000 });
    if (records.length === 0) break;
    ledger.read(records);
  }
  ledger.compare();
  ledger.reported(controls);
}

async function watchOver(o: SoakOptions, r: Running, signal: AbortSignal): Promise<void> {
  let waits = { seq: 0, since: 0 };
  for (let n = 1; !signal.aborted; n++) {
    await pause(LOOK_EVERY);
    await look(r, n % 20 === 0);
    const [next] = await r.gate.journal({ after: r.gate.status().sync?.push.cursor ?? 0, limit: 1 });
    // By the clock that does not jump: what is waited for is timed from when it was first seen to wait.
    if (next && next.seq === waits.seq) r.oldest = Math.max(r.oldest, r.clock.monotonic() - waits.since);
    else waits = { seq: next?.seq ?? 0, since: r.clock.monotonic() };
    if (n % 20 === 0)
      o.progress(
        `${Math.round(r.clock.monotonic() / 60_000)} min of the gate: ${r.ledger.checks.size} checks, ${r.ledger.admitted} admitted, ` +
          `${r.simulator.controls().length} at SecuTix, wrong so far: ${r.ledger.problems.length}`,
      );
  }
}
