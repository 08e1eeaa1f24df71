import { Command, Option } from 'commander';
import { SIMULATOR_DEFAULTS, startSimulator } from '../simulator/server.js';
import { integer } from './options.js';
import { printLine } from './output.js';

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
    .action(
      async (options: { port: number; tickets: number; seed: number; callsPerMinute: number; secret: string }) => {
        const simulator = await startSimulator(options);
        const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
        printLine(`SecuTix simulator: ${simulator.url}`);
        printLine(
          `institution ${institution}, operator ${operator}, partner ${partner}, ${options.tickets} tickets of season S26`,
        );
        if (options.secret === secret) printLine(`secret (of the simulator only): ${secret}`);
        printLine(
          `what was reported: ${simulator.origin}/_control/controls   faults and sales: POST ${simulator.origin}/_control/...`,
        );
        const stop = (): void => void simulator.close().then(() => process.exit(0));
        process.on('SIGINT', stop);
        process.on('SIGTERM', stop);
      },
    );
}
