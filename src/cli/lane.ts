import os from 'node:os';
import { Argument, Command, Option } from 'commander';
import { askGate } from './gate-api.js';
import { configOption, dataOption } from './options.js';
import { printLine } from './output.js';

export const whoOption = (): Option =>
  new Option('--who <name>', 'whose word it is; it goes into the journal').default(os.userInfo().username);

export function laneCommand(): Command {
  return new Command('lane').description('modes of a lane').addCommand(
    new Command('mode')
      .description('controlled: tickets decide; free: held open, passages are counted; closed: nobody is admitted')
      .argument('<lane>', 'id of the lane')
      .addArgument(new Argument('<mode>', 'the mode').choices(['controlled', 'free', 'closed']))
      .addOption(whoOption())
      .option('--why <text>', 'reason, for the journal', '')
      .addOption(configOption())
      .addOption(dataOption())
      .action(
        async (lane: string, mode: string, options: { who: string; why: string; config: string; data?: string }) => {
          const { who, why } = options;
          await askGate(options, (api) =>
            api.post(`/lanes/${encodeURIComponent(lane)}/mode`, JSON.stringify({ mode, who, why })),
          );
          printLine(`${lane} is ${mode}`);
        },
      ),
  );
}
