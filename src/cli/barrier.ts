import { Command } from 'commander';
import { askGate } from './gate-api.js';
import { whoOption } from './lane.js';
import { configOption, dataOption } from './options.js';
import { printLine } from './output.js';

export function barrierCommand(): Command {
  return new Command('barrier').description("a lane's barrier").addCommand(
    new Command('pulse')
      .description('lets one person through without a ticket: no check, but a record in the journal')
      .argument('<lane>', 'id of the lane')
      .addOption(whoOption())
      .addOption(configOption())
      .addOption(dataOption())
      .action(async (lane: string, options: { who: string; config: string; data?: string }) => {
        await askGate(options, (api) =>
          api.post(`/lanes/${encodeURIComponent(lane)}/pulse`, JSON.stringify({ who: options.who })),
        );
        printLine(`${lane}: the barrier was told`);
      }),
  );
}
