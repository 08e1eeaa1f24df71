import { Command, Option } from 'commander';
import type { StatusReport } from '../../diagnostics/read-model.js';
import { PortillonError } from '../../errors.js';
import type { LaneEvent } from '../../lane/lane.js';
import { casesOf } from '../../simulator/model.js';
import type { Simulator } from '../../simulator/server.js';
import { startSimulator } from '../../simulator/server.js';
import { integer, jsonOption } from '../options.js';
import { colours, EXIT, printJson, printLine } from '../output.js';
import type { Visitor } from './crowd.js';
import { planCrowd } from './crowd.js';
import { compare } from './compare.js';
import type { Hardware } from './stage.js';
import { createHardware, GateProcess, temporaryStage, writeConfig } from './stage.js';
import type { DemoView } from './view.js';
import { createView } from './view.js';
import type { VenueDemoOptions } from './venue-demo.js';
import { runVenueDemo } from './venue-demo.js';

interface Options {
  visitors: number;
  seed: number;
  tickets: number;
  json: boolean;
  gates?: number;
  policy: VenueDemoOptions['policy'];
  install: boolean;
  faults?: string;
  interactive: boolean;
}

const PULSE = '200ms';
/** Milliseconds a visitor waits for an answer. */
const PATIENCE = 60_000;

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'a turnstile at work: simulated SecuTix, a gate, a crowd; exit code 0 only if the reports equal what the crowd did',
    )
    .addOption(new Option('--visitors <n>', 'size of the crowd').argParser(integer(1, 100_000)).default(60))
    .addOption(new Option('--seed <n>', 'the same seed is the same crowd').argParser(integer(0, 2 ** 31)).default(1))
    .addOption(new Option('--tickets <n>', 'tickets sold').argParser(integer(100, 2_000_000)).default(20_000))
    .addOption(
      new Option('--gates <n>', 'a venue: a hub and this many gates, with plugs that are pulled').argParser(
        integer(2, 20),
      ),
    )
    .addOption(
      new Option('--policy <policy>', 'with --gates: what a gate does without the hub')
        .choices(['refuse', 'budget', 'home-only'])
        .default('budget'),
    )
    .addOption(
      new Option('--install', 'with --gates: install the broker (mosquitto) when it is missing').default(false),
    )
    .addOption(
      new Option(
        '--faults <plan>',
        'with --gates: plugs to pull, such as "broker 8s, hub 20s, gate-2 10s, kill gate-3 5s"',
      ),
    )
    .addOption(new Option('--interactive', 'with --gates: you pull the plugs').default(false))
    .addOption(jsonOption())
    .action((options: Options) =>
      options.gates === undefined ? runDemo(options) : runVenueDemo({ ...options, gates: options.gates }),
    );
}

async function runDemo(options: Options): Promise<void> {
  const view = createView(options.json);
  const stage = temporaryStage();
  const simulator = await startSimulator({ port: 0, tickets: options.tickets, seed: options.seed });
  const hardware = createHardware(stage.folder, PULSE);
  const gate = new GateProcess(
    writeConfig({ secutixUrl: simulator.url, hardware, folder: stage.folder }),
    stage.folder,
  );
  const stopEvents = new AbortController();
  const interrupted = new Promise<never>((_resolve, reject) => {
    // Also on SIGTERM the gate's process must not be left behind.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new PortillonError('DEMO', 'interrupted')));
  });
  try {
    view.step(`SecuTix simulator at ${simulator.origin} with ${options.tickets} tickets`);
    view.step(`lane-1 on ${hardware.kind}: ${hardware.why}`);
    const ready = await Promise.race([gate.until((s) => imported(s, simulator, view), 600_000), interrupted]);
    view.step(
      `the gate has its list: ${ready.sync?.pull.scopes[0]?.items ?? 0} lines, ready to decide ${ready.readyAfter} ms after its start`,
    );
    const visitors = planCrowd(casesOf(simulator.model, 'P1', 'PERF1', 200_000), options.visitors, options.seed);
    const answers = createAnswers();
    await gate.api.events('decision', (event) => answers.push(event), stopEvents.signal);
    const unanswered = await Promise.race([letThrough(visitors, gate, hardware, answers, view), interrupted]);
    view.end();
    view.step('reporting to SecuTix ...');
    await gate.until((s) => s.journal.waiting === 0, 120_000);
    report(options, simulator, hardware, visitors, unanswered, await gate.api.get<StatusReport>('/status'));
  } catch (error) {
    view.end();
    throw error;
  } finally {
    stopEvents.abort();
    await gate.stop();
    hardware.close();
    await simulator.close();
    stage.remove();
  }
}

