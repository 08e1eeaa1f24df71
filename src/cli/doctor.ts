import { Command } from 'commander';
import type { Condition, StatusReport } from '../diagnostics/read-model.js';
import type { Vitals } from '../diagnostics/vitals.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { ago, colours, EXIT, printJson, printLine } from './output.js';

/** Free space below which a volume is a worry, bytes, and the heat at which a board slows down, degrees Celsius. */
const LITTLE_ROOM = 200e6;
const HOT = 80;
const SLOW_LOOP = 250;

interface Access {
  addresses: string[];
  troubles: string[];
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'what is wrong and what to do about it, worst first; exit code 0 = nothing, 3 = degraded, 1 = people are stopped',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options: { config: string; data?: string; json: boolean }) => {
      const [status, { vitals }, access] = await askGate(options, (api) =>
        Promise.all([
          api.get<StatusReport>('/status'),
          api.get<{ vitals: Vitals }>('/vitals'),
          // A gate without a page has no door to ask.
          api.get<Access>('/access').catch((): Access => ({ addresses: [], troubles: [] })),
        ]),
      );
      const found = [...status.conditions, ...machine(vitals, access)].sort((a, b) => rank(b) - rank(a));
      if (options.json) printJson({ gate: status.gate, health: status.health, found, vitals, page: access.addresses });
      else print(status, vitals, access, found);
      process.exitCode =
        found.length === 0 ? EXIT.ok : found.some((c) => c.severity === 'down') ? EXIT.failed : EXIT.degraded;
    });
}

const rank = (c: Condition): number => (c.severity === 'down' ? 1 : 0);

/** What the machine under the gate has to say; nothing of it stops people today. */
export function machine(v: Vitals, access: Pick<Access, 'troubles'>): Condition[] {
  const out: Condition[] = [];
  const add = (what: string, remedy: string): unknown =>
    out.push({ severity: 'degraded', kind: 'machine', what, remedy });
  if (v.disk && v.disk.free < LITTLE_ROOM)
    add(
      `only ${mega(v.disk.free)} of the disk are free`,
      'make room: the journal needs it, and without it nobody is admitted',
    );
  if (v.memory.available < v.memory.total / 20)
    add(`only ${mega(v.memory.available)} of memory are free`, 'look for another program that grows');
  if (v.temperature !== null && v.temperature > HOT)
    add(`the board is ${v.temperature} °C hot`, 'give it air or shade: it slows down');
  if (v.underVoltage === 'now' || v.underVoltage === 'before')
    add(
      `the supply voltage ${v.underVoltage === 'now' ? 'is' : 'was'} too low`,
      'a stronger power supply, a shorter cable',
    );
  if (v.loopDelay > SLOW_LOOP)
    add(`the gate's own loop was ${Math.round(v.loopDelay)} ms late`, 'the machine is too busy: see `portillon top`');
  if (v.clock.jumps > 0)
    add(`the clock jumped ${v.clock.jumps} time(s) since the start`, 'check NTP and the battery of the clock');
  for (const trouble of access.troubles)
    add(`the page is not served at ${trouble}`, 'correct `diagnostics.listen`, or free the port');
  return out;
}

const mega = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

function print(s: StatusReport, v: Vitals, access: Access, found: readonly Condition[]): void {
  const colour = colours(process.stdout);
  printLine(`gate ${s.gate}  Portillon ${s.version}  up ${ago(s.at - s.startedAt)}`);
  if (found.length === 0) printLine(`${colour(32, '✓ nothing is wrong')}`);
  for (const [i, c] of found.entries()) {
    const down = c.severity === 'down';
    printLine(`${colour(down ? 31 : 33, `${i + 1}. ${down ? '✕ stops people' : '▲ works, but  '}`)}  ${c.what}`);
    printLine(`      do: ${c.remedy}`);
  }
  const clock = v.clock.offset === null ? '' : `, ${Math.round(v.clock.offset)} ms against SecuTix`;
  const heat = v.temperature === null ? '' : `  ${v.temperature} °C`;
  printLine(
    `machine  disk ${v.disk ? `${mega(v.disk.free)} free` : '?'}  memory ${mega(v.memory.available)} free, Portillon ${mega(v.memory.process)}${heat}  clock ${v.clock.source}${clock}`,
  );
  printLine(`page     ${access.addresses.join('  ') || 'not served'}`);
}
