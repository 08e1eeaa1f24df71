import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { RelayTwin } from '../../../drivers/serial-relay/twin.js';
import { ScannerTwin } from '../../../drivers/serial-scanner/twin.js';
import { NODE_FLAGS, temporaryStage, writeConfig } from '../../../src/cli/demo/stage.js';
import { GateApi } from '../../../src/cli/gate-api.js';
import { seededRandom } from '../../../src/clock.js';
import type { StatusReport } from '../../../src/diagnostics/read-model.js';
import { describeError } from '../../../src/errors.js';
import type { JournalRecord } from '../../../src/domain/records.js';
import type { LaneEvent } from '../../../src/lane/lane.js';
import { parseCursor } from '../../../src/simulator/cursor.js';
import type { SimModel } from '../../../src/simulator/model.js';
import { casesOf } from '../../../src/simulator/model.js';
import { startSimulator } from '../../../src/simulator/server.js';
import type { Verification } from '../../../src/store/verify.js';
import { Ledger } from '../../soak/ledger.js';
import { buildRecorder } from '../recorder.js';
import type { OnDisk } from './inside.js';
import type { Guest } from './machine.js';
import { startGuest } from './machine.js';
import { Mux } from './mux.js';

const PATIENCE = 180_000;
const TICKETS = 3_000;
const SECRET = 'the key of a machine whose power is cut again and again';
const SHAPE = {
  listType: 'GREY',
  ticketType: 'ALL',
  seasonCode: 'S26',
  productCodes: ['P1', 'P2'],
  performanceCodes: [],
};
const dist = fileURLToPath(new URL('../../..', import.meta.url));

export interface CutResult {
  cycles: number;
  scans: number;
  pulses: number;
  checks: number;
  admissions: number;
  /** Cuts that hit the list in the middle of being fetched. */
  listBehind: number;
  /** Checks that SecuTix got more than once, and counts once. */
  repeats: number;
  problems: string[];
}