function imported(status: StatusReport, simulator: Simulator, view: DemoView): boolean {
  const scope = status.sync?.pull.scopes[0];
  if (!scope) return false;
  // A pair of a cancelled ticket is two lines, so the total is the log's length at least.
  view.importing(scope.items, Math.max(scope.items, simulator.model.changes));
  return scope.completeAt !== null && status.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready'));
}

interface Answers {
  push(event: LaneEvent): void;
  next(): Promise<LaneEvent | undefined>;
}

function createAnswers(): Answers {
  const waiting: LaneEvent[] = [];
  let wake: (() => void) | undefined;
  return {
    push: (event) => {
      waiting.push(event);
      wake?.();
    },
    next: async () => {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, PATIENCE);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      return waiting.shift();
    },
  };
}

/** One after the other, as at a turnstile: the next one steps up when the barrier has closed again. */
async function letThrough(
  visitors: readonly Visitor[],
  gate: GateProcess,
  hardware: Hardware,
  answers: Answers,
  view: DemoView,
): Promise<number> {
  let unanswered = 0;
  let opened = 0;
  for (const [index, visitor] of visitors.entries()) {
    const answer = answers.next();
    if (hardware.wires) hardware.wires[visitor.medium].scan(visitor.code);
    else await gate.api.post(`/lanes/lane-1/readers/${visitor.medium === 'rfid' ? 1 : 0}/present`, visitor.code);
    const event = await answer;
    if (!event) unanswered++;
    view.visitor(index + 1, visitors.length, visitor, event);
    const { wires } = hardware;
    if (event?.admitted) opened++;
    if (event?.admitted && wires) await wires.relay.until(() => wires.relay.pulses >= opened && !wires.relay.isOn(1));
  }
  return unanswered;
}

function report(
  options: Options,
  simulator: Simulator,
  hardware: Hardware,
  visitors: readonly Visitor[],
  unanswered: number,
  status: StatusReport,
): void {
  const differences = compare(visitors, simulator.controls());
  const admitted = visitors.filter((v) => v.expected.admitted).length;
  const pulses =
    hardware.wires?.relay.pulses ??
    status.lanes[0]?.devices.find((d) => d.role === 'barrier')?.status.counters.grants ??
    0;
  if (pulses !== admitted)
    differences.push(`the barrier opened ${pulses} times, ${admitted} visitors had a right to it`);
  if (unanswered > 0) differences.push(`${unanswered} visitors got no answer`);
  const { violations, refusedTokens, alarms } = simulator.stats();
  if (violations + refusedTokens + alarms.length > 0) {
    differences.push(
      `SecuTix complains: ${violations} calls too many, ${refusedTokens} refused tokens, ${alarms.length} alarms`,
    );
  }
  const ok = differences.length === 0;
  const reported = simulator.controls().length;
  if (options.json) {
    printJson({
      ok,
      hardware: hardware.kind,
      visitors: visitors.length,
      admitted,
      refused: visitors.length - admitted,
      pulses,
      reported,
      differences,
    });
  } else {
    const colour = colours(process.stdout);
    printLine(
      `${visitors.length} visitors: ${admitted} to admit, ${visitors.length - admitted} to refuse; the barrier opened ${pulses} times; ${reported} checks arrived at SecuTix`,
    );
    for (const difference of differences) printLine(`  ${difference}`);
    printLine(
      ok
        ? colour(32, 'OK: what SecuTix knows is what the crowd did')
        : colour(31, 'FAILED: SecuTix and the crowd differ'),
    );
  }
  process.exitCode = ok ? EXIT.ok : EXIT.failed;
}
