import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { WireEnd } from '../../../drivers/serial-relay/twin.js';
import { RelayTwin } from '../../../drivers/serial-relay/twin.js';
import { ScannerTwin } from '../../../drivers/serial-scanner/twin.js';
import { LinkedPty, PtyUnavailable } from '../../../drivers/transport/pty.js';
import type { StatusReport } from '../../diagnostics/read-model.js';
import { PortillonError } from '../../errors.js';
import { SIMULATOR_DEFAULTS } from '../../simulator/server.js';
import { GateApi } from '../gate-api.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/**
 * As in the command's first line: the sync thread's garbage collection would otherwise borrow every core at the lane's
 * priority. It halves the slowest scans during an import (`npm run bench`). Small halves of the young generation save 20 MB: a gate
 * that waits for visitors makes little garbage, and it is collected behind every answer.
 */
export const NODE_FLAGS = ['--single-threaded-gc', '--max-semi-space-size=4'];
/** Milliseconds between two looks at a gate that is starting or importing. */
const LOOK_EVERY = 100;

/** The visitors' side of one lane: real pseudo-terminals with the devices' twins behind, or virtual drivers. */
export interface Hardware {
  kind: 'pseudo-terminals' | 'virtual drivers';
  why: string;
  readers: object[];
  barrier: object;
  /** Undefined on virtual drivers, where reads go through the local API. */
  wires?: {
    barcode: ScannerTwin;
    rfid: ScannerTwin;
    relay: RelayTwin;
    relayPath: string;
    unplugBarcode(): void;
    replugBarcode(): void;
  };
  close(): void;
}

/** What the relay's board hangs on. */
export interface RelayWire extends WireEnd {
  readonly path: string;
  close(): void;
}

/** `relayWire`: in place of a pseudo-terminal of our own behind this link. */
export function createHardware(
  folder: string,
  pulse: string,
  relayWire = (link: string): RelayWire => new LinkedPty(link),
): Hardware {
  const made: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(wire: T): T => {
    made.push(wire);
    return wire;
  };
  try {
    const barcode = keep(new LinkedPty(path.join(folder, 'scanner')));
    const rfid = keep(new LinkedPty(path.join(folder, 'card-reader')));
    const relay = keep(relayWire(path.join(folder, 'relay')));
    return {
      kind: 'pseudo-terminals',
      why: 'real serial drivers on real pseudo-terminals',
      readers: [
        { driver: 'serial-scanner', path: barcode.path, medium: 'barcode' },
        { driver: 'serial-scanner', path: rfid.path, medium: 'rfid' },
      ],
      barrier: { driver: 'serial-relay', path: relay.path, channel: 1, pulse },
      wires: {
        barcode: new ScannerTwin(barcode),
        rfid: new ScannerTwin(rfid),
        relay: new RelayTwin(relay),
        relayPath: relay.path,
        unplugBarcode: () => barcode.unplug(),
        replugBarcode: () => barcode.replug(),
      },
      close: () => made.forEach((pty) => pty.close()),
    };
  } catch (error) {
    for (const pty of made) pty.close();
    if (!(error instanceof PtyUnavailable)) throw error;
    return {
      kind: 'virtual drivers',
      why: error.message,
      readers: [
        { driver: 'virtual', medium: 'barcode' },
        { driver: 'virtual', medium: 'rfid' },
      ],
      barrier: { driver: 'virtual', pulse },
      close: () => {},
    };
  }
}

export interface StageOptions {
  secutixUrl: string;
  hardware: Hardware;
  folder: string;
  secret?: string;
  callsPerMinute?: number;
  /** Rules of the lane beside those of the demo. */
  lane?: object;
  /** Default 1s: who looks at a demo does not want to wait. */
  pushEvery?: string;
}

/** Writes the gate.yaml of a stage and returns its path. */
export function writeConfig(options: StageOptions): string {
  const { institution, operator, partner } = SIMULATOR_DEFAULTS;
  const config = {
    gate: { id: 'demo-1', name: 'Demo gate', timeZone: 'Europe/Zurich' },
    data: './data',
    log: { level: 'info' },
    secutix: {
      url: options.secutixUrl,
      version: 'v1_6',
      institution,
      operator,
      partner,
      secret: options.secret ?? SIMULATOR_DEFAULTS.secret,
      scopes: [{ season: 'S26', products: ['P1', 'P2'] }],
      pull: { every: '60m', pageSize: 5000 },
      push: { every: options.pushEvery ?? '1s', batch: 500 },
      ...(options.callsPerMinute !== undefined && {
        limits: { callsPerMinute: options.callsPerMinute, exportEvery: '0s' },
      }),
    },
    lanes: [
      {
        id: 'lane-1',
        direction: 'entry',
        admits: { products: ['P1'], performances: ['PERF1'] },
        debounce: '2s',
        readers: options.hardware.readers,
        barrier: options.hardware.barrier,
        indicator: { driver: 'virtual' },
        ...options.lane,
      },
    ],
  };
  const file = path.join(options.folder, 'gate.yaml');
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

export function temporaryStage(): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A gate in its own process, as `portillon run` starts it. */
export class GateProcess {
  readonly api: GateApi;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #gone = false;

  /** `main` is the compiled command line; tests that run from source name it. `prefix`: what it is started by. */
  constructor(config: string, folder: string, main = MAIN, prefix: readonly string[] = []) {
    this.logFile = path.join(folder, 'gate.log');
    const log = createWriteStream(this.logFile, { flags: 'a' });
    const whole = [...prefix, process.execPath, ...NODE_FLAGS, main, 'run', '--config', config];
    this.#child = spawn(whole[0] as string, whole.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    });
    this.#child.stderr?.pipe(log);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code) => {
        this.#gone = true;
        resolve(code);
      });
    });
    this.api = new GateApi(path.join(folder, 'data'));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves with the exit code. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Looks at the status until `condition` holds. `everyMs`: each look takes the gate some of its time. */
  async until(
    condition: (status: StatusReport) => boolean,
    deadlineMs: number,
    everyMs = LOOK_EVERY,
  ): Promise<StatusReport> {
    const end = performance.now() + deadlineMs;
    let last: StatusReport | undefined;
    for (;;) {
      if (this.#gone)
        throw new PortillonError('DEMO_GATE', 'the gate ended by itself', { hint: `its log: ${this.logFile}` });
      try {
        last = await this.api.get<StatusReport>('/status');
        if (condition(last)) return last;
      } catch {
        // Still starting.
      }
      if (performance.now() > end) {
        const what = last?.conditions.map((c) => c.what).join('; ') ?? 'it never answered';
        throw new PortillonError('DEMO_GATE', `the gate was not ready in time: ${what}`, {
          hint: `its log: ${this.logFile}`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#exited;
  }

  async stop(): Promise<void> {
    await this.api.close();
    if (!this.#gone) await this.kill('SIGTERM');
  }
}
