import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScannerTwin } from '../../drivers/serial-scanner/twin.js';
import { systemClock } from '../../src/clock.js';
import type { Hardware } from '../../src/cli/demo/stage.js';
import { createHardware, GateProcess, temporaryStage, writeConfig } from '../../src/cli/demo/stage.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import { casesOf, SimModel } from '../../src/simulator/model.js';
import type { Quantiles } from './measure.js';
import { DiskFloor, quantiles, untilQuiet } from './measure.js';
import { monotonicMs, Stopwatch } from './stopwatch.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** SecuTix is another machine: here it runs in its own process at the lowest priority. */
export async function startRemoteSimulator(
  tickets: number,
  callsPerMinute: number,
): Promise<{ url: string; stop(): void }> {
  const args = [
    '-n',
    '19',
    process.execPath,
    '--max-old-space-size=6000',
    MAIN,
    'simulator',
    '--port',
    '0',
    '--tickets',
    String(tickets),
  ];
  const child = spawn('nice', [...args, '--calls-per-minute', String(callsPerMinute)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /simulator: (\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
  });
  return { url, stop: () => child.kill('SIGKILL') };
}

const complete = (s: StatusReport): boolean => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null;

/** The gate's devices, with a clock on the relay's wire. */
export interface Bench {
  hardware: Hardware;
  stopwatch: Stopwatch;
}

export async function createBench(folder: string): Promise<Bench> {
  const stopwatch = await Stopwatch.open(path.join(folder, 'relay'));
  return { hardware: createHardware(folder, '20ms', () => stopwatch), stopwatch };
}

/** How a scanner's code comes. `line`: character by character, as 9600 baud carry them. `packet`: in one piece, as over USB. */
export type Way = 'line' | 'packet';
/** A start bit, eight bits, a stop bit; milliseconds. */
const CHARACTER = (10 / 9600) * 1e3;

/** Sleeps with the thread and not with the event loop, which on a timer this short would spin. */
const CELL = new Int32Array(new SharedArrayBuffer(4));
const sleepUntil = (at: number): void => void Atomics.wait(CELL, 0, 0, Math.max(0, at - monotonicMs()));

/** Lets a code come in; returns when its last byte was handed over. */
function scan(scanner: ScannerTwin, code: string, way: Way): number {
  const typed = way === 'line' ? code : '';
  for (const character of typed) {
    const began = monotonicMs();
    scanner.begin(character);
    sleepUntil(began + CHARACTER);
  }
  const t = monotonicMs();
  scanner.scan(code.slice(typed.length));
  return t;
}

/** One scan after the other; last byte in to first byte out, milliseconds, for `count` scans or until `between` says true. */
export async function scans(
  { hardware, stopwatch }: Bench,
  codes: string[],
  way: Way,
  count: number,
  between: () => boolean | void | Promise<void>,
): Promise<number[]> {
  const { wires } = hardware;
  if (!wires) throw new Error(hardware.why);
  const samples: number[] = [];
  while (samples.length < count) {
    const code = codes.pop();
    if (code === undefined) throw new Error('out of tickets');
    const pulses = wires.relay.pulses;
    const told = wires.relay.until(() => wires.relay.pulses > pulses).then(() => stopwatch.lastAt);
    const t = scan(wires.barcode, code, way);
    samples.push((await told) - t);
    await wires.relay.until(() => !wires.relay.isOn(1));
    // The lane takes the next read when it knows itself that the pulse has ended.
    await systemClock.sleep(5);
    if ((await between()) === true) break;
  }
  return samples;
}

/** Scans before the first one that counts: a gate's day has thousands, and V8 has compiled what there is to compile by then. */
const WARM_UP = 3_000;
/** Between two looks at the status while scans are measured, milliseconds. */
const LOOK_EVERY = 1_000;
/** As in the README's gate.yaml. */
const PUSH_EVERY = '5s';

/** Where the time of an idle scan goes, from the gate's own log, scan by scan. */
export interface Stages {
  /** Both wires: from the last byte's write until the gate's main thread has the code, and from the relay's byte until it can be read, less what the gate does after that. */
  wires: Quantiles;
  /** From the code to the decision. */
  decide: Quantiles;
  /** From the decision until the check is on the disk and the relay's byte is written. */
  append: Quantiles;
}

interface Told {
  decidedAfter: number;
  grantedAfter: number;
}

/** The last admissions in a gate's log. */
function admissions(logFile: string, count: number): Told[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"admitted"'))
    .map((line) => JSON.parse(line) as Told)
    .slice(-count);
}

function stagesOf(told: readonly Told[], samples: readonly number[]): Stages {
  return {
    wires: quantiles(samples.map((t, i) => t - (told[i]?.grantedAfter ?? 0))),
    decide: quantiles(told.map((s) => s.decidedAfter)),
    append: quantiles(told.map((s) => s.grantedAfter - s.decidedAfter)),
  };
}

export interface GateFigures {
  /** Each sample after the same rest as a scan: a machine that has just slept is slower than one that has not. */
  floor: Quantiles;
  floorPooled: Quantiles;
  /** One sample right after the other. */
  floorInARow: Quantiles;
  stages: Record<Way, Stages>;
  importSeconds: number;
  readyAfterMs: number;
  memoryAfterImportMb: number;
  memoryAfterRestartMb: number;
  idle: Record<Way, Quantiles>;
  whileImporting: Quantiles;
}

export async function benchGate(tickets: number, rounds: number, log: (text: string) => void): Promise<GateFigures> {
  log(`simulator with ${tickets} tickets ...`);
  const simulator = await startRemoteSimulator(tickets, 0);
  // The same seed: what the simulator sells first is in the first pages.
  const early = casesOf(new SimModel(8_000, 1), 'P1', 'PERF1', 8_000).valid;
  const stages = [temporaryStage(), temporaryStage()] as const;
  try {
    log('first import, limiter off ...');
    const [a, b] = stages;
    const bench = await createBench(a.folder);
    const config = writeConfig({
      secutixUrl: simulator.url,
      hardware: bench.hardware,
      folder: a.folder,
      callsPerMinute: 0,
      pushEvery: PUSH_EVERY,
    });
    const started = performance.now();
    let gate = new GateProcess(config, a.folder);
    const filled = await gate.until(complete, 600_000);
    const importSeconds = (performance.now() - started) / 1000;
    await gate.stop();
    log('restart with the full list ...');
    gate = new GateProcess(config, a.folder);
    const restarted = await gate.until((s) => complete(s) && !s.sync?.pull.running, 60_000);
    await untilQuiet(`${a.folder}/data/list`, 2_000);
    log(`${rounds} scans each way, idle ...`);
    const { line, packet, ...floors } = await idleScans(bench, [...early], rounds, a.folder);
    const { memory } = await gate.api.get<StatusReport>('/status');
    await gate.stop();
    const told = admissions(gate.logFile, 2 * rounds);
    bench.hardware.close();

    log('scans while a first import runs ...');
    const second = await createBench(b.folder);
    const busy = new GateProcess(
      writeConfig({
        secutixUrl: simulator.url,
        hardware: second.hardware,
        folder: b.folder,
        callsPerMinute: 0,
        pushEvery: PUSH_EVERY,
      }),
      b.folder,
    );
    await busy.until((s) => (s.sync?.pull.scopes[0]?.pages ?? 0) >= 3, 60_000);
    let done = false;
    // As often as a technician's page looks: every look would take a few of the gate's milliseconds from somebody's scan.
    const end = busy.until(complete, 600_000, LOOK_EVERY).then(() => {
      done = true;
    });
    const whileImporting = await scans(second, [...early], 'line', early.length, () => done);
    await end;
    await busy.stop();
    second.hardware.close();
    return {
      ...floors,
      stages: {
        line: stagesOf(
          told.filter((_, i) => i % 2 === 0),
          line,
        ),
        packet: stagesOf(
          told.filter((_, i) => i % 2 === 1),
          packet,
        ),
      },
      importSeconds,
      readyAfterMs: restarted.readyAfter,
      memoryAfterImportMb: filled.memory / 1e6,
      memoryAfterRestartMb: memory / 1e6,
      idle: { line: quantiles(line), packet: quantiles(packet) },
      whileImporting: quantiles(whileImporting),
    };
  } finally {
    simulator.stop();
    for (const stage of stages) stage.remove();
  }
}

/** As long as a character-by-character code takes, which is the rest that the disk has before a scan; milliseconds. */
const REST = 20;

/** Scans of both ways take turns with samples of the disk, each after a rest, so that all see the machine in the same mood. */
async function idleScans(bench: Bench, codes: string[], rounds: number, folder: string) {
  await scans(bench, codes, 'line', WARM_UP, () => false);
  const disk = new DiskFloor(folder);
  const packet: number[] = [];
  const line = await scans(bench, codes, 'line', rounds, async () => {
    await systemClock.sleep(REST);
    disk.sample();
    await systemClock.sleep(REST);
    packet.push(...(await scans(bench, codes, 'packet', 1, () => false)));
    await systemClock.sleep(REST);
    await disk.samplePooled();
  });
  const floorPooled = quantiles(disk.pooled);
  const floor = disk.close();
  const inARow = new DiskFloor(folder);
  for (let i = 0; i < rounds; i++) inARow.sample();
  return { line, packet, floor, floorPooled, floorInARow: inARow.close() };
}

/** First import with the limiter on, seconds; 60 calls a minute allow one page a second. */
export async function benchLimited(tickets: number): Promise<number> {
  const simulator = await startRemoteSimulator(tickets, 60);
  const stage = temporaryStage();
  const hardware = createHardware(stage.folder, '20ms');
  try {
    const gate = new GateProcess(
      writeConfig({ secutixUrl: simulator.url, hardware, folder: stage.folder }),
      stage.folder,
    );
    await gate.until((s) => s.sync !== null, 30_000);
    const started = performance.now();
    await gate.until(complete, 600_000);
    const seconds = (performance.now() - started) / 1000;
    await gate.stop();
    return seconds;
  } finally {
    simulator.stop();
    hardware.close();
    stage.remove();
  }
}