interface Power {
  guest: Guest;
  api: GateApi;
  scanner: ScannerTwin;
  relay: RelayTwin;
  onDisk: Promise<OnDisk>;
  /** Why the machine ended by itself; undefined = it runs. */
  ended: () => string | undefined;
  off(): Promise<void>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `withoutSync`: the gate's flushes do nothing. */
export async function cutPower(
  cycles: number,
  seed: number,
  progress: (text: string) => void,
  withoutSync = false,
): Promise<CutResult> {
  const random = seededRandom(seed);
  const stage = temporaryStage();
  const simulator = await startSimulator({ port: 0, tickets: TICKETS, seed, callsPerMinute: 0 });
  const fresh = casesOf(simulator.model, 'P1', 'PERF1', TICKETS).valid;
  const ledger = new Ledger();
  const pulsesOf = new Map<string, number>();
  const result = { cycles: 0, scans: 0, pulses: 0, listBehind: 0 };
  const shown: string[] = [];
  const disk = makeDisk(stage.folder);
  const config = writeGateConfig(stage.folder);
  const before = withoutSync ? `WITHOUT_SYNC=1 LD_PRELOAD=${buildRecorder(stage.folder)} ` : '';
  const codes = [...simulator.model.tickets.keys()];

  const nextCode = (): string => {
    const again = random() < 0.33 && shown.length > 1 ? shown[Math.floor(random() * shown.length)] : undefined;
    // The first ones sold are the first ones in the list.
    const code = again ?? fresh.shift();
    if (code === undefined) throw new Error('too few tickets for so many cycles');
    shown.push(code);
    if (shown.length > 20) shown.shift();
    return code;
  };

  /** The crowd, and changes of the list, until the power goes. */
  async function press(power: Power): Promise<void> {
    const { api, relay, scanner } = power;
    let dead = false;
    let answer: (event?: LaneEvent) => void = () => {};
    const stop = new AbortController();
    await api.events('decision', (event) => answer(event), stop.signal);
    const killed = pause(random() * 1_500).then(async () => {
      power.guest.cut();
      await power.guest.exited;
      dead = true;
      answer();
    });
    const change = async (): Promise<void> => {
      while (!dead) {
        for (let n = 0; n < 40; n++) {
          const barcode = String(Math.floor(random() * 1e15)).padStart(20, '5');
          simulator.model.sell({ barcode });
          codes.push(barcode);
          fresh.push(barcode);
        }
        for (let n = 0; n < 10; n++) simulator.model.cancel(codes[Math.floor(random() * codes.length)] as string);
        await Promise.race([api.post('/sync?what=pull').catch(() => {}), killed]);
        await pause(20);
      }
    };
    const changing = change();
    while (!dead) {
      const code = nextCode();
      const before = relay.pulses;
      const answered = new Promise<LaneEvent | undefined>((resolve) => {
        answer = resolve;
      });
      result.scans++;
      scanner.scan(code);
      const event = await answered;
      if (event?.admitted) await Promise.race([relay.until(() => relay.pulses > before && !relay.isOn(1)), killed]);
      // What the dead machine had sent may still be on the wire.
      if (dead) await pause(50);
      if (relay.pulses > before) pulsesOf.set(code, (pulsesOf.get(code) ?? 0) + relay.pulses - before);
      for (let n = before; n < relay.pulses; n++) ledger.pulse('lane-1');
      result.pulses += relay.pulses - before;
    }
    await changing;
    stop.abort();
  }

  try {
    for (let cycle = 0; cycle <= cycles; cycle++) {
      const power = await switchOn(stage.folder, disk, config, simulator.port, before);
      const there = await power.onDisk;
      for (const [kind, state] of Object.entries(there.files))
        if (state !== 'whole' && !(cycle === 0 && state === 'new'))
          ledger.problem(`cycle ${cycle}: the ${kind} is damaged: ${state}`);
      const behind = comparePrefix(simulator.model, there, (text) => ledger.problem(`cycle ${cycle}: ${text}`));
      if (cycle > 0 && behind) result.listBehind++;
      const ready = await until(
        power,
        (s) =>
          s.sync !== null &&
          s.health !== 'down' &&
          s.lanes[0]?.phase === 'ready' &&
          (s.sync.pull.scopes[0]?.items ?? 0) > 0,
      );
      for (const { folder } of ready.store.asides) ledger.problem(`cycle ${cycle}: ${folder} was set aside`);
      await readAll(power.api, ledger);
      const proof = await power.api.get<Verification>('/journal/verify');
      for (const p of proof.problems) ledger.problem(`cycle ${cycle}: ${p}`);
      if (cycle < cycles && ledger.problems.length === 0) {
        await press(power);
        result.cycles++;
        progress(
          `cut ${result.cycles} of ${cycles}: ${result.scans} scans, ${result.pulses} pulses, ${ledger.checks.size} checks`,
        );
      } else {
        await until(power, (s) => s.journal.waiting === 0);
        await readAll(power.api, ledger);
        cycle = cycles;
      }
      await power.off();
    }
  } catch (error) {
    ledger.problem(describeError(error));
  } finally {
    await simulator.close();
    stage.remove();
  }
  const controls = simulator.controls();
  ledger.reported(controls);
  ledger.lost(controls);
  const admitted = new Set([...ledger.checks.values()].filter((c) => c.admitted).map((c) => c.barcode));
  for (const [code, n] of pulsesOf) {
    if (n > 1) ledger.problem(`a ticket opened the barrier ${n} times`);
    if (!admitted.has(code)) ledger.problem('the barrier opened for a ticket that has no check');
  }
  if (result.pulses === 0) ledger.problem('nothing happened: no barrier opened');
  const repeats = controls.reduce((n, c) => n + c.received - 1, 0);
  return { ...result, checks: ledger.checks.size, admissions: ledger.admitted, repeats, problems: ledger.problems };
}

function makeDisk(folder: string): string {
  const disk = path.join(folder, 'disk.img');
  writeFileSync(disk, '');
  execFileSync('truncate', ['-s', '128M', disk]);
  execFileSync('mkfs.ext4', ['-q', '-F', disk]);
  return disk;
}

function writeGateConfig(folder: string): string {
  const hardware = {
    kind: 'pseudo-terminals' as const,
    why: '',
    readers: [{ driver: 'serial-scanner', path: '/dev/ttyS0', medium: 'barcode' }],
    barrier: { driver: 'serial-relay', path: '/dev/ttyS1', channel: 1, pulse: '20ms' },
    close: () => {},
  };
  const file = writeConfig({
    secutixUrl: 'http://127.0.0.1:8360/tnci/backend-apis/externalAccessControlService',
    hardware,
    folder,
    callsPerMinute: 0,
  });
  const config = parse(readFileSync(file, 'utf8')) as { secutix: { pull: object }; lanes: { debounce: string }[] };
  for (const lane of config.lanes) lane.debounce = '0s';
  const pull = { ...config.secutix.pull, pageSize: 50 };
  const changed = { ...config, data: '/run/data/gate', store: { secret: SECRET }, diagnostics: { listen: [] } };
  writeFileSync(file, stringify({ ...changed, secutix: { ...config.secutix, pull } }), { mode: 0o600 });
  return file;
}

/** A kernel that dies before its first program has touched nothing: it is started again. */
async function switchOn(folder: string, disk: string, config: string, port: number, before: string): Promise<Power> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await switchOnOnce(folder, disk, config, port, before);
    } catch (error) {
      if (attempt === 3 || !(error as Error).message.startsWith('the machine ended before')) throw error;
    }
  }
}

