import { Command } from 'commander';
import type { Performance, Programme } from '../domain/programme.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  refresh?: boolean;
}

export function catalogueCommand(): Command {
  return new Command('catalogue')
    .description('seasons, products and performances with their times, as the gate has them')
    .addOption(configOption())
    .addOption(dataOption())
    .option('--refresh', 'fetch it from SecuTix first (SecuTix allows few such calls)')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const programme = await askGate(options, (api) =>
        options.refresh ? api.post<Programme>('/catalogue') : api.get<Programme>('/catalogue'),
      );
      if (options.json) printJson(programme);
      else printProgramme(programme);
      process.exitCode = programme.at === 0 ? EXIT.degraded : EXIT.ok;
    });
}

const time = (ms: number | undefined): string => (ms === undefined ? '-' : new Date(ms).toISOString().slice(0, 16));

function printProgramme({ at, seasons, products, performances }: Programme): void {
  if (at === 0) return printLine('no catalogue yet: the gate runs with the codes of its configuration');
  printLine(`catalogue of ${new Date(at).toISOString()}, times in UTC`);
  for (const s of seasons) printLine(`season ${s.code}  ${s.name ?? ''}`.trimEnd());
  for (const p of products) {
    printLine(`  product ${p.code}  ${p.name ?? ''}`.trimEnd());
    for (const f of performances) if (f.product === p.code) printLine(performanceLine(f));
  }
  const placed = new Set(products.map((p) => p.code));
  for (const f of performances) if (f.product === undefined || !placed.has(f.product)) printLine(performanceLine(f));
}

function performanceLine(p: Performance): string {
  const doors = p.admissionStart === undefined ? '' : `  doors ${time(p.admissionStart)}`;
  const end = p.end === undefined ? '' : ` to ${time(p.end)}`;
  return `    ${p.code}  ${time(p.start)}${end}${doors}  ${p.name ?? ''}`.trimEnd();
}
