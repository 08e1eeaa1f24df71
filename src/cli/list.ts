import { Command } from 'commander';
import { mask } from '../domain/credential.js';
import type { StatusReport } from '../diagnostics/read-model.js';
import type { ResyncReport } from '../store/list-generations.js';
import type { GateApi } from './gate-api.js';
import { askGate } from './gate-api.js';
import { exportCommand, importCommand } from './list-file.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
}

export function listCommand(): Command {
  return new Command('list')
    .description('the ticket list as a whole')
    .addCommand(
      rebuildCommand('resync', 'reads the whole list anew beside the running one, swaps it in, and says what differed'),
    )
    .addCommand(
      rebuildCommand(
        'verify',
        'reads the whole list anew and compares; exit code 3 when it differs, nothing is changed',
      ),
    )
    .addCommand(importCommand())
    .addCommand(exportCommand());
}

function rebuildCommand(name: 'resync' | 'verify', description: string): Command {
  return new Command(name)
    .description(`${description}. Takes as long as SecuTix's limits ask for; the lanes go on`)
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const report = await askGate(options, (api) =>
        withProgress(api, api.post<ResyncReport>(`/list/${name}`), options.json),
      );
      if (options.json) printJson(report);
      else printReport(report);
      const same = report.new + report.changed + report.vanished === 0;
      process.exitCode = name === 'verify' && !same ? EXIT.degraded : EXIT.ok;
    });
}

/** Pages so far, on a terminal, while the gate works. It goes on without this command, too. */
async function withProgress<T>(api: GateApi, work: Promise<T>, quiet: boolean): Promise<T> {
  if (quiet) return work;
  process.stderr.write(
    'reading the whole list anew; SecuTix lets an export begin once a minute at most, so this takes some minutes. It goes on if this command is ended.\n',
  );
  if (!process.stderr.isTTY) return work;
  const look = async (): Promise<void> => {
    const status = await api.get<StatusReport>('/status').catch(() => undefined);
    const rebuild = status?.sync?.pull.rebuild;
    const waiting = (rebuild?.pages ?? 0) === 0;
    const pages = waiting ? 'waiting for its turn' : `${rebuild?.pages} pages, ${rebuild?.items} lines`;
    process.stderr.write(`\r${pages} ...\u001b[K`);
  };
  const timer = setInterval(() => void look(), 1_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    process.stderr.write('\r\u001b[K');
  }
}

function printReport(r: ResyncReport): void {
  printLine(`${r.pages} pages read; tickets before ${r.tickets.before}, at SecuTix ${r.tickets.after}`);
  for (const kind of ['new', 'changed', 'vanished'] as const) {
    const examples = r.examples[kind].slice(0, 5).map(mask).join(' ');
    printLine(`${kind.padEnd(9)} ${String(r[kind]).padStart(8)}  ${examples}`.trimEnd());
  }
  if (r.purpose === 'resync') printLine('the new list is in force');
  else if (r.swapped) printLine('the list is what SecuTix has');
  else printLine('the list differs: `portillon list resync` takes what SecuTix has');
}
