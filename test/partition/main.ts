/**
 * A venue as separate hosts, cut in every way, under a crowd that reuses its tickets: `npm run test:venue` (short), `-- --long` (8
 * gates, all partitions). The history of every gate, of the hub and of SecuTix is compared with what the policy promises.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/clock.js';
import { LocalBroker } from '../../src/cli/demo/broker.js';
import { totals, violations } from '../../src/cli/demo/venue-check.js';
import { allReady, conflictsOf, inStep, journalsOf, pause, until, VenueCrowd } from '../../src/cli/demo/venue-crowd.js';
import { gateName, HUB, passwordOf, VenueStage } from '../../src/cli/demo/venue-stage.js';
import type { ConflictReport } from '../../src/diagnostics/venue-model.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { casesOf } from '../../src/simulator/model.js';
import { startSimulator } from '../../src/simulator/server.js';
import { Net } from './net.js';
import { PARTITIONS } from './partitions.js';
import type { Venue } from './partitions.js';

type Policy = 'refuse' | 'budget' | 'home-only';
interface Plan {
  policy: Policy;
  partitions: string[];
  /** Tickets in the crowd's hands. */
  pool?: number;
  /** Slow people at the first gate. */
  slow?: true;
}

const long = process.argv.includes('--long');
const option = (name: string): string | undefined =>
  process.argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const only = option('only');
const mutation = option('mutate');
/** The plan of a mutation with nothing broken: it must pass. */
const plain = process.argv.includes('--plain');
const GATES = long ? 8 : 3;
const BUDGET = 2;
const DEADLINE = 150;
/** Milliseconds from clock to clock. Further than 15 minutes from SecuTix's a gate goes by the hub's time. */
const APART = long ? 120_000 : 240_000;
/** Milliseconds. What is broken on purpose need not be waited for long. */
const PATIENCE = mutation === undefined || plain ? 120_000 : 45_000;
const POOL = long ? 120 : 60;
/** New tickets a second in the long form: somebody is still admitted at its end. */
const GROW = long ? 8 : 0;
const MOST = long ? 4_000 : POOL;
const LANE = {
  id: 'lane-1',
  direction: 'entry',
  admits: { products: ['P1'], performances: ['PERF1'] },
  debounce: '0s',
  readers: [{ driver: 'virtual', medium: 'barcode' }],
};
/** People who take their time: their entry is promised and not yet confirmed. */
const SLOW = { passageTimeout: '25s', burn: 'grant', barrier: { driver: 'virtual', pulse: '30ms', sensor: true } };
const SECRET = 'the secret of the venue of the partition suite';
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const preload = (name: string): string =>
  fileURLToPath(new URL(`../../../test/partition/${name}.mjs`, import.meta.url));
/**
 * What breaks a promise, and where it shows. The idempotence key shows in the model alone (`claim-model.test.ts`): within one connection TCP
 * neither loses nor overtakes, and a claim whose connection broke has ended before there is another one.
 */
const MUTANTS: Readonly<Record<string, Plan>> = {
  deadline: { policy: 'refuse', partitions: ['gate cut'] },
  durable: { policy: 'refuse', partitions: ['hub killed'], pool: 6, slow: true },
};

const ALL = Object.keys(PARTITIONS);
const LONG: readonly Plan[] = (['refuse', 'budget', 'home-only'] as const).map((policy) => ({
  policy,
  partitions: ALL,
}));
const SHORT: readonly Plan[] = [
  { policy: 'refuse', partitions: ['gate cut', 'hub killed', 'loss 30 %', 'hub restored'] },
  { policy: 'budget', partitions: ['gate cut', 'broker down'] },
  { policy: 'home-only', partitions: ['gate cut'] },
];
const mutant = MUTANTS[mutation ?? ''];
const PLANS = mutant ? [mutant] : (long ? LONG : SHORT).filter((p) => only === undefined || p.policy === only);
if (mutation !== undefined && !mutant) throw new Error(`--mutate takes ${Object.keys(MUTANTS).join(', ')}`);

const say = (line: string): boolean => process.stderr.write(`${line}\n`);
let passed = 0;
let failed = 0;

