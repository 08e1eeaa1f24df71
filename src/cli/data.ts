import { Command, Option } from 'commander';
import { systemClock } from '../clock.js';
import { loadConfig } from '../config/load.js';
import { PortillonError } from '../errors.js';
import { storeKeyFrom } from '../runtime-store.js';
import { backups, FORMAT, formatOfRelease, readFormat } from '../store/format.js';
import { leaveIn } from '../store/leave.js';
import { VERSION } from '../version.js';
import { configOption, dataOption, integer, jsonOption } from './options.js';
import { printJson, printLine } from './output.js';
import { whileStopped } from './store-files.js';

interface Where {
  config: string;
  data?: string;
}
export const dataFolderOf = ({ config, data }: Where): string => data ?? loadConfig(config).config.data;

export function dataCommand(): Command {
  return new Command('data')
    .description('the data folder of a gate: its format, its backups, its way back to an older release')
    .addCommand(
      new Command('format')
        .description('in which format the data are, and which backups there are')
        .addOption(configOption())
        .addOption(dataOption())
        .addOption(jsonOption())
        .action((options: Where & { json: boolean }) => {
          const folder = dataFolderOf(options);
          const found = readFormat(folder);
          const kept = backups(folder);
          if (options.json) return printJson({ known: FORMAT, found: found ?? null, backups: kept });
          printLine(found ? `format ${found.format}, written by Portillon ${found.by}` : 'there are no data yet');
          if (found?.changing)
            printLine(`a change to format ${found.changing.to} was cut off; the next start undoes it`);
          printLine(`this release (${VERSION}) knows formats up to ${FORMAT}`);
          for (const b of kept) printLine(`backup of format ${b.format}: ${b.folder}`);
        }),
    )
    .addCommand(
      new Command('leave')
        .description(
          'leaves the data of a gate that does not run in an older format, so that an older release takes them over',
        )
        .addOption(configOption())
        .addOption(dataOption())
        .addOption(new Option('--format <n>', 'the format').argParser(integer(1, 99)))
        .addOption(new Option('--for <version>', 'the one that this release of Portillon knows'))
        .addOption(
          new Option('--unseal', 'takes the seal off sealed data (`store.secret`), which format 1 does not know'),
        )
        .action(async (options: Where & { format?: number; for?: string; unseal?: boolean }) => {
          const format = options.format ?? (options.for === undefined ? undefined : formatOfRelease(options.for));
          if (format === undefined)
            throw new PortillonError('USAGE', 'say which format: --format N, or --for VERSION of the older release');
          const folder = dataFolderOf(options);
          const { changed, list } = await whileStopped(folder, () =>
            leaveIn(folder, format, {
              by: VERSION,
              now: systemClock.now(),
              ...(options.unseal === true && { unsealWith: storeKeyFrom(loadConfig(options.config).config) }),
            }),
          );
          printLine(changed ? `left in format ${format}; the ticket list is ${list}` : 'nothing to do');
        }),
    );
}
