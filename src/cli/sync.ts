import { Command, Option } from 'commander';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  only?: 'pull' | 'push';
}

export function syncCommand(): Command {
  return new Command('sync')
    .description('pull the list and push the checks now, within the limits of SecuTix (a pull at most once a minute)')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(new Option('--only <what>', 'just one of both').choices(['pull', 'push']))
    .addOption(jsonOption())
    .action(async (options: Options) => {
      if (!options.json && process.stderr.isTTY)
        process.stderr.write('syncing; a pull may wait up to a minute for its turn ...\n');
      const what = options.only ?? 'all';
      const result = await askGate(options, (api) => api.post<{ ok: boolean; error?: string }>(`/sync?what=${what}`));
      if (options.json) printJson(result);
      else printLine(result.ok ? 'in step with SecuTix' : `not in step: ${result.error}`);
      process.exitCode = result.ok ? EXIT.ok : EXIT.failed;
    });
}
