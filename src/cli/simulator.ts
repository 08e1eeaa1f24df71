import { readFileSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { describeError, UsageError } from '../errors.js';
import type { SimulatorOptions } from '../simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../simulator/server.js';
import { integer } from './options.js';
import { printLine } from './output.js';

interface Options {
  port: number;
  tickets: number;
  seed: number;
  callsPerMinute: number;
  secret: string;
  operators?: string;
  tls?: string | true;
}

const CA_FILE = 'portillon-simulator-ca.pem';

export function simulatorCommand(): Command {
  return new Command('simulator')
    .description('a SecuTix that behaves as its known facts say, for a laptop without one')
    .addOption(
      new Option('-p, --port <port>', 'where it listens (127.0.0.1)').argParser(integer(0, 65_535)).default(8360),
    )
    .addOption(
      new Option('-t, --tickets <n>', 'how many tickets are sold').argParser(integer(0, 5_000_000)).default(100_000),
    )
    .addOption(
      new Option('-s, --seed <n>', 'the same seed sells the same tickets').argParser(integer(0, 2 ** 31)).default(1),
    )
    .addOption(new Option('--calls-per-minute <n>', 'limit, 0 = none').argParser(integer(0, 100_000)).default(60))
    .addOption(
      new Option('--secret <text>', 'secret of the operator')
        .env('SECUTIX_SECRET')
        .default(SIMULATOR_DEFAULTS.secret, 'built in'),
    )
    .option('--operators <file>', 'more operators: JSON, [{"operator","partner","secret","products":["P2"]}, ...]')
    .option('--tls [file]', `HTTPS; what a client must trust (secutix.caFile) is written to the file, ${CA_FILE}`)
    .action(async ({ operators, tls, ...options }: Options) => {
      const more = operators === undefined ? [] : readOperators(operators);
      const simulator = await startSimulator({ ...options, operators: more, tls: tls !== undefined });
      const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
      printLine(`SecuTix simulator: ${simulator.url}`);
      printLine(
        `institution ${institution}, operator ${operator}, partner ${partner}, ${options.tickets} tickets of season S26`,
      );
      if (options.secret === secret) printLine(`secret (of the simulator only): ${secret}`);
      for (const o of more)
        printLine(`operator ${o.operator}, partner ${o.partner}, products ${o.products?.join(', ') ?? 'all'}`);
      if (simulator.ca !== undefined) {
        const file = typeof tls === 'string' ? tls : CA_FILE;
        writeFileSync(file, simulator.ca);
        printLine(`to be trusted: secutix.caFile: ${file}`);
      }
      printLine(
        `what was reported: ${simulator.origin}/_control/controls   faults and sales: POST ${simulator.origin}/_control/...`,
      );
      const stop = (): void => void simulator.close().then(() => process.exit(0));
      process.on('SIGINT', stop);
      process.on('SIGTERM', stop);
    });
}

const operatorsSchema = z.array(
  z.strictObject({
    operator: z.string().min(1),
    partner: z.string().min(1),
    secret: z.string().min(1),
    products: z.array(z.string()).optional(),
  }),
);

function readOperators(file: string): NonNullable<SimulatorOptions['operators']> {
  try {
    return operatorsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).map(({ products, ...rest }) => ({
      ...rest,
      ...(products && { products }),
    }));
  } catch (cause) {
    throw new UsageError(`the operators of ${file} cannot be read: ${troubleOf(cause)}`, {
      hint: 'JSON: [{"operator": "EXAMPLE_B", "partner": "OTHER", "secret": "...", "products": ["P2"]}]',
    });
  }
}

const troubleOf = (cause: unknown): string =>
  cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s*\n\s*/g, '; ') : describeError(cause);
