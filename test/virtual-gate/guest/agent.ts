/**
 * The hands inside the machine: makes the simulated hardware, runs the gate as it is shipped, and does what the scenario on the other end
 * of ttyS2 says, one JSON line a request. It judges nothing.
 */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { SerialPort } from 'serialport';
import { encodeReports } from '../../../drivers/hid-pos/codec.js';
import { typeText } from '../../../drivers/hid-keyboard/codec.js';
import { LAYOUTS } from '../../../drivers/hid-keyboard/layouts.js';
import { UsbRelayTwin } from '../../../drivers/usb-relay/twin.js';
import { WiegandTwin } from '../../../drivers/wiegand/twin.js';
import { GateApi } from '../../../src/cli/gate-api.js';
import { startSimulator } from '../../../src/simulator/server.js';
import { LINES, type LineName } from '../lines.js';
import { SimChip } from './sim-gpio.js';
import { KEYBOARD_DESCRIPTOR, POS_DESCRIPTOR, RELAY_DESCRIPTOR, UhidDevice } from './uhid.js';

const DATA = '/tmp/data';
const MAIN = 'dist/src/cli/main.js';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Stands still: a card's bits come close together also where an event loop's timers do not. */
const standStill = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const chip = new SimChip(
  'gate',
  LINES.map((l) => l.name),
);
const numberOf = (name: LineName): number => LINES.findIndex((l) => l.is === name);
for (const line of LINES) if (line.rest === 'high') chip.pull(numberOf(line.is), true);
chip.watch(LINES.flatMap((l, i) => (l.rest === 'driven' ? [i] : [])));

const relay = new UsbRelayTwin('GATE1');
const devices = {
  relay: new UhidDevice(
    { name: 'www.dcttech.com USBRelay2', vendorId: 0x16c0, productId: 0x05df, descriptor: RELAY_DESCRIPTOR },
    relay,
  ),
  pos: new UhidDevice({
    name: 'Virtual POS scanner',
    serial: 'POS-1',
    vendorId: 0x0c2e,
    productId: 0x0b61,
    descriptor: POS_DESCRIPTOR,
  }),
  keyboard: new UhidDevice({
    name: 'Virtual wedge scanner',
    vendorId: 0x05e0,
    productId: 0x1200,
    descriptor: KEYBOARD_DESCRIPTOR,
  }),
};
for (const device of Object.values(devices)) device.plug();
type DeviceName = keyof typeof devices;

const wiegand = new WiegandTwin({
  pulse: async (line) => {
    // The simulated interrupt merges edges that follow each other at once; a real reader's are 50 us apart at least.
    chip.pull(numberOf(line), false);
    standStill(1);
    chip.pull(numberOf(line), true);
    standStill(1);
  },
});

const simulator = await startSimulator({ port: 8360, tickets: 500, seed: 1, callsPerMinute: 0 });
let gate: ChildProcess | undefined;
const api = new GateApi(DATA);

const actions = {
  uptime: () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]),
  start: () => {
    gate = spawn('node', ['--single-threaded-gc', '--max-semi-space-size=4', MAIN, 'run', '--config', 'gate.yaml'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    gate.stderr?.pipe(createWriteStream('/tmp/gate.log', { flags: 'a' }));
  },
  /** Resolves when the process is gone. */
  kill: async ({ signal }: { signal: NodeJS.Signals }) => {
    const child = gate;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  },
  cli: ({ args }: { args: string[] }) =>
    new Promise((resolve) => {
      execFile('node', [MAIN, ...args], (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    }),
  status: () => api.get('/status'),
  journal: ({ after }: { after: number }) => api.get(`/journal?limit=1000&after=${after}`),
  log: () => readFileSync('/tmp/gate.log', 'utf8').slice(-6000),
  sell: ({ barcode, card }: { barcode: string; card?: string }) =>
    void simulator.model.sell({ barcode, ...(card !== undefined && { containerIdentifier: card }) }),
  sync: () => api.post('/sync?what=pull'),
  controls: () => simulator.controls().length,
  pull: ({ line, high }: { line: LineName; high: boolean }) => chip.pull(numberOf(line), high),
  level: ({ line }: { line: LineName }) => chip.level(numberOf(line)),
  /** Changes of an output after the first `skip`. */
  changes: ({ line }: { line: LineName }) => chip.changes.filter((c) => c.line === numberOf(line)),
  /** A contact that somebody walks through. */
  walk: async ({ line, high, ms }: { line: LineName; high: boolean; ms: number }) => {
    chip.pull(numberOf(line), high);
    await pause(ms);
    chip.pull(numberOf(line), !high);
  },
  wiegand: ({ bits, raw }: { bits: string; raw?: boolean }) => (raw ? wiegand.send(bits) : wiegand.present(bits)),
  pos: ({ text }: { text: string }) => {
    for (const report of encodeReports(Buffer.from(text))) devices.pos.input(report);
  },
  type: async ({ text }: { text: string }) => {
    for (const report of typeText(text, LAYOUTS.us)) {
      devices.keyboard.input(report);
      await pause(1);
    }
  },
  relay: () => ({ on: relay.isOn(1), pulses: relay.pulses }),
  plug: ({ device }: { device: DeviceName }) => devices[device].plug(),
  unplug: ({ device }: { device: DeviceName }) => devices[device].unplug(),
};
export type Actions = typeof actions;

const port = new SerialPort({ path: '/dev/ttyS2', baudRate: 115_200 });
let rest = '';
const serve = async (line: string): Promise<void> => {
  const { id, action, args } = JSON.parse(line) as { id: number; action: keyof Actions; args: never };
  let answer: object;
  try {
    answer = { id, result: (await actions[action](args)) ?? null };
  } catch (error) {
    answer = { id, error: (error as Error).message };
  }
  port.write(`${JSON.stringify(answer)}\n`);
};
port.on('data', (chunk: Buffer) => {
  rest += chunk.toString('utf8');
  const lines = rest.split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    if (line === 'END') {
      process.exit(0);
    }
    void serve(line);
  }
});
port.on('open', () => port.write(`${JSON.stringify({ hello: true })}\n`));
