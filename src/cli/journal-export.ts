import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { Command, Option } from 'commander';
import { loadConfig } from '../config/load.js';
import type { StatusReport } from '../diagnostics/read-model.js';
import type { CheckRecord, JournalRecord, OutcomeRecord } from '../domain/records.js';
import { reportTable } from '../runtime-settings.js';
import type { ReportRow } from '../secutix/settings.js';
import { toWireControl } from '../secutix/wire.js';
import { Journal } from '../store/journal.js';
import type { RejectedCheck } from '../store/sync-state.js';
import { SyncState } from '../store/sync-state.js';
import { toReport } from '../sync/push.js';
import { wholeFile } from './file-trouble.js';
import { askGate } from './gate-api.js';
import type { ReadRefused } from './journal-refused.js';
import { allRefused, refusedOf } from './journal-refused.js';
import { configOption, dataOption } from './options.js';
import { EXIT, printLine } from './output.js';
import { filesOf, whileStopped } from './store-files.js';

interface Options {
  config: string;
  data?: string;
  format: 'csv' | 'jsonl' | 'checked';
  waiting: boolean;
  refused: boolean;
  stopped: boolean;
  organiser: string;
  product: string;
}

/** Records read at once. */
const PIECE = 5_000;
type Read = (after: number) => Promise<JournalRecord[]>;
interface Source {
  read: Read;
  refused: ReadRefused;
}

export function journalExportCommand(): Command {
  return new Command('export')
    .description('writes the checks into a file, for an upload by other means or an inspection')
    .argument('<file>', 'where to')
    .addOption(
      new Option(
        '--format <format>',
        "csv: acIdentifier;barcode;controlDate;controlResult;failureReason as SecuTix would be told; jsonl: whole records, one a line; checked: SecuTix's older file of admissions (needs --organiser and --product)",
      )
        .choices(['csv', 'jsonl', 'checked'])
        .default('csv'),
    )
    .option('--waiting', 'only what SecuTix has not acknowledged', false)
    .addOption(
      new Option(
        '--refused',
        "only what SecuTix refused, in jsonl with SecuTix's words; without it these are among the others",
      )
        .default(false)
        .conflicts('waiting'),
    )
    .option('--organiser <code>', 'for the first line of the checked file', '')
    .option('--product <code>', 'for the first line of the checked file', '')
    .option('--stopped', 'opens the files of a gate that does not run, instead of asking it', false)
    .addOption(configOption())
    .addOption(dataOption())
    .action(async (file: string, options: Options, command: Command) => {
      if (options.format === 'checked' && (options.organiser === '' || options.product === ''))
        command.error('error: the checked file needs --organiser and --product', { exitCode: EXIT.usage });
      const count = options.stopped
        ? await fromFiles(options, file)
        : await askGate(options, async (api) => {
            const { sync } = await api.get<StatusReport>('/status');
            const read: Read = (after) => api.get<JournalRecord[]>(`/journal?limit=${PIECE}&after=${after}`);
            const refused: ReadRefused = (after) => api.get<RejectedCheck[]>(`/journal/refused?after=${after}`);
            return write(file, options, { read, refused }, options.waiting ? (sync?.push.cursor ?? 0) : 0);
          });
      printLine(`${count} check(s) in ${file}; its barcodes are admission rights: keep it safe`);
    });
}

async function fromFiles(options: Options, file: string): Promise<number> {
  const { data, storeKey, gate } = filesOf(options);
  return whileStopped(data, async () => {
    const journal = await Journal.open(path.join(data, 'journal'), gate, storeKey);
    const state = await SyncState.open(path.join(data, 'sync'), storeKey);
    try {
      const read: Read = (after) => journal.readAfter(after, PIECE);
      return await write(file, options, { read, refused: refusedOf(state) }, options.waiting ? state.pushCursor : 0);
    } finally {
      await journal.close();
      await state.close();
    }
  });
}

