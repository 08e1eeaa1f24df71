import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { StatusReport, TicketReport } from '../diagnostics/read-model.js';
import { mask } from '../domain/credential.js';
import type { PortillonError } from '../errors.js';
import type { JournalRecord } from '../domain/records.js';
import type { ControlHistory } from '../secutix/types.js';
import type { Discrepancy, LocalCheck } from '../sync/reconcile.js';
import { reconcile } from '../sync/reconcile.js';
import type { GateApi } from './gate-api.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, integer, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  sample: number;
  codes?: string;
}

interface Result {
  asked: number;
  checks: number;
  differences: { barcode: string; found: Discrepancy[] }[];
  /** Why it ended before all were asked. */
  stopped?: string;
}

export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description(
      "compares this gate's acknowledged checks with SecuTix's own history; one call of the allowance a barcode",
    )
    .addOption(
      new Option('--sample <n>', 'so many barcodes, spread over the journal').argParser(integer(1, 5_000)).default(20),
    )
    .option('--codes <file>', 'the barcodes of this file instead, one a line')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const result = await askGate(options, (api) => compare(api, options));
      if (options.json) printJson(result);
      else print(result);
      process.exitCode =
        result.stopped !== undefined ? EXIT.failed : result.differences.length > 0 ? EXIT.degraded : EXIT.ok;
    });
}

/** Records read at once. */
const PIECE = 5_000;

/** Acknowledged checks by barcode: later ones SecuTix need not have yet. */
async function acknowledged(api: GateApi): Promise<Map<string, LocalCheck[]>> {
  const { sync } = await api.get<StatusReport>('/status');
  const through = sync?.push.cursor ?? 0;
  const checks = new Map<string, (LocalCheck & { seq: number })[]>();
  const notPassed = new Set<number>();
  for (let after = 0; ;) {
    const piece = await api.get<JournalRecord[]>(`/journal?limit=${PIECE}&after=${after}`);
    for (const r of piece) {
      if (r.kind === 'outcome' && r.outcome === 'not-passed') notPassed.add(r.of);
      if (r.kind !== 'check' || r.seq > through) continue;
      const { seq, checkId, at, admitted } = r;
      checks.set(r.barcode, [...(checks.get(r.barcode) ?? []), { seq, checkId, at, admitted }]);
    }
    const last = piece.at(-1);
    if (!last) break;
    after = last.seq;
  }
  for (const list of checks.values()) for (const check of list) if (notPassed.has(check.seq)) check.admitted = false;
  return checks;
}

async function compare(api: GateApi, options: Options): Promise<Result> {
  const local = await acknowledged(api);
  const barcodes = options.codes === undefined ? spread([...local.keys()], options.sample) : codesOf(options.codes);
  const result: Result = { asked: 0, checks: 0, differences: [] };
  const progress = !options.json && process.stderr.isTTY;
  for (const barcode of barcodes) {
    const code = encodeURIComponent(barcode);
    const { tickets } = await api.get<TicketReport>(`/ticket/${code}`);
    const remote = await api.get<ControlHistory>(`/ticket/${code}/remote`).catch((error: PortillonError) => error);
    // Only its own word counts as SecuTix's answer: without one nothing is compared.
    if (remote instanceof Error && remote.code !== 'SECUTIX_BUSINESS') {
      result.stopped = remote.message;
      break;
    }
    const checks = local.get(barcode) ?? [];
    const state = tickets.find(({ ticket }) => ticket.barcode === barcode)?.ticket.state;
    const answer = remote instanceof Error ? { error: remote.message } : remote;
    const found = reconcile({ local: checks, state, remote: answer });
    result.asked++;
    result.checks += checks.length;
    if (found.length > 0) result.differences.push({ barcode, found });
    if (progress) process.stderr.write(`\r${result.asked} of ${barcodes.length} ...`);
  }
  if (progress) process.stderr.write('\r\u001b[K');
  return result;
}

const codesOf = (file: string): string[] =>
  [
    ...new Set(
      readFileSync(file, 'utf8')
        .split(/\r?\n/)
        .map((line) => line.trim()),
    ),
  ].filter((line) => line !== '');

/** Evenly over all, so that the whole day is looked at. */
function spread(all: readonly string[], count: number): string[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)] as string);
}

function print({ asked, checks, differences, stopped }: Result): void {
  for (const { barcode, found } of differences)
    for (const d of found)
      printLine(`${mask(barcode)}  ${d.what}${'at' in d ? `, ${new Date(d.at).toISOString()}` : ''}`);
  const same = differences.length === 0 ? 'all as SecuTix has it' : `${differences.length} with differences`;
  printLine(`${asked} barcode(s) with ${checks} check(s) compared${asked > 0 ? `: ${same}` : ''}`);
  if (stopped !== undefined) printLine(`ended early: ${stopped}`);
}
