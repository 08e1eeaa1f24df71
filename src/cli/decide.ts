import { Command } from 'commander';
import type { ExplanationReport } from '../diagnostics/desk-model.js';
import { explanationLines } from './explanation.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { colours, printJson, printLine } from './output.js';

export function decideCommand(): Command {
  return new Command('decide')
    .description('what a lane would say to a code, with every rule and what would let the person in; uses nothing up')
    .argument('<code>', 'barcode or card ID, as a reader delivers it')
    .option('--lane <id>', 'the lane; left out: the only one')
    .option('--at <time>', 'another moment, such as 2026-07-01T18:30:00+02:00')
    .option('--language <code>', 'en, fr, de, it or es; left out: the language of the gate')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (code: string, options: DecideOptions) => {
      const query = new URLSearchParams({ code });
      for (const name of ['lane', 'at', 'language'] as const) if (options[name]) query.set(name, options[name]);
      const report = await askGate(options, (api) => api.get<ExplanationReport>(`/decide?${query.toString()}`));
      if (options.json) printJson(report);
      else printExplanation(report);
    });
}

interface DecideOptions {
  config: string;
  data?: string;
  json: boolean;
  lane?: string;
  at?: string;
  language?: string;
}

export function printExplanation(r: ExplanationReport): void {
  for (const line of explanationLines(r, colours(process.stdout))) printLine(line);
}