async function run(plan: Plan, seed: number): Promise<void> {
  say(`\n${plan.policy}, ${GATES} gates: ${plan.partitions.join(', ')}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-venue-'));
  const net = new Net();
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true }), () => net.close()];
  try {
    const gates = Array.from({ length: GATES }, (_, i) => gateName(i));
    const shiftOf = (name: string): number => (name === HUB ? 0 : (gates.indexOf(name) - 1) * APART);
    const lateFile = (name: string): string => path.join(folder, `late-${name}`);
    await net.add('secutix', true);
    for (const name of ['broker', HUB, ...gates]) await net.add(name);
    const simulator = await startSimulator({
      port: 0,
      host: net.address('secutix'),
      tickets: long ? 6_000 : 600,
      seed,
      callsPerMinute: 0,
    });
    ends.push(() => simulator.close());
    const all = casesOf(simulator.model, 'P1', 'PERF1', plan.pool ?? MOST).valid;
    // Tickets have an entrance; each entrance is at home at one gate.
    const number = new Map(all.map((code, i) => [code, i % GATES]));
    const entrance = (i: number): string => `E${i % GATES}`;
    all.forEach(
      (code, i) =>
        simulator.model.tickets.get(code) &&
        Object.assign(simulator.model.tickets.get(code) as object, { entranceCode: entrance(i) }),
    );
    const homesOf = (code: string): string[] => [gateName(number.get(code) ?? 0)];
    const names = [HUB, ...gates];
    const broker = await LocalBroker.start({
      folder: path.join(folder, 'broker'),
      users: names.map((name) => [name, passwordOf(name)] as const),
      host: net.address('broker'),
      port: 1883,
      prefix: net.on('broker'),
    });
    ends.push(() => broker.stop());
    const stage = new VenueStage({
      folder,
      gates: GATES,
      brokerUrl: broker.url,
      secutixUrl: simulator.url,
      secret: SECRET,
      main: MAIN,
      claim: () => ({ policy: plan.policy, budget: BUDGET, deadline: `${DEADLINE}ms` }),
      config: (name) => (plan.slow && name === gates[0] ? { lanes: [{ ...LANE, ...SLOW }] } : {}),
      homes: (name) => (name === HUB ? [] : [`E${gates.indexOf(name)}`]),
      // Clocks of minutes apart.
      prefix: (name) => [
        ...net.on(name),
        'env',
        `NODE_OPTIONS=--import=${preload('shift')}${mutation === undefined || plain ? '' : ` --import=${preload('mutate')}`}`,
        `MUTATE=${plain ? '' : (mutation ?? '')}`,
        `LATE_FILE=${lateFile(name)}`,
        `SHIFT_MS=${shiftOf(name)}`,
      ],
    });
    ends.push(() => stage.stop());
    for (const name of names) stage.start(name);
    await allReady(stage, 120_000);
    // The night's copy of the hub's disk.
    await stage.of(HUB).stop();
    cpSync(path.join(stage.folder(HUB), 'data'), path.join(folder, 'last-night'), {
      recursive: true,
      filter: (file) => !file.endsWith('.sock'),
    });
    stage.start(HUB);
    await allReady(stage, 120_000);
    say('  the venue is up');

    const crowd = new VenueCrowd(stage, all, seededRandom(seed), { first: Math.min(POOL, all.length), grow: GROW });
    const venue: Venue = { net, broker, stage, gates, lastNight: path.join(folder, 'last-night'), pause };
    const cuts = new Map<string, number>();
    crowd.start(gates, long ? 250 : 160);
    // Somebody stands in the first gate before anything happens.
    if (plan.slow) await pause(3_000);
    let shown = 0;
    for (const name of plan.partitions) {
      const bound = watchBound(stage, gates);
      for (const gate of gates) cuts.set(gate, (cuts.get(gate) ?? 0) + (PARTITIONS[name]?.islands ?? 1));
      await PARTITIONS[name]?.happen(venue);
      await net.rules();
      for (const gate of gates)
        await until(
          `${gate} joined after "${name}"`,
          async () => (await stage.report(gate)).link?.state === 'joined',
          PATIENCE,
        );
      shown += (await bound()) * (PARTITIONS[name]?.islands ?? 1);
      await pause(plan.slow ? 5_000 : 1_500);
      say(`  ${name}: over, ${crowd.presented} people so far, ${crowd.out.length} tickets`);
    }
    await crowd.stop();
    const pool = crowd.out;
    await pause(500);
    await inStep(stage, PATIENCE);
    await sweep(venue, pool, crowd);
    const journals = await journalsOf(stage);
    await until(
      'everything at SecuTix',
      async () => {
        await inStep(stage, PATIENCE);
        const checks = [...journals.values()].flat().filter((r) => r.kind === 'check');
        const there = new Set(simulator.controls().map((c) => c.acIdentifier));
        return checks.every((c) => there.has(c.checkId));
      },
      PATIENCE,
    );
    const late = new Map(gates.map((gate) => [gate, lateness(lateFile(gate))] as const));
    const found = violations({
      policy: plan.policy,
      budget: BUDGET,
      partitions: (gate) => cuts.get(gate) ?? 0,
      homesOf,
      deadline: DEADLINE,
      late: (gate, from, to) => late.get(gate)?.(from, to) ?? 0,
      shown,
      journals,
      conflicts: await conflictsOf(stage),
      reported: simulator.controls(),
    });
    found.push(...notOpen(journals, pool), ...wrongTimes(await conflictsOf(stage), shiftOf));
    const t = totals(journals);
    say(
      `  ${pool.length} tickets, ${t.checks} checks, ${t.admitted} admitted (${t.risk} at a risk), ${t.refused} refused, ${t.excess} double entries`,
    );
    for (const violation of found) say(`  VIOLATION: ${violation}`);
    if (t.checks < 30) found.push('too few checks to mean anything');
    for (const name of plan.partitions) {
      if (found.length === 0) passed++;
      else failed++;
      void name;
    }
    if (found.length > 0) say(`  logs were in ${folder}`);
  } catch (error) {
    failed += plan.partitions.length;
    say(`  FAILED: ${(error as Error).message}`);
    if (process.env.KEEP) ends.splice(0, 1);
    say(`  ${folder}`);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Looks at the number of double entries that the hub, or without it the gates, say to be possible. Returns the greatest. */
function watchBound(stage: VenueStage, gates: readonly string[]): () => Promise<number> {
  let most = 0;
  let running = true;
  const look = async (): Promise<void> => {
    while (running) {
      const bound = async (name: string): Promise<number> => (await stage.report(name)).risk.bound;
      const whole = await bound(HUB).catch(async () => {
        const own = await Promise.all(gates.map((gate) => bound(gate).catch(() => 0)));
        return own.reduce((a, b) => a + b, 0);
      });
      most = Math.max(most, whole);
      await pause(500);
    }
  };
  const looking = look();
  return async () => {
    running = false;
    await looking;
    return most;
  };
}

/** Milliseconds around a check within which a late timer may have been noticed. */
const AROUND = 500;

function lateness(file: string): (from: number, to: number) => number {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const late = lines.map((line) => line.split(' ').map(Number) as [number, number]);
  return (from, to) =>
    late.reduce((most, [at, ms]) => (at > from - AROUND && at < to + AROUND ? Math.max(most, ms) : most), 0);
}

/** Whoever was never let in must be let in now: no entry right was lost on the way. */
async function sweep({ stage, gates }: Venue, pool: readonly string[], crowd: VenueCrowd): Promise<void> {
  const entered = entriesOf(await journalsOf(stage));
  const left = pool.filter((code) => !entered.has(code));
  const letIn = async (gate: string, codes: readonly string[]): Promise<void> => {
    const { api } = stage.of(gate);
    for (const code of codes) {
      const before = (await api.get<JournalRecord[]>('/journal?limit=1')).at(-1)?.seq ?? 0;
      const admitted = async (): Promise<boolean> => {
        const records = await api.get<JournalRecord[]>(`/journal?limit=1000&after=${before}`);
        return entriesOf(new Map([[gate, records]])).has(code);
      };
      // A claim may miss its deadline on a busy machine; the visitor tries again.
      await until(
        `${gate} admits whoever was never admitted`,
        async () => {
          if (await admitted()) return true;
          await crowd.present(gate, code);
          await pause(100);
          return admitted();
        },
        PATIENCE,
      );
    }
  };
  await Promise.all(
    gates.map((gate, n) =>
      letIn(
        gate,
        left.filter((_, i) => i % gates.length === n),
      ),
    ),
  );
  await inStep(stage, PATIENCE);
}

const entriesOf = (journals: ReadonlyMap<string, readonly JournalRecord[]>): Set<string> =>
  new Set([...journals.values()].flat().flatMap((r) => (r.kind === 'check' && r.admitted ? [r.barcode] : [])));

function notOpen(journals: ReadonlyMap<string, readonly JournalRecord[]>, pool: readonly string[]): string[] {
  const entered = entriesOf(journals);
  return pool
    .filter((code) => !entered.has(code))
    .map(() => 'a valid ticket was never admitted, although it was shown again');
}

/** The ledger's times by the hub's clock: all clocks of this machine are one, but for what they were shifted by. */
function wrongTimes(conflicts: readonly ConflictReport[], shiftOf: (gate: string) => number): string[] {
  return conflicts
    .flatMap((c) => [c.first, c.second])
    .filter((s) => s.hubTime !== null && Math.abs(s.hubTime - (s.at - shiftOf(s.gate))) > (s.within ?? 0) + 2)
    .map((s) => `the ledger has ${s.checkId ?? '?'} at a time that is more than ${s.within} ms wrong`);
}

if (process.getuid?.() !== 0) {
  say('the partition suite makes network namespaces: it needs root');
  process.exit(1);
}
const started = performance.now();
for (const [i, plan] of PLANS.entries()) await run(plan, 11 + i);
say(`\n${passed} partitions survived, ${failed} not, in ${Math.round((performance.now() - started) / 1000)} s`);
if (process.env.VENUE_JSON) writeFileSync(process.env.VENUE_JSON, JSON.stringify({ passed, failed }));
if (mutation !== undefined && !plain) {
  say(failed > 0 ? `the mutation "${mutation}" was noticed` : `THE MUTATION "${mutation}" WENT UNNOTICED`);
  process.exit(failed > 0 && PLANS.length > 0 ? 0 : 1);
}
process.exit(failed === 0 && passed > 0 ? 0 : 1);
