#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --single-threaded-gc --max-semi-space-size=4
import { Command, CommanderError } from 'commander';
import { describeError, isConfigError, PortillonError, UsageError } from '../errors.js';
import { fileTrouble } from './file-trouble.js';
import { VERSION } from '../version.js';
import { EXIT } from './output.js';

/** Commands are loaded when they are called: `portillon run` must not wait for the simulator's code. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  run: async () => (await import('./run.js')).runCommand(),
  demo: async () => (await import('./demo/demo.js')).demoCommand(),
  simulator: async () => (await import('./simulator.js')).simulatorCommand(),
  status: async () => (await import('./status.js')).statusCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
  top: async () => (await import('./top.js')).topCommand(),
  logs: async () => (await import('./logs.js')).logsCommand(),
  bundle: async () => (await import('./bundle.js')).bundleCommand(),
  access: async () => (await import('./access.js')).accessCommand(),
  practice: async () => (await import('./practice/practice.js')).practiceCommand(),
  ticket: async () => (await import('./ticket.js')).ticketCommand(),
  journal: async () => (await import('./journal.js')).journalCommand(),
  catalogue: async () => (await import('./catalogue.js')).catalogueCommand(),
  list: async () => (await import('./list.js')).listCommand(),
  store: async () => (await import('./store.js')).storeCommand(),
  reconcile: async () => (await import('./reconcile.js')).reconcileCommand(),
  certify: async () => (await import('./certify.js')).certifyCommand(),
  sync: async () => (await import('./sync.js')).syncCommand(),
  decide: async () => (await import('./decide.js')).decideCommand(),
  replay: async () => (await import('./replay.js')).replayCommand(),
  look: async () => (await import('./steward.js')).lookCommand(),
  force: async () => (await import('./steward.js')).forceCommand(),
  giveback: async () => (await import('./steward.js')).givebackCommand(),
  block: async () => (await import('./steward.js')).blockCommand(),
  lane: async () => (await import('./lane.js')).laneCommand(),
  drivers: async () => (await import('./drivers.js')).driversCommand(),
  ports: async () => (await import('./ports.js')).portsCommand(),
  reader: async () => (await import('./reader.js')).readerCommand(),
  barrier: async () => (await import('./barrier.js')).barrierCommand(),
  selftest: async () => (await import('./selftest.js')).selftestCommand(),
  data: async () => (await import('./data.js')).dataCommand(),
  'factory-reset': async () => (await import('./factory-reset.js')).factoryResetCommand(),
  venue: async () => (await import('./venue.js')).venueCommand(),
  config: async () => (await import('./config.js')).configCommand(),
};

async function main(argv: string[]): Promise<void> {
  const program = new Command('portillon')
    .description('The runtime of a turnstile. Exit codes: 0 fine, 1 failed, 2 wrong use, 3 degraded, 78 configuration.')
    .version(VERSION)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false });
  const wanted = argv[2];
  const names = wanted !== undefined && wanted in COMMANDS ? [wanted] : Object.keys(COMMANDS);
  for (const name of names) program.addCommand(await (COMMANDS[name] as () => Promise<Command>)());
  exitByThrowing(program);
  await program.parseAsync(argv);
}

/** Commander's own exit code for wrong use is 1; ours is 2, so that a script can tell a typing error from a failure. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  // An option behind `journal verify` is verify's, also where `journal` has one of that name.
  command.enablePositionalOptions();
  for (const sub of command.commands) exitByThrowing(sub);
}

// The reader of a pipe may leave early (`portillon status | head`): that ends the command, quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await main(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    const file = fileTrouble(error);
    process.stderr.write(`portillon: ${file ?? describeError(error)}\n`);
    if (file === undefined && !(error instanceof PortillonError) && error instanceof Error && error.stack)
      process.stderr.write(`${error.stack}\n`);
    process.exitCode = isConfigError(error) ? EXIT.config : error instanceof UsageError ? EXIT.usage : EXIT.failed;
    // A runtime that failed to start may have left a socket or a thread behind that would keep the process alive.
    setTimeout(() => process.exit(), 1_000).unref();
  }
}