async function write(file: string, options: Options, source: Source, after: number): Promise<number> {
  const { format } = options;
  const { config } = loadConfig(options.config);
  const table = reportTable(config.secutix.report);
  const count = { checks: 0 };
  const { read, refused } = source;
  const outcomes: Outcomes = options.refused ? new Map<number, Outcome>() : await outcomesAfter(read, after);
  const all = options.refused ? refusedChecks(refused, outcomes) : allChecks(source, options, after, outcomes);
  const checks = counted(format === 'checked' ? admissions(all, outcomes) : all, count);
  await wholeFile(file, async (out) => {
    if (format === 'jsonl') return pipeline(jsonLines(checks, outcomes), out);
    const rows = format === 'csv' ? controlRows(checks, outcomes, table) : checkedRows(checks, options);
    return pipeline(rows, stringify({ delimiter: ';', record_delimiter: '\n', quote: false }), out);
  });
  return count.checks;
}

type Outcome = OutcomeRecord['outcome'];
type Outcomes = Map<number, Outcome>;

async function* recordsAfter(read: Read, after: number): AsyncGenerator<JournalRecord> {
  for (let from = after; ;) {
    const piece = await read(from);
    const last = piece.at(-1);
    if (!last) return;
    yield* piece;
    from = last.seq;
  }
}

/** Only those that change what is reported: an outcome comes after its check. */
async function outcomesAfter(read: Read, after: number): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  for await (const record of recordsAfter(read, after))
    if (record.kind === 'outcome' && record.outcome === 'not-passed') outcomes.set(record.of, record.outcome);
  return outcomes;
}

/** The journal's checks; before them those that SecuTix refused and whose records are forgotten. */
async function* allChecks(
  { read, refused }: Source,
  { waiting }: Options,
  after: number,
  outcomes: Outcomes,
): AsyncGenerator<CheckRecord> {
  if (!waiting) {
    const [oldest] = await read(0);
    for await (const check of refusedChecks(refused, outcomes)) {
      if (oldest && check.seq >= oldest.seq) break;
      yield check;
    }
  }
  for await (const record of recordsAfter(read, after)) if (record.kind === 'check') yield record;
}

type Refused = CheckRecord & { refused: Pick<RejectedCheck, 'at' | 'statusCode' | 'statusDetail'> };

async function* refusedChecks(read: ReadRefused, outcomes: Outcomes): AsyncGenerator<Refused> {
  for await (const { check, outcome, at, statusCode, statusDetail } of allRefused(read)) {
    if (!check) continue;
    if (outcome === 'not-passed') outcomes.set(check.seq, outcome);
    yield { ...check, refused: { at, statusCode, statusDetail } };
  }
}

async function* counted(checks: AsyncIterable<CheckRecord>, count: { checks: number }): AsyncGenerator<CheckRecord> {
  for await (const check of checks) {
    count.checks++;
    yield check;
  }
}

async function* controlRows(
  checks: AsyncIterable<CheckRecord>,
  outcomes: Outcomes,
  table: Readonly<Record<string, ReportRow>>,
): AsyncGenerator<string[]> {
  for await (const check of checks) {
    const { report } = toReport({ check, outcome: outcomes.get(check.seq) });
    const { acIdentifier, barcode, controlDate, controlResult, failureReason } = toWireControl(report, table);
    yield [acIdentifier, barcode, controlDate, controlResult, failureReason ?? ''];
  }
}

/** Facts: first line organiser;;product, then barcode;date of every admission. */
async function* checkedRows(
  checks: AsyncIterable<CheckRecord>,
  { organiser, product }: Options,
): AsyncGenerator<string[]> {
  yield [organiser, '', product];
  for await (const check of checks) yield [check.barcode, new Date(check.at).toISOString().slice(0, 19)];
}

async function* admissions(checks: AsyncIterable<CheckRecord>, outcomes: Outcomes): AsyncGenerator<CheckRecord> {
  for await (const check of checks) if (check.admitted && !outcomes.has(check.seq)) yield check;
}

async function* jsonLines(checks: AsyncIterable<CheckRecord>, outcomes: Outcomes): AsyncGenerator<string> {
  for await (const check of checks) {
    const outcome = outcomes.get(check.seq);
    yield `${JSON.stringify(outcome === undefined ? check : { ...check, outcome })}\n`;
  }
}
