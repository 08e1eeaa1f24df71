import { Command, Option } from 'commander';
import type { ExplanationReport } from '../diagnostics/desk-model.js';
import { mask } from '../domain/credential.js';
import type { LaneEvent } from '../lane/lane.js';
import type { GivenBack } from '../lane/stewarding.js';
import { printExplanation } from './decide.js';
import { askGate } from './gate-api.js';
import { whoOption } from './lane.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

interface StewardOptions {
  config: string;
  data?: string;
  json: boolean;
  who: string;
  why?: string;
  lane?: string;
  block?: boolean;
  check?: string;
  card?: boolean;
  off?: boolean;
}

const command = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .argument('<code>', 'barcode or card ID')
    .addOption(whoOption())
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption());

async function send<T>(options: StewardOptions, what: string, body: Record<string, unknown>): Promise<T> {
  const { who, why } = options;
  return askGate(options, (api) => api.post<T>(`/steward/${what}`, JSON.stringify({ who, why, ...body })));
}

export function forceCommand(): Command {
  return command('force', 'opens for the holder of a code whatever the rules say; a check in the journal, reported')
    .option('--lane <id>', 'the lane; left out: the only one')
    .requiredOption('--why <text>', 'reason, for the journal')
    .option('--card', 'the code is that of a card')
    .option('--block', "puts it on this gate's black list as well: this once and never again")
    .action(async (code: string, options: StewardOptions) => {
      const { lane, block, card } = options;
      const body = { code, lane, ...(block && { block: 'true' }), ...(card && { medium: 'rfid' }) };
      const event = await send<LaneEvent>(options, 'force', body);
      if (options.json) printJson(event);
      else printLine(`${event.lane}: ${event.admitted ? 'the barrier was told' : `NOT OPENED, ${event.message}`}`);
      if (!event.admitted) process.exitCode = EXIT.failed;
    });
}

export function lookCommand(): Command {
  return command('look', 'explains a ticket at the helpdesk without using it up; a check in the journal, reported')
    .option('--lane <id>', 'the lane it is looked at for; left out: the only one')
    .option('--why <text>', 'reason, for the journal')
    .action(async (code: string, options: StewardOptions) => {
      const report = await send<ExplanationReport>(options, 'look', { code, lane: options.lane });
      if (options.json) printJson(report);
      else printExplanation(report);
    });
}

export function givebackCommand(): Command {
  return command('giveback', 'gives the newest entry of a code back, so that it counts as not used')
    .option('--check <id>', 'the entry of this check instead')
    .option('--why <text>', 'reason, for the journal')
    .action(async (code: string, options: StewardOptions) => {
      const back = await send<GivenBack>(options, 'giveback', { code, checkId: options.check });
      if (options.json) return printJson(back);
      const { movement } = back;
      printLine(
        `${mask(back.barcode)}: the entry of ${new Date(movement.at).toISOString()} at ${movement.gate} ${movement.lane} no longer counts`,
      );
    });
}

export function blockCommand(): Command {
  return command('block', "puts a code on this gate's black list, or takes it off")
    .option('--why <text>', 'reason, for the journal', 'blocked by the staff')
    .addOption(new Option('--off', 'takes it off'))
    .action(async (code: string, options: StewardOptions) => {
      const answer = await send<{ barcodes: string[] }>(options, 'block', {
        code,
        blocked: options.off ? 'false' : 'true',
      });
      if (options.json) printJson(answer);
      else
        for (const barcode of answer.barcodes) printLine(`${mask(barcode)}: ${options.off ? 'free again' : 'blocked'}`);
    });
}
