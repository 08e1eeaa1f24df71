import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { TurnstileTwin } from '../../../drivers/kit/turnstile-twin.js';
import { ModbusTwin } from '../../../drivers/modbus/twin.js';
import { heardAt } from '../../../drivers/serial-scanner/uart.js';
import { LinkedPty } from '../../../drivers/transport/pty.js';
import type { StatusReport } from '../../diagnostics/read-model.js';
import { PortillonError } from '../../errors.js';
import type { Simulator } from '../../simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../simulator/server.js';
import { openDatabase } from '../../store/open.js';
import { decodeJson, encodeJson } from '../../store/records.js';
import { GateProcess } from '../demo/stage.js';

/** Faults that can be planted, as they happen in the field. */
export const FAULTS = ['wrong-speed', 'old-list', 'crossed-relays'] as const;
export type Fault = (typeof FAULTS)[number];

export const LANES = ['lane-1', 'lane-2'] as const;
export type LaneId = (typeof LANES)[number];

/** A scanner that left its factory setting, and the list's age, milliseconds. */
const SCANNER_BAUD = 9600;
const PORT_BAUD = 115_200;
const LIST_AGE = 4 * 3_600_000;
/** Inputs of the board: pass contacts 0 and 1, fire 4. */
const FIRE = 4;
const TURN = 120;

export interface StageOptions {
  folder: string;
  fault: Fault | undefined;
  /** 0 = any free one. */
  port: number;
  pin: string;
  /** Milliseconds. */
  passageTimeout: number;
  /** The compiled command line; tests that run from source name it. */
  main?: string;
}

/** Two lanes on one relay board, as a small entrance has them: real drivers on pseudo-terminals, turnstiles and people in software. */
export class PracticeStage {
  readonly simulator: Simulator;
  readonly turnstiles: Record<LaneId, TurnstileTwin>;
  readonly #options: StageOptions;
  readonly #scanners: Record<LaneId, LinkedPty>;
  readonly #board: ModbusTwin;
  readonly #boardPty: LinkedPty;
  readonly #config: string;
  gate: GateProcess;
  origin = '';
  #simulatorUp = true;

