import { Command, Option } from 'commander';
import { askGate } from './gate-api.js';
import { configOption, dataOption, integer, jsonOption } from './options.js';
import { colours, printLine } from './output.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  follow: boolean;
  lines: number;
  level: string;
}

export function logsCommand(): Command {
  return new Command('logs')
    .description('the last lines of the log of the running gate, kept in memory (the last 2,000); codes are masked')
    .addOption(new Option('-n, --lines <n>', 'how many').argParser(integer(1, 2_000)).default(100))
    .addOption(new Option('--level <level>', 'at least').choices(['debug', 'info', 'warn', 'error']).default('debug'))
    .addOption(new Option('-f, --follow', 'go on with what comes; Ctrl-C ends').default(false))
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const path = `/logs?limit=${options.lines}&level=${options.level}`;
      await askGate(options, async (api) => {
        const show = options.json ? printLine : printReadable;
        if (!options.follow) return (await api.get<string[]>(path)).forEach((line) => show(line));
        const stop = new AbortController();
        process.once('SIGINT', () => stop.abort());
        const { ended } = await api.stream(`${path}&follow=1`, { log: show }, stop.signal);
        await ended;
      });
    });
}

const COLOUR: Readonly<Record<string, number>> = { warn: 33, error: 31, debug: 90 };

function printReadable(line: string): void {
  const colour = colours(process.stdout);
  let facts: Record<string, unknown>;
  try {
    facts = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return printLine(line);
  }
  const { level, time, msg, ...rest } = facts as { level?: string; time?: string; msg?: string };
  const more = Object.entries(rest).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`);
  printLine(
    `${(time ?? '').slice(0, 19).replace('T', ' ')}  ${colour(COLOUR[level ?? ''] ?? 0, (level ?? '').padEnd(5))}  ${msg ?? ''}  ${colour(90, more.join(' '))}`,
  );
}
