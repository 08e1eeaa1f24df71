import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import { systemClock } from '../clock.js';
import { PortillonError } from '../errors.js';
import { planReset, reset } from '../store/reset.js';
import { VERSION } from '../version.js';
import { configOption } from './options.js';
import { printLine } from './output.js';
import { filesOf, whileStopped } from './store-files.js';

export function factoryResetCommand(): Command {
  return new Command('factory-reset')
    .description('deletes what a stopped gate has gathered (journal, list, PINs), after an export of its journal')
    .addOption(configOption())
    .addOption(new Option('--yes <gate>', 'the id of the gate, instead of being asked for it'))
    .option('--force', 'also while checks have not reached SecuTix; they are in the export only', false)
    .action(async (options: { config: string; yes?: string; force: boolean }) => {
      const files = filesOf(options);
      await whileStopped(files.data, () => resetFiles(files, options));
    });
}

async function resetFiles(
  { data, gate, storeKey }: ReturnType<typeof filesOf>,
  options: { yes?: string; force: boolean },
): Promise<void> {
  const { records, waiting } = await planReset(data, gate, storeKey);
  if (waiting > 0 && !options.force) {
    throw new PortillonError('RESET_WAITING', `${waiting} check(s) have not reached SecuTix yet: nothing was deleted`, {
      hint: 'start the gate and wait until `portillon status` says 0 not yet at SecuTix, or give --force',
    });
  }
  const answer =
    options.yes ??
    (await ask(`This deletes ${records} records and all lists of ${gate} in ${data}. Type its id to go on: `));
  if (answer !== gate) throw new PortillonError('RESET_REFUSED', `that is not ${gate}: nothing was deleted`);
  const file = await reset(data, gate, { by: VERSION, now: systemClock.now(), storeKey });
  printLine(`reset; the journal of before is in ${file}`);
  printLine('It holds whole codes: move it to where it is allowed to be. A gate for another place gets a new gate.id.');
}

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY)
    throw new PortillonError('RESET_REFUSED', 'nobody is there to be asked: nothing was deleted', {
      hint: 'give --yes with the id of the gate',
    });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}
