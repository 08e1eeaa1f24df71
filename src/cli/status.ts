import { Command } from 'commander';
import type { StatusReport } from '../diagnostics/read-model.js';
import type { SyncStatus } from '../sync/messages.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { ago, colours, EXIT, printJson, printLine } from './output.js';

const EXIT_OF = { ok: EXIT.ok, degraded: EXIT.degraded, down: EXIT.failed } as const;

export function statusCommand(): Command {
  return new Command('status')
    .description('what the running gate says of itself; exit code 0 = ok, 3 = degraded, 1 = a lane cannot admit')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: { config: string; data?: string; json: boolean }) => {
      const status = await askGate(options, (api) => api.get<StatusReport>('/status'));
      if (options.json) printJson(status);
      else printStatus(status);
      process.exitCode = EXIT_OF[status.health];
    });
}

function printStatus(s: StatusReport): void {
  const colour = colours(process.stdout);
  const health = { ok: colour(32, 'ok'), degraded: colour(33, 'degraded'), down: colour(31, 'DOWN') }[s.health];
  printLine(
    `gate ${s.gate}  ${health}  up ${ago(Date.now() - s.startedAt)}  Portillon ${s.version}  ${Math.round(s.memory / 1e6)} MB`,
  );
  for (const c of s.conditions) {
    printLine(`  ${c.severity === 'down' ? colour(31, '!!') : colour(33, '! ')} ${c.what}`);
    printLine(`     ${c.remedy}`);
  }
  for (const lane of s.lanes) {
    const { admitted, refused } = lane.counters;
    const mode = lane.mode === 'controlled' ? '' : `  ${colour(33, lane.mode.toUpperCase())}`;
    printLine(
      `lane ${lane.id} (${lane.direction})${mode}  ${lane.phase}  admitted ${admitted}  refused ${refused}${passages(lane)}`,
    );
    for (const d of lane.devices) {
      const state = d.status.state === 'ready' ? colour(32, d.status.state) : colour(31, d.status.state);
      printLine(
        `  ${d.role.padEnd(10)} ${d.driver.padEnd(15)} ${state}${d.status.reason ? `  ${d.status.reason}` : ''}${noise(d.status.counters)}`,
      );
    }
  }
  printLine(`journal  ${s.journal.lastSeq} records, ${s.journal.waiting} not yet at SecuTix`);
  printFleet(s.fleet);
  if (!s.sync) return;
  for (const scope of s.sync.pull.scopes) {
    const age =
      scope.completeAt === null ? 'first import not complete' : `complete ${ago(Date.now() - scope.completeAt)} ago`;
    printLine(
      `list     ${scope.season} ${scope.products.join(',') || 'all products'}: ${scope.items} lines in ${scope.pages} pages, ${age}`,
    );
  }
  printLine(`pull     ${pullLine(s.sync)}`);
  printLine(
    `push     ${s.sync.push.acknowledged} acknowledged since start, ${s.sync.push.rejected} refused by SecuTix`,
  );
  printLine(`calls    ${callsLine(s.sync)}`);
  const { at, performances } = s.sync.programme;
  printLine(
    `events   ${at === 0 ? 'no catalogue yet' : `${performances} performances, catalogue ${ago(Date.now() - at)} old`}`,
  );
}

function pullLine({ pull }: SyncStatus): string {
  const { nextAt, running, run, rebuild, event } = pull;
  const during = event ? '  (people are being admitted)' : '';
  if (rebuild)
    return `${rebuild.purpose}: ${rebuild.pages} pages, ${rebuild.items} lines so far; the lanes read the list of before`;
  if (running) return `running, ${run?.pages ?? 0} pages, ${run?.items ?? 0} lines so far${during}`;
  return nextAt === null ? 'not planned' : `next in ${ago(nextAt - Date.now())}${during}`;
}

function callsLine({ secutix }: SyncStatus): string {
  const { callsLeft, perMinute, month } = secutix;
  const minute = perMinute === 0 ? 'no limit' : `${callsLeft} of ${perMinute} left this minute`;
  const of = month.callsLimit > 0 ? ` of ${month.callsLimit}` : '';
  return `${minute}; ${month.month}: ${month.calls}${of} calls, ${(month.bytes / 1e6).toFixed(1)} MB`;
}

function printFleet(fleet: StatusReport['fleet']): void {
  if (!fleet?.updateLock) return;
  const { state, why, heldFor } = fleet.updateLock;
  const lock = why === undefined ? state : `${state}, ${why} (${ago(heldFor ?? 0)})`;
  printLine(`update   lock ${lock}${fleet.device?.updateWaiting ? '; an update waits for it' : ''}`);
}

function passages({ passageSensor, counters, active }: StatusReport['lanes'][number]): string {
  if (!passageSensor) return '';
  const { passed, notPassed, forced, tailgating } = counters;
  const alarms = `${forced ? `  forced ${forced}` : ''}${tailgating ? `  tailgating ${tailgating}` : ''}`;
  return `  passed ${passed}  not passed ${notPassed}${alarms}${active.length > 0 ? `  active: ${active.join(', ')}` : ''}`;
}

/** What a reader threw away: the first thing to look at when people stand in front of a silent lane. */
function noise({ noise = 0, noiseBytes = 0 }: Readonly<Record<string, number>>): string {
  return noise === 0 ? '' : `  noise ${noise} times, ${noiseBytes} bytes`;
}
