import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { bundleName } from '../diagnostics/bundle.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { printJson, printLine } from './output.js';

export function bundleCommand(): Command {
  return new Command('bundle')
    .description(
      'one file for support: configuration without secrets, versions, log, counters, masked checks, self-test, databases',
    )
    .addOption(new Option('-o, --output <file>', 'where; left out: a name with gate and time, here'))
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: { output?: string; config: string; data?: string; json: boolean }) => {
      if (!options.json && process.stderr.isTTY) process.stderr.write('asking every device ...\n');
      await askGate(options, async (api) => {
        const { gate } = await api.get<{ gate: string }>('/status');
        const bytes = await api.bytes('/bundle');
        const file = options.output ?? `${bundleName(gate, Date.now())}.tar.gz`;
        // Masked, but a picture of the venue all the same.
        writeFileSync(file, bytes, { mode: 0o600 });
        if (options.json) printJson({ file, bytes: bytes.length });
        else printLine(`${file}  ${Math.ceil(bytes.length / 1024)} kB  (look inside: tar xzf ${file})`);
      });
    });
}
