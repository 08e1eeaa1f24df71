/** `npm run bench:venue [-- --only claims,gates,cancelled,new-gate] [--tickets 1000000] [--gates 100]`: a table on stderr, JSON on stdout; exit code 1 on a miss. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findProgram, LocalBroker } from '../../src/cli/demo/broker.js';
import { temporaryStage } from '../../src/cli/demo/stage.js';
import { gateName, HUB, passwordOf, VenueStage } from '../../src/cli/demo/venue-stage.js';
import { casesOf } from '../../src/simulator/model.js';
import { startSimulator } from '../../src/simulator/server.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { startRemoteSimulator } from './gate.js';
import { DiskFloor, Table, untilQuiet } from './measure.js';
import { benchRoundTrip, benchThroughput, Claimer } from './venue-claims.js';
import { benchGates } from './venue-gates.js';
import { benchCancelled, benchNewGate } from './venue-list.js';

// A hundred gates share this process, each of which has threads of its own in life; the hub has its own as always.
delete process.env.UV_THREADPOOL_SIZE;
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'claims,gates,cancelled,new-gate' },
    tickets: { type: 'string', default: '1000000' },
    gates: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '20' },
  },
});
const wanted = new Set(values.only.split(','));
const [tickets, gates, seconds] = [values.tickets, values.gates, values.seconds].map(Number) as [
  number,
  number,
  number,
];
const SECRET = 'the secret of the venue that is measured, 32+';
const log = (text: string): void => void process.stderr.write(`${text}\n`);

const table = new Table();
const row = table.add.bind(table);
const result: Record<string, unknown> = { node: process.version };

/** A broker, a hub with the list of a simulator, and folders for `count` gates; gone when `work` is done. */
async function withVenue(
  { count, secutixUrl }: { count: number; secutixUrl: string },
  work: (venue: { stage: VenueStage; broker: LocalBroker; names: string[]; folder: string }) => Promise<void>,
): Promise<void> {
  const place = temporaryStage();
  const names = Array.from({ length: count }, (_, i) => gateName(i));
  const broker = await LocalBroker.start({
    folder: path.join(place.folder, 'broker'),
    users: [HUB, ...names].map((name) => [name, passwordOf(name)] as const),
  });
  const { folder } = place;
  const stage = new VenueStage({ folder, gates: count, brokerUrl: broker.url, secutixUrl, secret: SECRET });
  try {
    stage.start(HUB);
    await stage.of(HUB).until((s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null, 600_000);
    await work({ stage, broker, names, folder });
  } finally {
    await stage.stop();
    await broker.stop();
    place.remove();
  }
}

async function claimRows(): Promise<void> {
  const simulator = await startSimulator({ port: 0, tickets: 300, seed: 1, callsPerMinute: 0 });
  await withVenue({ count: 16, secutixUrl: simulator.url }, async ({ broker, names, folder }) => {
    const claimers = names.map((name) => new Claimer(name, broker.url, SECRET));
    await Promise.all(claimers.map((c) => c.ready));
    const disk = new DiskFloor(folder);
    for (let n = 0; n < 200; n++) await disk.samplePooled();
    const floor = disk.pooled.sort((a, b) => a - b)[100] ?? 0;
    disk.close();
    log(`200 claims a second for ${seconds} s; one durable write of this disk takes ${floor.toFixed(2)} ms ...`);
    const trip = await benchRoundTrip(claimers, 200, seconds);
    row('claim round trip at 200 a second, p50', trip.p50 / 1000, 'ms', 2);
    row('the same, p99', trip.p99 / 1000, 'ms', 10);
    log('as many claims as the hub takes ...');
    const most = await benchThroughput(claimers, 25, seconds);
    row('durable claims a second of one hub', most.perSecond, '/s', 3_000, true);
    result.claims = { floorMs: floor, trip, most };
    await Promise.all(claimers.map((c) => c.close()));
  });
  await simulator.close();
}

async function gateRows(): Promise<void> {
  const count = gates * (seconds + 10);
  const simulator = await startSimulator({ port: 0, tickets: Math.ceil(count * 1.6), seed: 1, callsPerMinute: 0 });
  const codes = casesOf(simulator.model, 'P1', 'PERF1', count).valid;
  await withVenue({ count: gates, secutixUrl: simulator.url }, async ({ stage, names, folder }) => {
    log(`${gates} simulated gates, one visitor a second each, for ${seconds} s ...`);
    // One list for all of them: a hundred copies of one on one machine say nothing of a gate.
    const shared = path.join(folder, 'shared-list');
    const writer = await ListWriter.open(shared);
    const ticket = { state: 'VALID', season: 'S26', product: 'P1', performance: 'PERF1' } as const;
    const items = codes.map((barcode) => ({ kind: 'ticket' as const, ticket: { ...ticket, barcode } }));
    await writer.applyPage('bench', { items, cursor: '1', counted: items.length }, Date.now());
    await writer.close();
    const list = await TicketList.open(shared);
    const figures = await benchGates(stage, names, { secret: SECRET, list, codes, seconds });
    await list.close();
    result.gates = figures;
    row(`${gates} gates: scan to relay, p99`, figures.scan.p99 / 1000, 'ms', 25);
    row(`${gates} gates: visitors that were let in`, figures.admitted, '', gates * seconds * 0.95, true);
    for (const [what, q] of Object.entries({
      "the hub's word": figures.claim,
      'decision, disk and relay': figures.rest,
    }))
      log(`      ${what.padEnd(32)} p50 ${(q.p50 / 1000).toFixed(1)}  p99 ${(q.p99 / 1000).toFixed(1)} ms`);
    log(`      p50 ${(figures.scan.p50 / 1000).toFixed(1)} ms; refused: ${JSON.stringify(figures.refused)}`);
  });
  await simulator.close();
}

async function cancelledRows(): Promise<void> {
  const simulator = await startSimulator({ port: 0, tickets: 5_000, seed: 1, callsPerMinute: 0 });
  const codes = casesOf(simulator.model, 'P1', 'PERF1', 20).valid;
  await withVenue({ count: 4, secutixUrl: simulator.url }, async ({ stage, names }) => {
    for (const name of names) await benchNewGate(stage, name, 0);
    log('20 tickets are cancelled ...');
    const figures = await benchCancelled(stage, names, { simulator, codes });
    result.cancelledMs = figures;
    row('a cancelled ticket at all gates, after the hub has it, slowest', Math.max(...figures), 'ms', 2_000);
  });
  await simulator.close();
}

async function newGateRows(): Promise<void> {
  log(`a hub imports ${tickets} tickets ...`);
  const simulator = await startRemoteSimulator(tickets, 0);
  try {
    await withVenue({ count: 1, secutixUrl: simulator.url }, async ({ stage, names, folder }) => {
      await untilQuiet(path.join(folder, HUB, 'data', 'list'), 2_000);
      log('a gate with an empty disk ...');
      const figures = await benchNewGate(stage, names[0] as string, tickets * 0.9);
      result.newGate = figures;
      row('a new gate is ready', figures.seconds, 's', 60);
    });
  } finally {
    simulator.stop();
  }
}

if (!findProgram('mosquitto')) {
  log('mosquitto is missing: apt-get install mosquitto');
  process.exit(2);
}
if (wanted.has('claims')) await claimRows();
if (wanted.has('gates')) await gateRows();
if (wanted.has('cancelled')) await cancelledRows();
if (wanted.has('new-gate')) await newGateRows();
table.end(result, log, 62);
if (table.rows.length === 0) process.exitCode = 1;
