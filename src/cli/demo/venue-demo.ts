import path from 'node:path';
import { seededRandom } from '../../clock.js';
import { PortillonError } from '../../errors.js';
import { casesOf } from '../../simulator/model.js';
import { startSimulator } from '../../simulator/server.js';
import { EXIT, printJson, printLine } from '../output.js';
import { findProgram, installBroker, LocalBroker } from './broker.js';
import { temporaryStage } from './stage.js';
import { totals, violations } from './venue-check.js';
import { allReady, conflictsOf, inStep, journalsOf, pause, until, VenueCrowd } from './venue-crowd.js';
import { gateName, HUB, passwordOf, VenueStage } from './venue-stage.js';

export interface VenueDemoOptions {
  gates: number;
  seed: number;
  tickets: number;
  policy: 'refuse' | 'budget' | 'home-only';
  install: boolean;
  json: boolean;
}

const BUDGET = 5;
const DEADLINE = 150;
const PATIENCE = 120_000;
/** Tickets of the crowd: few, so that they come again. */
const POOL = 80;
/** Milliseconds. */
const ACT = 8_000;
const SECRET = 'the secret of the venue of the demo, 32+';

/** A venue on one machine, a crowd that reuses its tickets, and plugs that are pulled. Exit code 0 only if it kept its word. */
export async function runVenueDemo(options: VenueDemoOptions): Promise<void> {
  const say = (line: string): unknown => (options.json ? undefined : printLine(line));
  if (options.install && !findProgram('mosquitto')) installBroker();
  const place = temporaryStage();
  const ends: (() => unknown)[] = [() => place.remove()];
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new PortillonError('DEMO', 'interrupted')));
  });
  try {
    await Promise.race([play(), interrupted]);
  } finally {
    for (const end of ends.reverse()) await end();
  }

  async function play(): Promise<void> {
    const gates = Array.from({ length: options.gates }, (_, i) => gateName(i));
    const names = [HUB, ...gates];
    const broker = await LocalBroker.start({
      folder: path.join(place.folder, 'broker'),
      users: names.map((name) => [name, passwordOf(name)] as const),
    });
    ends.push(() => broker.stop());
    const simulator = await startSimulator({ port: 0, tickets: options.tickets, seed: options.seed });
    ends.push(() => simulator.close());
    const pool = casesOf(simulator.model, 'P1', 'PERF1', POOL).valid;
    pool.forEach((code, i) =>
      Object.assign(simulator.model.tickets.get(code) ?? {}, { entranceCode: `E${i % options.gates}` }),
    );
    const stage = new VenueStage({
      folder: place.folder,
      gates: options.gates,
      brokerUrl: broker.url,
      secutixUrl: simulator.url,
      secret: SECRET,
      claim: () => ({ policy: options.policy, budget: BUDGET, deadline: `${DEADLINE}ms` }),
      homes: (name) => (name === HUB ? [] : [`E${gates.indexOf(name)}`]),
    });
    ends.push(() => stage.stop());
    for (const name of names) stage.start(name);
    say(
      `broker at ${broker.url}, SecuTix simulator at ${simulator.origin}, hub and ${gates.length} gates in ${place.folder}`,
    );
    await allReady(stage, PATIENCE);
    say(`every gate has the hub's list of ${options.tickets} tickets; policy ${options.policy}`);

    const crowd = new VenueCrowd(stage, pool, seededRandom(options.seed));
    crowd.start(gates, 400);
    const joined = (): Promise<void> =>
      Promise.all(
        gates.map((g) => until(`${g} joined`, async () => (await stage.report(g)).link?.state === 'joined', PATIENCE)),
      ).then(() => undefined);
    const act = async (what: string, happen: () => Promise<void>): Promise<void> => {
      say(`\n${what}`);
      await happen();
      const reports = await Promise.all(gates.map((g) => stage.report(g).catch(() => undefined)));
      const alone = reports.filter((r) => r?.link?.state === 'alone').length;
      const bound = reports.reduce((sum, r) => sum + (r?.link?.state === 'alone' ? (r.risk.bound ?? 0) : 0), 0);
      say(`  ${alone} of ${gates.length} gates are cut off; double entries possible now, at most: ${bound}`);
    };
    await act('all is well: the hub counts every entry', () => pause(ACT / 2));
    await act("the broker's plug is pulled (kill -9)", async () => {
      await broker.stop('SIGKILL');
      await pause(ACT);
    });
    await broker.start();
    await joined();
    say('  the broker is back: every gate joined again by itself');
    await act("the hub's plug is pulled (kill -9)", async () => {
      await stage.of(HUB).kill('SIGKILL');
      await pause(ACT);
    });
    stage.start(HUB);
    await joined();
    say('  the hub is back with its disk: it remembers every entry it counted');
    await crowd.stop();
    await pause(500);
    await inStep(stage, PATIENCE);
    const journals = await journalsOf(stage);
    const checks = [...journals.values()].flat().filter((r) => r.kind === 'check');
    const there = (): Set<string> => new Set(simulator.controls().map((c) => c.acIdentifier));
    await until('every check at SecuTix', async () => checks.every((c) => there().has(c.checkId)), PATIENCE);
    const conflicts = await conflictsOf(stage);
    const found = violations({
      policy: options.policy,
      budget: BUDGET,
      partitions: () => 2,
      homesOf: (code) => [gateName(pool.indexOf(code) % options.gates)],
      deadline: DEADLINE,
      journals,
      conflicts,
      reported: simulator.controls(),
    });
    const sum = totals(journals);
    const ok = found.length === 0 && sum.checks > 0;
    if (options.json) printJson({ ok, ...sum, conflicts, violations: found });
    else {
      printLine(`\n${sum.checks} people: ${sum.admitted} admitted (${sum.risk} at a risk), ${sum.refused} refused`);
      printLine(`double entries: ${sum.excess}; the ledger names both checks of each:`);
      for (const c of conflicts.slice(0, 5))
        printLine(`  ${c.code}: ${c.first.gate} (${c.first.how}) and ${c.second.gate} (${c.second.how})`);
      for (const violation of found) printLine(`  ${violation}`);
      printLine(ok ? `OK: the venue kept what policy ${options.policy} promises` : 'FAILED: the venue broke its word');
    }
    process.exitCode = ok ? EXIT.ok : EXIT.failed;
  }
}
