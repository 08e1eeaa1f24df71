import { Command, Option } from 'commander';
import type { SelfTestReport } from '../diagnostics/read-model.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { colours, EXIT, printJson, printLine } from './output.js';

export function selftestCommand(): Command {
  return new Command('selftest')
    .description('asks every device of the running gate; no barrier opens; exit code 1 when something failed')
    .addOption(new Option('--lane <id>', 'just one lane'))
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: { lane?: string; config: string; data?: string; json: boolean }) => {
      if (!options.json && process.stderr.isTTY)
        process.stderr.write('asking the devices; lamps and beepers are tried ...\n');
      const query = options.lane === undefined ? '' : `?lane=${encodeURIComponent(options.lane)}`;
      const reports = await askGate(options, (api) => api.post<SelfTestReport[]>(`/selftest${query}`));
      if (options.json) printJson(reports);
      else print(reports);
      process.exitCode = reports.some((r) => r.steps.some((s) => s.ok === false)) ? EXIT.failed : EXIT.ok;
    });
}

function print(reports: readonly SelfTestReport[]): void {
  const colour = colours(process.stdout);
  const mark = (ok: boolean | null): string =>
    ok === null ? colour(33, 'look  ') : ok ? colour(32, 'ok    ') : colour(31, 'FAILED');
  for (const { lane, role, driver, steps } of reports) {
    printLine(`${lane} ${role} (${driver})`);
    for (const { name, ok, detail } of steps) printLine(`  ${mark(ok)} ${name.padEnd(16)} ${detail}`);
  }
}
