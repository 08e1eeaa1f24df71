import { Command, Option } from 'commander';
import { mask } from '../domain/credential.js';
import type { JournalRecord } from '../domain/records.js';
import { askGate } from './gate-api.js';
import { journalExportCommand } from './journal-export.js';
import { refusedCommand } from './journal-refused.js';
import { verifyCommand } from './journal-verify.js';
import { configOption, dataOption, integer, jsonOption } from './options.js';
import { printJson, printLine } from './output.js';

export function journalCommand(): Command {
  const journal = new Command('journal')
    .enablePositionalOptions()
    .description('the last records of the journal, oldest first; codes are masked, in --json they are whole')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(new Option('-n, --limit <n>', 'how many').argParser(integer(1, 10_000)).default(20))
    .addOption(new Option('--after <seq>', 'the ones after this sequence number instead').argParser(integer(0, 1e12)))
    .addOption(jsonOption())
    .action(async (options: { config: string; data?: string; json: boolean; limit: number; after?: number }) => {
      const query = `limit=${options.limit}${options.after === undefined ? '' : `&after=${options.after}`}`;
      const records = await askGate(options, (api) => api.get<JournalRecord[]>(`/journal?${query}`));
      if (options.json) return printJson(records);
      if (records.length === 0) printLine('the journal is empty');
      for (const record of records) printLine(lineOf(record));
    });
  journal.addCommand(verifyCommand());
  journal.addCommand(journalExportCommand());
  journal.addCommand(refusedCommand());
  return journal;
}

function lineOf(r: JournalRecord): string {
  const head = `${String(r.seq).padStart(8)}  ${new Date(r.at).toISOString()}`;
  if (r.kind === 'note') return `${head}  note     ${r.what}`;
  if (r.kind === 'checkpoint') return `${head}  checkpoint  records up to ${r.through} may be gone`;
  if (r.kind === 'repair') return `${head}  repair   ${r.why}; ${r.kept} record(s) kept; the files are in ${r.aside}`;
  if (r.kind === 'outcome') return `${head}  outcome  ${r.outcome} of ${r.of}${r.why ? ` (${r.why})` : ''}`;
  if (r.kind === 'event') {
    const facts = [
      r.mode,
      r.direction,
      r.of === undefined ? '' : `check ${r.of}`,
      r.credential ? mask(r.credential.code) : '',
      r.who && `by ${r.who}`,
      r.why,
    ];
    return `${head}  event    ${r.lane}  ${[r.what, ...facts].filter(Boolean).join('  ')}`;
  }
  if (r.kind === 'elsewhere') return `${head}  ${r.what} elsewhere  ${r.lane}  ${mask(r.barcode)}  ${r.checkId}`;
  if (r.kind === 'remote') return `${head}  from ${r.gate}  ${lineOf(r.check).trim()}`;
  if (r.kind === 'block')
    return `${head}  ${r.blocked ? 'block' : 'unblock'}    ${mask(r.barcode)}  by ${r.who}  ${r.why}`;
  const what = r.admitted ? 'ADMITTED' : `refused: ${r.reason}`;
  const card = r.container === undefined ? '' : `  card ${mask(r.container)}`;
  return `${head}  check    ${r.lane}  ${mask(r.barcode)}${card}  ${what}${r.who === undefined ? '' : `  by ${r.who}: ${r.why ?? ''}`}`;
}
