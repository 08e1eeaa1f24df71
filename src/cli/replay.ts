import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/load.js';
import { mask } from '../domain/credential.js';
import { NO_PROGRAMME } from '../domain/programme.js';
import type { JournalRecord } from '../domain/records.js';
import type { ReplayReport } from '../domain/replay.js';
import { Replay } from '../domain/replay.js';
import { dayNumber } from '../domain/zone.js';
import { PortillonError } from '../errors.js';
import { laneRules, programmeWith, ruleBook, rulesHash } from '../runtime-rules.js';
import { Journal } from '../store/journal.js';
import { GateApi } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';
import { filesOf, whileStopped } from './store-files.js';

interface ReplayOptions {
  config: string;
  data?: string;
  day?: string;
  stopped?: boolean;
  json: boolean;
}

const PAGE = 10_000;
const SHOWN = 50;

function date(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Allowed: a date such as 2026-07-04.');
  return text;
}

export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'decides the checks of the journal again and lists what differs; with another --config it tells what those rules would have done',
    )
    .addOption(new Option('--day <date>', 'only the checks of this service day, such as 2026-07-04').argParser(date))
    .option('--stopped', 'reads the files of a gate that does not run')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: ReplayOptions) => {
      const { config } = loadConfig(options.config);
      const book = ruleBook(config);
      const lanes = config.lanes.map((lane) => laneRules(config, lane, book));
      const day = options.day === undefined ? undefined : dayNumber(options.day);
      const replay = new Replay(lanes, book, {
        ...(day !== undefined && { from: book.days.startOf(day), to: book.days.startOf(day + 1) }),
        programme: programmeWith(config, NO_PROGRAMME, book.days),
      });
      if (options.stopped) await readFiles(options, (record) => replay.add(record));
      else await readGate(options.data ?? config.data, (record) => replay.add(record));
      const { report } = replay;
      const hash = rulesHash(config);
      const sameRules = report.configs.every((c) => c === hash);
      if (options.json) printJson({ ...report, config: hash, sameRules });
      else print(report, sameRules);
      // With other rules a difference is the answer, not a failure.
      process.exitCode = sameRules && report.differences.length > 0 ? EXIT.failed : EXIT.ok;
    });
}

async function readGate(data: string, take: (record: JournalRecord) => void): Promise<void> {
  const api = new GateApi(data);
  try {
    for (let after = 0; ;) {
      const records = await api.get<JournalRecord[]>(`/journal?limit=${PAGE}&after=${after}`);
      records.forEach(take);
      if (records.length === 0) return;
      after = records.at(-1)?.seq ?? after;
    }
  } finally {
    await api.close();
  }
}

async function readFiles(options: ReplayOptions, take: (record: JournalRecord) => void): Promise<void> {
  const { data, gate, storeKey } = filesOf(options);
  const folder = path.join(data, 'journal');
  if (!existsSync(folder)) throw new PortillonError('NO_JOURNAL', `there is no journal in ${data}`);
  await whileStopped(data, async () => {
    const journal = await Journal.open(folder, gate, storeKey);
    try {
      for (let after = 0; ;) {
        const records = await journal.readAfter(after, PAGE);
        records.forEach(take);
        if (records.length === 0) return;
        after = records.at(-1)?.seq ?? after;
      }
    } finally {
      await journal.close();
    }
  });
}

function print(r: ReplayReport, sameRules: boolean): void {
  printLine(`${r.checks} checks decided again: ${r.same} the same, ${r.differences.length} different`);
  if (!sameRules) printLine('these are other rules than the checks were decided on');
  const { steward, lane, history } = r.skipped;
  if (steward > 0) printLine(`${steward} were a steward's word`);
  if (lane > 0) printLine(`${lane} were at lanes that this configuration does not have`);
  if (r.skipped['no-basis'] > 0)
    printLine(`${r.skipped['no-basis']} were written before checks said what they were decided on`);
  if (history > 0) printLine(`${history} have a history that is no longer in the journal`);
  for (const d of r.differences.slice(0, SHOWN)) {
    const other = d.nowBarcode === undefined ? '' : ` with ${mask(d.nowBarcode)}`;
    printLine(
      `${String(d.seq).padStart(8)}  ${new Date(d.at).toISOString()}  ${d.lane}  ${mask(d.barcode)}  ${d.was} -> ${d.now}${other}`,
    );
  }
  if (r.differences.length > SHOWN) printLine(`and ${r.differences.length - SHOWN} more; --json has them all`);
  const reasons = [...new Set([...Object.keys(r.was), ...Object.keys(r.now)])].sort();
  for (const reason of reasons) printLine(`  ${reason.padEnd(28)} ${r.was[reason] ?? 0} -> ${r.now[reason] ?? 0}`);
}
