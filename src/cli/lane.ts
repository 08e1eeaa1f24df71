import os from 'node:os';
import { Argument, Command, Option } from 'commander';
import { PortillonError } from '../errors.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { printJson, printLine } from './output.js';

export const whoOption = (): Option =>
  new Option('--who <name>', 'whose word it is; it goes into the journal').default(os.userInfo().username);

export function laneCommand(): Command {
  return new Command('lane')
    .description('modes of a lane, and what it admits')
    .addCommand(performancesCommand())
    .addCommand(
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

interface PerformancesOptions {
  who: string;
  why: string;
  config: string;
  data?: string;
  json: boolean;
}
interface Admitted {
  lane: string;
  by: 'configuration' | 'programme' | 'choice';
  performances: string[] | null;
}
const BY: Readonly<Record<Admitted['by'], string>> = {
  configuration: 'as configured',
  programme: 'by the programme',
  choice: "by a technician's choice",
};

function performancesCommand(): Command {
  return new Command('performances')
    .description('what a lane admits now; with codes: it admits these until it is told otherwise, also after a restart')
    .argument('[lane]', 'id of the lane; left out: all are shown')
    .argument('[codes]', 'codes separated by commas, or `configured`: by the configuration again')
    .addOption(whoOption())
    .option('--why <text>', 'reason, for the journal', '')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (lane: string | undefined, codes: string | undefined, options: PerformancesOptions) => {
      const { who, why } = options;
      const all = await askGate(options, async (api) => {
        const performances = codes === 'configured' ? '' : codes;
        if (lane !== undefined && performances !== undefined)
          await api.post(`/lanes/${encodeURIComponent(lane)}/performances`, JSON.stringify({ performances, who, why }));
        return api.get<Admitted[]>('/programme');
      });
      const shown = all.filter((a) => lane === undefined || a.lane === lane);
      if (shown.length === 0)
        throw new PortillonError('NO_LANE', `no lane ${lane}; there are: ${all.map((a) => a.lane).join(', ')}`);
      if (options.json) printJson(shown);
      else
        for (const { lane: id, by, performances } of shown) {
          const what = performances === null ? 'any performance' : performances.join(', ') || 'no performance';
          printLine(`${id} admits ${what} (${BY[by]})`);
        }
    });
}
