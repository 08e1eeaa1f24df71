import { Command } from 'commander';
import { z } from 'zod';
import { formatDuration } from '../../drivers/contract-options.js';
import { listDrivers } from '../../drivers/registry.js';
import { PortillonError } from '../errors.js';
import { jsonOption } from './options.js';
import { printJson, printLine } from './output.js';

export function driversCommand(): Command {
  return new Command('drivers')
    .description('the drivers there are, with their options')
    .argument('[name]', 'one of them, with all options')
    .addOption(jsonOption())
    .action((name: string | undefined, options: { json: boolean }) => {
      const drivers = listDrivers().filter((d) => name === undefined || d.name === name);
      if (drivers.length === 0)
        throw new PortillonError(
          'NO_DRIVER',
          `no driver ${name}; there are: ${[...new Set(listDrivers().map((d) => d.name))].join(', ')}`,
        );
      if (options.json) {
        printJson(
          drivers.map(({ kind, name: n, help, schema }) => ({
            kind,
            name: n,
            help,
            options: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
          })),
        );
        return;
      }
      for (const d of drivers) {
        printLine(`${d.kind.padEnd(10)} ${d.name.padEnd(16)} ${d.help}`);
        if (name !== undefined) printOptions(d.schema);
      }
      if (name === undefined) printLine('\n`portillon drivers NAME` shows the options.');
    });
}

function printOptions(schema: z.ZodObject): void {
  for (const [key, option] of Object.entries(schema.shape)) {
    if (key === 'driver') continue;
    const type = option as z.ZodType;
    const given = type.safeParse(undefined);
    const value = given.success ? given.data : undefined;
    const isDuration =
      (type.meta() as { format?: string } | undefined)?.format === 'duration' ||
      /duration/.test(JSON.stringify(safeJson(type)));
    const shown = typeof value === 'number' && isDuration ? formatDuration(value) : JSON.stringify(value);
    const standard = !given.success ? 'required' : value === undefined ? 'optional' : `default ${shown}`;
    printLine(`    ${key.padEnd(16)} ${standard.padEnd(24)} ${type.description ?? ''}`);
  }
}

function safeJson(type: z.ZodType): unknown {
  return z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
}
