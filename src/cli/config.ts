import { Command } from 'commander';
import { EXAMPLE } from '../config/example.js';
import { explain, markdown } from '../config/explain.js';
import { InvalidConfig, loadConfig } from '../config/load.js';
import { configOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

export function configCommand(): Command {
  const config = new Command('config').description('check, explain or start a gate.yaml');
  config
    .command('check')
    .description('exit code 0 = valid, 78 = not; all problems at once')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(({ config: file, json }: { config: string; json: boolean }) => check(file, json));
  config
    .command('explain')
    .description('every key with its value in force, where it came from, what is allowed')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--markdown', 'the reference of all keys instead')
    .action(({ config: file, json, markdown: reference }: { config: string; json: boolean; markdown?: boolean }) => {
      if (reference) return void process.stdout.write(markdown());
      const keys = explain(loadConfig(file));
      if (json) return printJson(keys);
      for (const key of keys) {
        printLine(`${key.path} = ${key.value}   (${key.source === 'file' ? file : key.source})`);
        printLine(`    ${key.help} Allowed: ${key.allowed}. Default: ${key.default}. ${key.env}`);
      }
    });
  config
    .command('example')
    .description('a first gate.yaml on standard output')
    .action(() => void process.stdout.write(EXAMPLE));
  return config;
}

function check(file: string, json: boolean): void {
  try {
    const { config } = loadConfig(file);
    if (json) printJson({ ok: true, problems: [] });
    else
      printLine(
        `${file} is valid: gate ${config.gate.id}, ${config.lanes.length} lane(s), ${config.secutix.scopes.length} scope(s)`,
      );
    if (config.secutix.secret.length < 32)
      process.stderr.write('warning: the secret is shorter than 32 characters, weak for HS256\n');
  } catch (error) {
    if (!json || !(error instanceof InvalidConfig)) throw error;
    printJson({ ok: false, problems: error.problems });
    process.exitCode = EXIT.config;
  }
}
