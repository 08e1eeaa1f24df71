import { Command, Option } from 'commander';
import type { RecentItem } from '../diagnostics/recent.js';
import type { StatusReport } from '../diagnostics/read-model.js';
import type { Vitals } from '../diagnostics/vitals.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, integer } from './options.js';
import { ago, colours, printLine } from './output.js';

/** Milliseconds. */
const EVERY = 1_000;
const CLEAR = '\u001b[2J\u001b[H';
const SHOWN = 12;

export function topCommand(): Command {
  return new Command('top')
    .description('lanes, last reads and the machine, live in the terminal; Ctrl-C ends. Into a pipe: one look')
    .addOption(new Option('-n, --count <n>', 'end after this many looks').argParser(integer(1, 1_000_000)))
    .addOption(configOption())
    .addOption(dataOption())
    .action(async (options: { count?: number; config: string; data?: string }) => {
      const live = process.stdout.isTTY;
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      await askGate(options, async (api) => {
        let left = options.count ?? (live ? Number.POSITIVE_INFINITY : 1);
        while (left-- > 0 && !stop.signal.aborted) {
          const [status, recent, { vitals }] = await Promise.all([
            api.get<StatusReport>('/status'),
            api.get<RecentItem[]>('/recent'),
            api.get<{ vitals: Vitals }>('/vitals'),
          ]);
          const lines = view(status, recent, vitals, process.stdout.columns ?? 100);
          if (live) process.stdout.write(`${CLEAR}${lines.join('\n')}\n`);
          else lines.forEach((line) => printLine(line));
          if (left > 0) await pause(stop.signal);
        }
      });
    });
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, EVERY);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/** One screen of text. Exported for its test. */
export function view(s: StatusReport, recent: readonly RecentItem[], v: Vitals, width: number): string[] {
  const colour = colours(process.stdout);
  const health = { ok: colour(32, '✓ ok'), degraded: colour(33, '▲ degraded'), down: colour(31, '✕ DOWN') }[s.health];
  const out = [
    `${s.gate}  ${health}  up ${ago(s.at - s.startedAt)}  not delivered ${s.journal.waiting}  load ${v.load.toFixed(2)}  ${Math.round(v.memory.process / 1e6)} MB  loop ${v.loopDelay} ms`,
    ...s.conditions
      .slice(0, 4)
      .map((c) => `  ${c.severity === 'down' ? colour(31, '✕') : colour(33, '▲')} ${c.what}`.slice(0, width + 10)),
    '',
    'LANE             MODE        PHASE     ADMITTED  REFUSED  PASSED  NOT PASSED  FORCED  DEVICES',
  ];
  for (const lane of s.lanes) {
    const { admitted = 0, refused = 0, passed = 0, notPassed = 0, forced = 0 } = lane.counters;
    const away = lane.devices.filter((d) => d.status.state !== 'ready').map((d) => `${d.role} ${d.status.state}`);
    const cells = [
      lane.id.slice(0, 16).padEnd(16),
      lane.mode.padEnd(11),
      lane.phase.padEnd(9),
      String(admitted).padStart(8),
      String(refused).padStart(8),
      String(passed).padStart(7),
      String(notPassed).padStart(11),
      String(forced).padStart(7),
      ` ${away.length === 0 ? colour(32, 'all ready') : colour(31, away.join(', '))}`,
    ];
    out.push(cells.join(' '));
  }
  out.push('', 'LAST');
  for (const item of recent
    .filter((i) => i.event !== 'outcome')
    .slice(-SHOWN)
    .reverse()) {
    const at = new Date(item.data.at).toISOString().slice(11, 19);
    if (item.event === 'decision') {
      const { admitted, reason, code, lane, decidedAfter } = item.data;
      out.push(
        `${at}  ${lane.padEnd(16)} ${admitted ? colour(32, '✓ admitted') : colour(31, `✕ ${reason}`)}  ${code}${decidedAfter > 0 ? `  ${decidedAfter.toFixed(1)} ms` : ''}`,
      );
    } else
      out.push(`${at}  ${item.data.lane.padEnd(16)} ${colour(33, `· ${'what' in item.data ? item.data.what : ''}`)}`);
  }
  return out;
}
