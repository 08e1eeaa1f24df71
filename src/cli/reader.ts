import { Command, Option } from 'commander';
import type { ReadEvent } from '../diagnostics/read-model.js';
import { askGate } from './gate-api.js';
import { PortillonError } from '../errors.js';
import { configOption, dataOption, integer, jsonOption } from './options.js';
import { colours, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  count?: number;
}

export function readerCommand(): Command {
  return new Command('reader').description('the readers of the running gate').addCommand(
    new Command('listen')
      .description(
        'shows what readers deliver, whole, with every reading of a card and which of them the ticket list knows; the lane goes on deciding',
      )
      .argument('[id]', 'one reader, like lane-1/reader-0; left out: all')
      .addOption(new Option('-n, --count <n>', 'end after this many reads').argParser(integer(1, 1_000_000)))
      .addOption(configOption())
      .addOption(dataOption())
      .addOption(jsonOption())
      .action((id: string | undefined, options: Options) => listen(id, options)),
  );
}

async function listen(id: string | undefined, options: Options): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  await askGate(options, async (api) => {
    const { lanes } = await api.get<{ lanes: { id: string; devices: { role: string }[] }[] }>('/status');
    const all = lanes.flatMap((l) =>
      l.devices.filter((d) => d.role.startsWith('reader')).map((d) => `${l.id}/${d.role}`),
    );
    if (id !== undefined && !all.includes(id))
      throw new PortillonError('NO_READER', `no reader ${id}; there are: ${all.join(', ')}`);
    let left = options.count ?? Number.POSITIVE_INFINITY;
    const { ended } = await api.events(
      'read',
      (read) => {
        if (id !== undefined && read.device !== id) return;
        if (options.json) printLine(JSON.stringify(read));
        else print(read);
        if (--left <= 0) stop.abort();
      },
      stop.signal,
    );
    if (!options.json && process.stderr.isTTY)
      process.stderr.write(`listening to ${id ?? all.join(', ')}; Ctrl-C ends\n`);
    await ended;
  });
}

function print(read: ReadEvent): void {
  const colour = colours(process.stdout);
  const known = (yes: boolean): string => (yes ? colour(32, 'in the ticket list') : 'not in the ticket list');
  printLine(
    `${new Date(read.at).toISOString()}  ${read.device}  ${read.medium}  ${read.text}  ${read.symbology ?? ''}  ${known(read.known)}`,
  );
  if (read.uid === undefined) return;
  for (const r of read.readings) {
    const options = Object.entries(r.format).map(([k, v]) => `${k}: ${String(v)}`);
    printLine(`    ${r.text.padEnd(22)} ${`{ ${options.join(', ')} }`.padEnd(36)} ${known(r.known)}`);
  }
}