async function switchOnOnce(
  folder: string,
  disk: string,
  config: string,
  port: number,
  before: string,
): Promise<Power> {
  let found: (onDisk: OnDisk) => void = () => {};
  let failed: (error: Error) => void = () => {};
  let carrying: () => void = () => {};
  const onDisk = new Promise<OnDisk>((resolve, reject) => {
    found = resolve;
    failed = reject;
  });
  const ready = new Promise<void>((resolve) => {
    carrying = resolve;
  });
  const last: string[] = [];
  const guest = startGuest({
    folder,
    disk,
    script: `stty -F /dev/ttyS2 raw -echo
mkdir -p /run/data/gate
node ${dist}/test/power-cut/guest/inside.js /run/data/gate '${SECRET}' /dev/ttyS2 8360 &
while [ ! -e /run/carrying ] && kill -0 $!; do sleep 0.05; done
${before}node ${NODE_FLAGS.join(' ')} ${dist}/src/cli/main.js run --config ${config} 2> /run/gate.log
echo "GUEST-FAILED the gate ended: $(tail -n 3 /run/gate.log)"`,
    onLine: (line) => {
      last.push(line);
      if (line.startsWith('ON-DISK ')) found(JSON.parse(line.slice(8)) as OnDisk);
      else if (line.includes('CARRYING')) carrying();
      else if (line.includes('GUEST-FAILED')) failed(new Error(line));
    },
  });
  let ended: string | undefined;
  void guest.exited.then(() => {
    ended = `the machine ended: ${last.slice(-5).join(' | ')}`;
    // Nobody waits for an answer that cannot come.
    mux.close();
    carrying();
    const early = last.some((line) => line.startsWith('GUEST-'))
      ? 'the machine ended'
      : 'the machine ended before its init';
    failed(new Error(`${early}: ${last.slice(-5).join(' | ')}`));
  });
  onDisk.catch(() => {});
  const [a, b, c] = guest.serials;
  const scanner = new ScannerTwin({ write: (bytes) => void a.write(bytes) });
  const relay = new RelayTwin({
    onData: (listener) => {
      b.on('data', listener);
      return () => b.off('data', listener);
    },
  });
  const mux = new Mux(
    'host',
    (bytes) => void c.write(bytes),
    () => connect(port, '127.0.0.1'),
  );
  c.on('data', (chunk: Buffer) => mux.push(chunk));
  const data = path.join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const socket = path.join(data, 'portillon.sock');
  rmSync(socket, { force: true });
  const door: Server = createServer((one) => mux.accept(one));
  await new Promise<void>((resolve) => door.listen(socket, resolve));
  await Promise.race([ready, onDisk.then(() => ready)]);
  return {
    guest,
    api: new GateApi(data),
    scanner,
    relay,
    onDisk,
    ended: () => ended,
    off: async () => {
      guest.cut();
      await guest.exited;
      mux.close();
      door.close();
    },
  };
}

async function until(
  { api, ended }: Pick<Power, 'api' | 'ended'>,
  condition: (s: StatusReport) => boolean,
): Promise<StatusReport> {
  const end = performance.now() + PATIENCE;
  for (let last: unknown; ; await pause(100)) {
    if (ended() !== undefined) throw new Error(ended());
    try {
      const status = await api.get<StatusReport>('/status');
      if (condition(status)) return status;
      last = status.conditions.map((c) => c.what).join('; ');
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`the gate inside was not ready in time: ${String(last)}`);
  }
}

async function readAll(api: GateApi, ledger: Ledger): Promise<void> {
  for (;;) {
    const records = await api.get<JournalRecord[]>(`/journal?after=${ledger.last}&limit=2000`);
    if (records.length === 0) break;
    ledger.read(records);
  }
  ledger.compare();
}

/** The list is what the server's history was at its cursor: no line too few, none too many. True = it was behind the server. */
function comparePrefix(model: SimModel, there: OnDisk, problem: (text: string) => void): boolean {
  const sequence = there.cursor === null ? 0 : (parseCursor(there.cursor)?.sequence ?? -1);
  const wanted = new Map<string, string>();
  for (let at = 0; at < sequence;) {
    const { items, end } = model.export(SHAPE, at, 1);
    // A pair that the cursor stands between was then its first half.
    const whole = end <= sequence ? items : items.slice(0, 1);
    for (const item of whole) wanted.set(String(item.barcode), item.state === 'VALID' ? 'VALID' : 'CANCELLED');
    at = end;
  }
  const found = new Map(there.tickets);
  if (found.size !== wanted.size)
    problem(`the list has ${found.size} tickets, and at its cursor the server had ${wanted.size}`);
  for (const [barcode, state] of wanted)
    if (found.get(barcode) !== state) return (problem(`a ticket is ${found.get(barcode)} instead of ${state}`), true);
  return sequence < model.changes;
}
