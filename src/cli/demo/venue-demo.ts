import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../clock.js';
import type { VenueCounts } from '../../diagnostics/venue-model.js';
import { PortillonError } from '../../errors.js';
import { casesOf } from '../../simulator/model.js';
import { startSimulator } from '../../simulator/server.js';
import { EXIT, printJson, printLine } from '../output.js';
import { findProgram, installBroker, LocalBroker } from './broker.js';
import { Cable } from './cable.js';
import { temporaryStage } from './stage.js';
import { totals, violations } from './venue-check.js';
import { allReady, conflictsOf, inStep, journalsOf, pause, until, VenueCrowd } from './venue-crowd.js';
import { parseFaults, playByHand, playFaults, Plugs, USUAL } from './venue-faults.js';
import { gateName, HUB, passwordOf, VenueStage } from './venue-stage.js';

export interface VenueDemoOptions {
  gates: number;
  seed: number;
  tickets: number;
  policy: 'refuse' | 'budget' | 'home-only';
  install: boolean;
  json: boolean;
  /** Plugs that are pulled, one after the other; see `parseFaults`. */
  faults?: string;
  /** Plugs are pulled by hand. */
  interactive: boolean;
}

const BUDGET = 5;
const DEADLINE = 150;
const PATIENCE = 120_000;
/** Tickets of the crowd: few, so that they come again. */
const POOL = 80;
/** Milliseconds. */
const ACT = 8_000;
const MAY = ['mode', 'sync', 'selftest', 'pulse', 'log-level', 'give-back', 'force'];
const SECRET = 'the secret of the venue of the demo, 32+';

/** A venue on one machine, a crowd that reuses its tickets, and plugs that are pulled. Exit code 0 only if it kept its word. */
export async function runVenueDemo(options: VenueDemoOptions): Promise<void> {
  const gates = Array.from({ length: options.gates }, (_, i) => gateName(i));
  const faults = parseFaults(options.faults ?? USUAL, gates);
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
    const names = [HUB, ...gates];
    const broker = await LocalBroker.start({
      folder: path.join(place.folder, 'broker'),
      users: [...names, 'operator', 'monitor'].map((name) => [name, passwordOf(name)] as const),
    });
    ends.push(() => broker.stop());
    const simulator = await startSimulator({ port: 0, tickets: options.tickets, seed: options.seed });
    ends.push(() => simulator.close());
    const pool = casesOf(simulator.model, 'P1', 'PERF1', POOL).valid;
    pool.forEach((code, i) =>
      Object.assign(simulator.model.tickets.get(code) ?? {}, { entranceCode: `E${i % options.gates}` }),
    );
    // Each gate's own cable to the broker, so that one alone can be cut off.
    const cables = new Map<string, Cable>();
    for (const gate of gates) cables.set(gate, await Cable.lay(broker));
    ends.push(async () => {
      for (const cable of cables.values()) await cable.close();
    });
    // Whoever sits in front of it may give commands.
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const commander = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    const keyFile = path.join(place.folder, 'you.pem');
    writeFileSync(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const passwordFile = path.join(place.folder, 'operator.pw');
    writeFileSync(passwordFile, passwordOf('operator'), { mode: 0o600 });
    const stage = new VenueStage({
      folder: place.folder,
      gates: options.gates,
      brokerUrl: broker.url,
      secutixUrl: simulator.url,
      secret: SECRET,
      venue: (name) => {
        const cable = cables.get(name);
        const commanders = [{ name: 'you', key: commander, may: MAY }];
        if (!cable) return { commanders };
        const url = `mqtt://127.0.0.1:${cable.port}`;
        return { commanders, broker: { url, username: name, password: passwordOf(name) } };
      },
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
    const whole = async (): Promise<void> => {
      for (const g of gates)
        await until(`${g} joined`, async () => (await stage.report(g)).link?.state === 'joined', PATIENCE);
    };
    const look = async (): Promise<string> => {
      const reports = await Promise.all(gates.map((g) => stage.report(g).catch(() => undefined)));
      const alone = gates.filter((_, i) => reports[i]?.link?.state !== 'joined');
      const bound = reports.reduce((sum, r) => sum + (r?.link?.state === 'alone' ? r.risk.bound : 0), 0);
      const counts = await stage
        .of(HUB)
        .api.get<VenueCounts>('/venue/counts')
        .catch(() => undefined);
      const inside = counts ? `${counts.inside} inside, ${counts.refused} refused` : 'the hub is away';
      const who = alone.length === 0 ? 'all gates are in touch' : `cut off: ${alone.join(', ')}`;
      return `${who}; ${inside}; double entries possible now, at most: ${bound}`;
    };
    if (options.interactive)
      say(
        `in another terminal:\n  portillon venue status --config ${stage.configFile(HUB)}\n  portillon venue command gate-1 mode --lane lane-1 --mode closed --by you --key ${keyFile} --broker ${broker.url} --password-file ${passwordFile}`,
      );
    const plugs = new Plugs(stage, broker, cables);
    const show = { plugs, gates, say, look, whole };
    say('\nall is well: the hub counts every entry');
    await pause(ACT / 2);
    say(`  ${await look()}`);
    await (options.interactive ? playByHand(show) : playFaults(faults, show));
    await plugs.plugInAll();
    await whole();
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
      // On a busy machine an answer that comes late is a cut of its own.
      partitions: (gate) => (plugs.partitions.get(gate) ?? 0) + 2,
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