  static async open(options: StageOptions): Promise<PracticeStage> {
    const simulator = await startSimulator({ port: 0, tickets: 2_000, seed: 1, callsPerMinute: 0 });
    const stage = new PracticeStage(options, simulator);
    try {
      await stage.gate.until(imported, 60_000);
      if (options.fault === 'old-list') await stage.#makeOld();
      await stage.#findPage();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  private constructor(options: StageOptions, simulator: Simulator) {
    this.#options = options;
    this.simulator = simulator;
    const pty = (name: string): LinkedPty => new LinkedPty(path.join(options.folder, name));
    this.#scanners = { 'lane-1': pty('scanner-1'), 'lane-2': pty('scanner-2') };
    this.#boardPty = pty('board');
    this.#board = new ModbusTwin(this.#boardPty);
    this.turnstiles = { 'lane-1': this.#turnstile(0), 'lane-2': this.#turnstile(1) };
    this.#wireRelays();
    this.#config = this.#writeConfig();
    this.gate = this.#start();
  }

  #turnstile(contact: number): TurnstileTwin {
    return new TurnstileTwin(
      { minPulse: 20, wait: this.#options.passageTimeout - 300, pass: TURN, memory: 0 },
      {
        drive: (input, active) => {
          if (input !== 'passA') return;
          if (active) this.#board.inputs.add(contact);
          else this.#board.inputs.delete(contact);
        },
        later: (ms, action) => {
          const timer = setTimeout(action, ms);
          return () => clearTimeout(timer);
        },
        now: () => performance.now(),
      },
    );
  }

  /** Which relay hangs on which turnstile: the electrician's work. */
  #wireRelays(): void {
    const crossed = this.#options.fault === 'crossed-relays';
    const on: [boolean, boolean] = [false, false];
    void this.#board.until(() => {
      for (const coil of [0, 1] as const) {
        const is = this.#board.coils.has(coil);
        if (is === on[coil]) continue;
        on[coil] = is;
        this.turnstiles[LANES[crossed ? 1 - coil : coil] as LaneId].relay('grantA', is);
      }
      return false;
    });
  }

  #writeConfig(): string {
    const { folder, port, pin, passageTimeout } = this.#options;
    const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
    const lane = (id: LaneId, name: string, coil: number): object => ({
      id,
      name,
      direction: 'entry',
      admits: { products: ['P1'], performances: ['PERF1'] },
      debounce: '1s',
      passageTimeout: `${passageTimeout}ms`,
      readers: [
        { driver: 'serial-scanner', path: this.#scanners[id].path, baudRate: PORT_BAUD, frameTimeout: '100ms' },
      ],
      barrier: {
        driver: 'modbus',
        path: this.#boardPty.path,
        baudRate: 38_400,
        outputs: { grantA: coil },
        inputs: { passA: coil, fire: FIRE },
        pulse: '100ms',
      },
      indicator: { driver: 'virtual' },
    });
    const file = path.join(folder, 'gate.yaml');
    const config = {
      gate: { id: 'practice-1', name: 'Practice gate', timeZone: 'Europe/Zurich' },
      data: './data',
      secutix: {
        url: this.simulator.url,
        version: 'v1_6',
        institution,
        operator,
        partner,
        secret,
        scopes: [{ season: 'S26', products: ['P1', 'P2'] }],
        pull: { every: '60m', pageSize: 5000 },
        push: { every: '1s', batch: 500 },
        limits: { callsPerMinute: 0, exportEvery: '0s' },
      },
      diagnostics: { listen: [`127.0.0.1:${port}`], pins: { technician: pin, viewer: `${pin}-viewer` } },
      lanes: [lane('lane-1', 'Lane 1', 0), lane('lane-2', 'Lane 2', 1)],
    };
    writeFileSync(file, stringify(config), { mode: 0o600 });
    return file;
  }

  #start(): GateProcess {
    return new GateProcess(this.#config, this.#options.folder, this.#options.main);
  }

  /** The gate has been up since the morning, and SecuTix has been away for four hours. */
  async #makeOld(): Promise<void> {
    await this.gate.stop();
    await this.simulator.close();
    this.#simulatorUp = false;
    const db = await openDatabase(path.join(this.#options.folder, 'data/list'), 'list');
    let changed = 0;
    for await (const [key, value] of db.iterator({})) {
      const state = scopeOf(value);
      if (typeof state?.completeAt !== 'number') continue;
      changed++;
      await db.put(key, encodeJson({ ...state, completeAt: state.completeAt - LIST_AGE }), { sync: true });
    }
    await db.close();
    if (changed === 0) throw new PortillonError('PRACTICE', 'the list does not say when it was complete');
    this.gate = this.#start();
    await this.gate.until((s) => (s.sync?.pull.lastError ?? null) !== null, 60_000);
  }

  /** As after a power cut. */
  async restart(): Promise<void> {
    await this.gate.kill('SIGKILL');
    await this.gate.api.close();
    this.gate = this.#start();
    await this.gate.until(imported, 60_000);
    await this.#findPage();
  }

  async #findPage(): Promise<void> {
    for (;;) {
      const access = await this.gate.api
        .get<{ addresses: string[]; troubles: string[] }>('/access')
        .catch(() => undefined);
      if (access?.addresses[0] !== undefined) {
        this.origin = access.addresses[0].replace(/\/$/, '');
        return;
      }
      if (access?.troubles[0] !== undefined) throw new PortillonError('PRACTICE', access.troubles[0]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Somebody holds a ticket in front of the lane's scanner. */
  present(lane: LaneId, code: string): void {
    const slow = this.#options.fault === 'wrong-speed' && lane === 'lane-2';
    const bytes = Buffer.from(`${code}\r`);
    this.#scanners[lane].write(slow ? heardAt(bytes, SCANNER_BAUD, PORT_BAUD) : bytes);
  }

  /** Pushes the arm, again and again, until it turns or patience ends; a person tries the neighbour then. */
  async walk(lane: LaneId, patience = 1_200): Promise<LaneId | undefined> {
    const other = lane === 'lane-1' ? 'lane-2' : 'lane-1';
    for (const tried of [lane, other] as const) {
      const end = performance.now() + patience;
      while (performance.now() < end) {
        if (this.turnstiles[tried].push('A')) return tried;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    }
    return undefined;
  }

  fire(active: boolean): void {
    if (active) this.#board.inputs.add(FIRE);
    else this.#board.inputs.delete(FIRE);
  }
  /** Codes that may enter, in a fixed order. */
  codes(): string[] {
    return [...this.simulator.model.tickets.values()]
      .filter((t) => t.productCode === 'P1' && t.performanceCode === 'PERF1' && t.state === 'VALID')
      .map((t) => t.barcode);
  }

  async close(): Promise<void> {
    await this.gate.stop();
    for (const pty of [...Object.values(this.#scanners), this.#boardPty]) pty.close();
    if (this.#simulatorUp) await this.simulator.close();
  }
}

/** A value that holds a scope's state; undefined = something else. */
function scopeOf(value: string): { completeAt?: unknown } | undefined {
  try {
    const decoded = decodeJson(value, 'scope');
    return typeof decoded === 'object' && decoded !== null ? decoded : undefined;
  } catch {
    return undefined;
  }
}

const imported = (s: StatusReport): boolean =>
  (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null &&
  s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready'));
