import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Hardware } from '../../src/cli/demo/stage.js';
import { createHardware, GateProcess, temporaryStage, writeConfig } from '../../src/cli/demo/stage.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import { casesOf, SimModel } from '../../src/simulator/model.js';
import type { Quantiles } from './measure.js';
import { DiskFloor, quantiles, untilQuiet } from './measure.js';

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

/** One scan after the other; last byte in to first byte out, for `count` scans or until `between` says true. */
export async function scans(
  hardware: Hardware,
  codes: string[],
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
    const t = performance.now();
    wires.barcode.scan(code);
    await wires.relay.until(() => wires.relay.pulses > pulses);
    samples.push((wires.relay.changes.at(-1)?.at ?? performance.now()) - t);
    await wires.relay.until(() => !wires.relay.isOn(1));
    // The lane takes the next read when it knows itself that the pulse has ended.
    await new Promise((resolve) => setTimeout(resolve, 5));
    if ((await between()) === true) break;
  }
  return samples;
}

/** Scans before the first one that counts: a gate's day has thousands. */
const WARM_UP = 200;
/** As in the README's gate.yaml. */
const PUSH_EVERY = '5s';

/** Where the time of an idle scan goes, from the gate's own log, scan by scan. */
export interface Stages {
  /** Both wires: from the test's write until the gate's main thread has the code, and from the relay's byte until the test has it. */
  wires: Quantiles;
  /** From the code to the decision. */
  decide: Quantiles;
  /** From the decision until the check is on the disk and the relay's byte is written. */
  append: Quantiles;
}

function stagesOf(logFile: string, samples: readonly number[]): Stages {
  const told = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"admitted"'))
    .map((line) => JSON.parse(line) as { decidedAfter: number; grantedAfter: number })
    .slice(-samples.length);
  return {
    wires: quantiles(samples.map((t, i) => t - (told[i]?.grantedAfter ?? 0))),
    decide: quantiles(told.map((s) => s.decidedAfter)),
    append: quantiles(told.map((s) => s.grantedAfter - s.decidedAfter)),
  };
}

export interface GateFigures {
  floor: Quantiles;
  floorPooled: Quantiles;
  stages: Stages;
  importSeconds: number;
  readyAfterMs: number;
  memoryAfterImportMb: number;
  memoryAfterRestartMb: number;
  idle: Quantiles;
  whileImporting: Quantiles;
}

export async function benchGate(tickets: number, rounds: number, log: (text: string) => void): Promise<GateFigures> {
  log(`simulator with ${tickets} tickets ...`);
  const simulator = await startRemoteSimulator(tickets, 0);
  // The same seed: what the simulator sells first is in the first pages.
  const early = casesOf(new SimModel(5_000, 1), 'P1', 'PERF1', 4_000).valid;
  const stages = [temporaryStage(), temporaryStage()] as const;
  try {
    log('first import, limiter off ...');
    const [a, b] = stages;
    const hardware = createHardware(a.folder, '20ms');
    const config = writeConfig({
      secutixUrl: simulator.url,
      hardware,
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
    log(`${rounds} scans, idle ...`);
    const codes = [...early];
    await scans(hardware, codes, WARM_UP, () => false);
    const disk = new DiskFloor(a.folder);
    const idle = await scans(hardware, codes, rounds, async () => {
      disk.sample();
      await disk.samplePooled();
    });
    const floor = disk.close();
    const { memory } = await gate.api.get<StatusReport>('/status');
    await gate.stop();
    const spent = stagesOf(gate.logFile, idle);
    hardware.close();

    log('scans while a first import runs ...');
    const second = createHardware(b.folder, '20ms');
    const busy = new GateProcess(
      writeConfig({
        secutixUrl: simulator.url,
        hardware: second,
        folder: b.folder,
        callsPerMinute: 0,
        pushEvery: PUSH_EVERY,
      }),
      b.folder,
    );
    await busy.until((s) => (s.sync?.pull.scopes[0]?.pages ?? 0) >= 3, 60_000);
    let done = false;
    const end = busy.until(complete, 600_000).then(() => {
      done = true;
    });
    const whileImporting = await scans(second, [...early], early.length, () => done);
    await end;
    await busy.stop();
    second.close();
    return {
      floor,
      floorPooled: quantiles(disk.pooled),
      stages: spent,
      importSeconds,
      readyAfterMs: restarted.readyAfter,
      memoryAfterImportMb: filled.memory / 1e6,
      memoryAfterRestartMb: memory / 1e6,
      idle: quantiles(idle),
      whileImporting: quantiles(whileImporting),
    };
  } finally {
    simulator.stop();
    for (const stage of stages) stage.remove();
  }
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
