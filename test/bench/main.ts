/** `npm run bench [-- --tickets 1000000 --scans 1500 --skip-limited]`: a table on stderr, JSON on stdout; exit code 1 when a figure is missed. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { benchCodecs } from './codecs.js';
import { benchDecision, fillList } from './decision.js';
import { benchGate, benchLimited } from './gate.js';
import type { Quantiles } from './measure.js';
import { Table } from './measure.js';
import { benchStore } from './store.js';
import { benchContainer, benchRules } from './rules.js';
import { benchPush, benchSync } from './sync.js';

const { values } = parseArgs({
  options: {
    tickets: { type: 'string', default: '1000000' },
    scans: { type: 'string', default: '1500' },
    'skip-limited': { type: 'boolean', default: false },
    'decision-only': { type: 'boolean', default: false },
    'codecs-only': { type: 'boolean', default: false },
    'store-only': { type: 'boolean', default: false },
    'sync-only': { type: 'boolean', default: false },
    'rules-only': { type: 'boolean', default: false },
    'gate-only': { type: 'boolean', default: false },
  },
});
const tickets = Number(values.tickets);
const log = (text: string): void => void process.stderr.write(`${text}\n`);
const table = new Table();
const row = table.add.bind(table);
const result: Record<string, unknown> = { tickets, node: process.version };

const codecs = benchCodecs();
result.codecs = codecs;
log('last byte of a frame to its read, us');
for (const [name, q] of Object.entries(codecs))
  log(`      ${name.padEnd(32)} p50 ${q.p50.toFixed(1).padStart(6)}  p99 ${q.p99.toFixed(1).padStart(6)}`);
const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-bench-'));
const alone = (['codecs-only', 'store-only', 'sync-only', 'rules-only', 'gate-only'] as const).some((o) => values[o]);
if (values['store-only'] || !alone) await benchStoreRows();
if (values['sync-only'] || (!alone && !values['decision-only'])) await benchSyncRows();
if (!alone) await benchDecisionRow();
if (values['rules-only'] || (!alone && !values['decision-only'])) await benchRulesRows(values['rules-only']);
rmSync(folder, { recursive: true, force: true });

async function benchSyncRows(): Promise<void> {
  const figures = await benchSync(tickets, log);
  result.sync = figures;
  row('first import, limiter off', figures.importSeconds, 's', (25 * tickets) / 1e6);
  row('peak memory of the process in it', figures.peakMb, 'MB', 260);
  row('grey delta of 5,000 lines into the full list, p50', figures.delta.p50 / 1000, 'ms', 150);
  const { idle, withDeltas, deltas, lines } = figures.beside;
  row('scan to relay while such deltas come, p99 (1.5 x without)', withDeltas.p99, 'us', 1.5 * idle.p99);
  log(
    `      ${deltas} deltas, ${lines} lines; p50 ${idle.p50} without, ${withDeltas.p50} us with them; p99 without ${idle.p99} us`,
  );
  const push = await benchPush(log);
  result.push = push;
  row('10,000 waiting checks, 60 calls a minute (floor + 5 %)', push.seconds, 's', 1.05 * push.floorSeconds);
  log(`10,000 waiting checks with the limiter off: ${push.unlimitedSeconds.toFixed(2)} s, ${push.calls} calls`);
}

async function benchStoreRows(): Promise<void> {
  log('durable appends, open and sealed, beside the floor of the disk ...');
  const s = await benchStore(folder, 3_000);
  result.store = s;
  row('durable append, p50 (1.5 x floor)', s.append.p50, 'us', 1.5 * s.floor.p50);
  row('the same with store.protect, p50 (1.5 x floor + 60)', s.sealed.p50, 'us', 1.5 * s.floor.p50 + 60);
  log(`      floor p50 ${s.floor.p50}  p99 ${s.floor.p99} us; append p99 ${s.append.p99}, sealed ${s.sealed.p99} us`);
  log(`      usage of a ticket p50 ${s.usage.p50}, sealed ${s.usageSealed.p50} us`);
}

/** Rules from stored bytes; then a card with twenty tickets in the list of all. */
async function benchRulesRows(fill: boolean): Promise<void> {
  const rules = benchRules();
  result.rules = rules;
  row('decide, all rules, 500 past entries (200,000/s)', 1e6 / rules.decide.perSecond, 'us', 5);
  row('the same, p99', rules.decide.p99, 'us', 20);
  const pace = (name: string, p: (typeof rules)['decide']): void =>
    log(`      ${name}: ${Math.round(p.perSecond)}/s, p50 ${p.p50.toFixed(1)} us, p99 ${p.p99.toFixed(1)} us`);
  log('decisions with all rules and 500 past entries');
  pace('decide alone', rules.decide);
  pace('the same on the first visit of a day, with 250 different days to count', rules.firstOfDay);
  pace(`the first from its ${rules.bytes} bytes, checked and decoded each time`, rules.fromBytes);
  if (fill) {
    log(`a card of 20 tickets among ${tickets} ...`);
    await fillList(`${folder}/list`, tickets);
  }
  const container = await benchContainer(folder, tickets);
  result.container = container;
  row('look-up + decide, card of 20 tickets, p99', container.p99, 'us', 250);
}

async function benchDecisionRow(): Promise<void> {
  log(`decision with ${tickets} tickets ...`);
  result.fillSeconds = await fillList(`${folder}/list`, tickets);
  const decision = await benchDecision(folder, tickets, 200_000);
  result.decision = decision;
  row('look-up + decide, p99', decision.p99, 'us', 100);
}
if (values['gate-only'] || (!values['decision-only'] && !alone)) {
  const g = await benchGate(tickets, Number(values.scans), log);
  result.gate = g;
  row('scan to relay, idle, p50 (2.5 x floor)', g.idle.line.p50, 'us', 2.5 * g.floor.p50);
  row('scan to relay, idle, p99 (3 x floor)', g.idle.line.p99, 'us', 3 * g.floor.p99);
  row('scan to relay, while importing, p50 (2 x that)', g.whileImporting.p50, 'us', 2 * g.idle.line.p50);
  row('scan to relay, while importing, p99 (2 x that)', g.whileImporting.p99, 'us', 2 * g.idle.line.p99);
  row('first import, limiter off', g.importSeconds, 's', (40 * tickets) / 1e6);
  row('resident memory, full list', g.memoryAfterRestartMb, 'MB', 220);
  row('start to ready', g.readyAfterMs, 'ms', 1000);
  if (!values['skip-limited']) {
    log('first import of 100,000 tickets, limiter on (about 20 s) ...');
    const seconds = await benchLimited(100_000);
    result.limitedSeconds = seconds;
    row('100,000 tickets, limiter on (20 s + 5 %)', seconds, 's', 21);
  }
  const tell = (what: string, q: { p50: number; p99: number }): void =>
    log(`      ${what.padEnd(44)} p50 ${String(q.p50).padStart(6)}  p99 ${String(q.p99).padStart(6)}`);
  log('floor (append + fdatasync), us');
  tell('after the rest that a scan has', g.floor);
  tell('the same through the thread pool', g.floorPooled);
  tell('one right after the other', g.floorInARow);
  log('scan to relay, idle, us');
  tell('character by character (9600 baud)', g.idle.line);
  tell('in one piece, with no warning (USB)', g.idle.packet);
  log('where the time of an idle scan goes, us');
  for (const [way, stages] of Object.entries(g.stages))
    for (const [stage, q] of Object.entries(stages)) tell(`${way}, ${stage}`, q as Quantiles);
}
table.end(result, log, 50);
