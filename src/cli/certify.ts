import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { secutixSettings } from '../runtime-settings.js';
import { markdown } from './certify/report.js';
import type { Step } from './certify/run.js';
import { certify } from './certify/run.js';
import { configOption, jsonOption } from './options.js';
import { colours, EXIT, printJson, printLine } from './output.js';

interface Options {
  config: string;
  json: boolean;
  out: string;
  barcode?: string;
  control: boolean;
}

export function certifyCommand(): Command {
  return new Command('certify')
    .description('tries this configuration against a sandbox account step by step and writes a report for SecuTix')
    .addOption(configOption())
    .option('--out <folder>', 'where the report and the raw answers go', 'certificate')
    .option('--barcode <code>', 'ticket that a control is sent for; left out: the first valid one of the list')
    .option('--no-control', 'sends no control: on a production account they would count')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { config } = loadConfig(options.config);
      const [scope] = config.secutix.scopes;
      if (!scope) return;
      const raw = path.join(options.out, 'raw');
      mkdirSync(raw, { recursive: true, mode: 0o700 });
      let answers = 0;
      const certificate = await certify({
        settings: secutixSettings(config.secutix),
        scope,
        barcode: options.barcode,
        control: options.control,
        onStep: (step) => void (options.json || print(step)),
        onExchange: (exchange) => {
          const name = `${String(++answers).padStart(2, '0')}-${exchange.method}.json`;
          writeFileSync(path.join(raw, name), `${JSON.stringify(exchange, null, 2)}\n`, { mode: 0o600 });
        },
      });
      const file = path.join(options.out, 'certificate.md');
      writeFileSync(file, markdown(certificate), { mode: 0o600 });
      if (options.json) printJson({ ...certificate, file });
      else printLine(`${certificate.ok ? 'passed' : 'FAILED'}: ${file}, and ${answers} raw answers`);
      process.exitCode = certificate.ok ? EXIT.ok : EXIT.failed;
    });
}

function print({ name, result, details }: Step): void {
  const colour = colours(process.stdout);
  const mark = {
    pass: colour(32, 'ok'),
    warn: colour(33, 'attention'),
    fail: colour(31, 'FAILED'),
    skipped: 'skipped',
  };
  printLine(`${name}: ${mark[result]}`);
  for (const detail of details) printLine(`  ${detail}`);
}
