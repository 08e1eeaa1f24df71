import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { loadConfig } from '../config/load.js';
import type { ListKind } from '../secutix/wire-files.js';
import { ListWriter } from '../store/list-writer.js';
import type { ExportReport, ImportReport } from '../sync/list-files.js';
import { exportFile, importFile } from '../sync/list-files.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { filesOf, whileStopped } from './store-files.js';
import { EXIT, printJson, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  kind: ListKind;
  stopped: boolean;
}

const kindOption = (): Option =>
  new Option('--kind <kind>', 'white: valid tickets; black: barcodes that admit nobody')
    .choices(['white', 'black'])
    .default('white');
const stoppedOption = (): Option =>
  new Option('--stopped', 'opens the files of a gate that does not run, instead of asking it').default(false);

export function importCommand(): Command {
  return new Command('import')
    .description('takes a white or black list file of SecuTix in (CSV, `;`, no header): whole, or not at all')
    .argument('<file>', 'the file')
    .addOption(kindOption())
    .option('--skip-bad', 'takes the good lines although others are bad', false)
    .option('--replace', 'black list: whoever is not in the file is no longer on it', false)
    .addOption(stoppedOption())
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (file: string, options: Options & { skipBad: boolean; replace: boolean }) => {
      const { kind, skipBad, replace } = options;
      const report = options.stopped
        ? await stopped({ ...options, fresh: true }, (list) =>
            importFile(list, { kind, file, skipBad, replace }, { now: Date.now, pace: async () => {} }),
          )
        : await askGate(options, (api) =>
            api.postFile<ImportReport>(`/list/import?kind=${kind}&skipBad=${skipBad}&replace=${replace}`, file),
          );
      if (options.json) printJson(report);
      else printImport(report);
      process.exitCode = report.applied ? EXIT.ok : EXIT.failed;
    });
}

function printImport({ applied, good, bad, badLines }: ImportReport): void {
  for (const { line, why } of badLines) printLine(`line ${line}: ${why}`);
  if (bad > badLines.length) printLine(`... and ${bad - badLines.length} more bad lines`);
  if (applied) printLine(`${good} line(s) taken${bad > 0 ? `, ${bad} bad one(s) left out` : ''}`);
  else if (good === 0 && bad === 0) printLine('the file is empty: nothing is changed');
  else
    printLine(
      `${bad} bad line(s): nothing is changed${good > 0 ? `; --skip-bad takes the ${good} good one(s)` : '; is it a file of this --kind?'}`,
    );
}

export function exportCommand(): Command {
  return new Command('export')
    .description('writes the list as a white or black list file of SecuTix')
    .argument('<file>', 'where to')
    .addOption(kindOption())
    .addOption(stoppedOption())
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const { kind } = options;
      const report: Partial<ExportReport> = { kind };
      if (options.stopped)
        Object.assign(report, await stopped(options, (list) => exportFile(list, kind, file, async () => {})));
      else report.lines = await askGate(options, (api) => api.getFile(`/list/export?kind=${kind}`, file));
      if (options.json) printJson({ ...report, file: path.resolve(file) });
      else printLine(`${report.lines ?? 0} line(s) in ${file}; its barcodes are admission rights: keep it safe`);
    });
}

/** The list of a gate that does not run; a running one is locked out, and says so. */
async function stopped<T>(options: Options & { fresh?: boolean }, work: (list: ListWriter) => Promise<T>): Promise<T> {
  const { data, storeKey } = filesOf(options);
  // A list may come by file before a gate has ever run.
  if (options.fresh === true) mkdirSync(data, { recursive: true });
  const { dropFirst } = loadConfig(options.config).config.secutix.barcode;
  return whileStopped(data, async () => {
    const list = await ListWriter.open(path.join(data, 'list'), { dropFirst, storeKey });
    try {
      return await work(list);
    } finally {
      await list.close();
    }
  });
}
