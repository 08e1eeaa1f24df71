import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createHardware, GateProcess, writeConfig } from '../../src/cli/demo/stage.js';
import type { StatusReport, TicketReport } from '../../src/diagnostics/read-model.js';
import type { CheckRecord } from '../../src/domain/records.js';
import type { Simulator } from '../../src/simulator/server.js';
import { casesOf, FIRST_TICKET } from '../../src/simulator/model.js';
import { startSimulator } from '../../src/simulator/server.js';
import { cleanup, fillVolume, smallVolume, temporaryFolder } from '../support/builders.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}
/** Runs the command line as a person would. */
async function portillon(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ran;
    return { code, stdout, stderr };
  }
}

async function stage(options: { tickets?: number; secret?: string; folder?: string } = {}) {
  const folder = options.folder ?? temporaryFolder();
  const simulator = await startSimulator({ port: 0, tickets: options.tickets ?? 300, seed: 1, callsPerMinute: 0 });
  cleanup(() => simulator.close());
  const hardware = createHardware(folder, '30ms');
  cleanup(() => hardware.close());
  if (!hardware.wires) throw new Error(`the system tests need pseudo-terminals: ${hardware.why}`);
  const config = writeConfig({
    secutixUrl: simulator.url,
    hardware,
    folder,
    callsPerMinute: 0,
    ...(options.secret !== undefined && { secret: options.secret }),
  });
  const start = (): GateProcess => {
    const gate = new GateProcess(config, folder, MAIN);
    cleanup(() => gate.stop());
    return gate;
  };
  return { folder, simulator, config, wires: hardware.wires, start };
}
/** How long a gate may take for anything on a machine that has other things to do, milliseconds. */
const PATIENCE = 120_000;
/** What is scanned before the port is open is dropped, as it should be. */
const devicesReady = (s: StatusReport): boolean =>
  s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready'));
const imported = (s: StatusReport): boolean => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null && devicesReady(s);
const answersOf = (lane: StatusReport['lanes'][number] | undefined): number =>
  (lane?.counters.admitted ?? 0) + (lane?.counters.refused ?? 0);
const reported = async (gate: GateProcess, simulator: Simulator, n: number) => {
  await gate.until((s) => s.journal.lastSeq >= n && s.journal.waiting === 0, PATIENCE);
  return simulator.controls();
};

describe('one gate, end to end', () => {
  it('bytes in on one port, the relay’s bytes out on the other, the check at SecuTix, and the commands know', async () => {
    const { simulator, config, wires, start } = await stage();
    const gate = start();
    await gate.until(imported, PATIENCE);
    wires.barcode.scan(FIRST_TICKET);
    await wires.relay.until(() => wires.relay.pulses === 1 && !wires.relay.isOn(1));
    expect(await reported(gate, simulator, 1)).toMatchObject([
      { acIdentifier: 'demo-1-000000000001', barcode: FIRST_TICKET, controlResult: 'OK', received: 1 },
    ]);

    const status = await portillon(['status', '--config', config]);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toContain('admitted 1  refused 0');
    const ticket = JSON.parse(
      (await portillon(['ticket', FIRST_TICKET, '--config', config, '--json'])).stdout,
    ) as TicketReport;
    expect(ticket.decisions).toMatchObject([{ lane: 'lane-1', decision: { admitted: false, reason: 'already-used' } }]);
    const journal = await portillon(['journal', '--config', config]);
    expect(journal.stdout).toContain('ADMITTED');
    expect(journal.stdout).not.toContain(FIRST_TICKET);
    const [record] = JSON.parse((await portillon(['journal', '--config', config, '--json'])).stdout) as CheckRecord[];
    expect(record).toMatchObject({ barcode: FIRST_TICKET, admitted: true });
    simulator.model.cancel([...simulator.model.tickets.keys()][5] as string);
    expect((await portillon(['sync', '--config', config])).stdout).toContain('in step');
    expect(
      (await portillon(['ticket', [...simulator.model.tickets.keys()][5] as string, '--config', config])).stdout,
    ).toContain('CANCELLED');
    // Whole codes are admission rights and secrets are secrets: neither is in the log.
    await gate.stop();
    const log = readFileSync(gate.logFile, 'utf8');
    expect(log).toContain('admitted');
    expect(log).not.toContain(FIRST_TICKET);
    expect(log).not.toContain('portillon-simulator-secret');
  });

  it('an admission survives a restart: the same ticket is refused, the sequence goes on', async () => {
    const { simulator, wires, start } = await stage();
    const first = start();
    await first.until(imported, PATIENCE);
    wires.barcode.scan(FIRST_TICKET);
    await wires.relay.until(() => wires.relay.pulses === 1 && !wires.relay.isOn(1));
    await first.kill('SIGKILL');
    const second = start();
    await second.until(imported, PATIENCE);
    wires.barcode.scan(FIRST_TICKET);
    const controls = await reported(second, simulator, 2);
    expect(controls.map((c) => `${c.acIdentifier} ${c.controlResult}`)).toEqual([
      'demo-1-000000000001 OK',
      'demo-1-000000000002 FAIL',
    ]);
    expect(wires.relay.pulses).toBe(1);
  });

  it('a second instance is refused with the remedy', async () => {
    const { config, start } = await stage();
    await start().until(imported, PATIENCE);
    const second = await portillon(['run', '--config', config]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('in use by another Portillon');
  });

  it('a wrong secret is named, the lane goes on, and the status says degraded', async () => {
    const { config, wires, start } = await stage({ secret: 'not-the-secret-of-the-simulator-32b' });
    const gate = start();
    await gate.until((s) => (s.sync?.pull.lastError ?? null) !== null && devicesReady(s), PATIENCE);
    wires.barcode.scan(FIRST_TICKET);
    await gate.until((s) => s.lanes[0]?.counters.refused === 1, PATIENCE);
    const status = await portillon(['status', '--config', config]);
    expect(status.code).toBe(3);
    expect(status.stdout).toContain('check secutix.secret');
    expect(status.stdout).not.toContain('not-the-secret');
  });

  it('a missing port is named, and the rest of the gate runs', async () => {
    const { config, start } = await stage();
    const changed = parse(readFileSync(config, 'utf8')) as { lanes: { barrier: { path: string } }[] };
    if (changed.lanes[0]) changed.lanes[0].barrier.path = '/dev/nowhere';
    writeFileSync(config, stringify(changed));
    const gate = start();
    await gate.until((s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null, PATIENCE);
    const status = await portillon(['status', '--config', config]);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('no such port: /dev/nowhere');
  });

  it('a full disk admits nobody and says so; with room again the gate goes on by itself', async (context) => {
    const folder = smallVolume(64);
    if (typeof folder !== 'string') return context.skip(folder.why);
    const { simulator, config, wires, start } = await stage({ folder });
    const gate = start();
    await gate.until(imported, PATIENCE);
    const filler = path.join(folder, 'filler');
    fillVolume(filler);
    simulator.model.cancel([...simulator.model.tickets.keys()][5] as string);
    expect((await portillon(['sync', '--config', config])).stdout).toContain('kept for the journal');
    // The last block of the journal's file may have room for a few checks more: whoever is admitted on these is on the disk.
    const codes = casesOf(simulator.model, 'P1', 'PERF1', 100).valid;
    let admitted = 0;
    for (let answered = 1, full = false; !full; answered++) {
      wires.barcode.scan(codes.pop() as string);
      const { lanes } = await gate.until(({ lanes: [l] }) => answersOf(l) === answered, PATIENCE);
      full = lanes[0]?.counters.refused === 1;
      if (full) continue;
      admitted++;
      await wires.relay.until(() => wires.relay.pulses === admitted && !wires.relay.isOn(1));
    }
    const status = await portillon(['status', '--config', config]);
    expect(status).toMatchObject({ code: 1, stdout: expect.stringContaining('journal cannot be written') as string });
    expect(wires.relay.pulses).toBe(admitted);
    rmSync(filler);
    await gate.until((s) => s.health !== 'down', PATIENCE);
    wires.barcode.scan(codes.pop() as string);
    await wires.relay.until(() => wires.relay.pulses === admitted + 1);
    expect((await portillon(['sync', '--config', config])).stdout).toContain('in step');
  });

  it('a reader unplugged in mid-shift is back by itself', async () => {
    const { folder, wires, start } = await stage();
    const gate = start();
    await gate.until(imported, PATIENCE);
    wires.unplugBarcode();
    await gate.until((s) => s.lanes[0]?.devices[0]?.status.state === 'offline', PATIENCE);
    wires.replugBarcode();
    await gate.until((s) => s.lanes[0]?.devices[0]?.status.state === 'ready', PATIENCE);
    wires.barcode.scan(FIRST_TICKET);
    await wires.relay.until(() => wires.relay.pulses === 1);
    expect(path.isAbsolute(folder)).toBe(true);
  });
});

describe('the command line', () => {
  it('without a gate says so; a wrong word suggests; a bad number is wrong use; a bad file is 78', async () => {
    const folder = temporaryFolder();
    expect(await portillon(['status', '--data', folder])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no gate is running') as string,
    });
    expect(await portillon(['stauts'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean status?') as string,
    });
    expect((await portillon(['simulator', '--tickets', 'many'])).code).toBe(2);
    expect(await portillon(['run', '--config', `${folder}/none.yaml`])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('config example') as string,
    });
    expect((await portillon(['--help'])).code).toBe(0);
  });

  it('the demo ends by itself, with 0 only because the reports equal the crowd', async () => {
    const run = await portillon(['demo', '--visitors', '40', '--tickets', '3000', '--seed', '7', '--json']);
    const result = JSON.parse(run.stdout) as {
      ok: boolean;
      visitors: number;
      admitted: number;
      pulses: number;
      reported: number;
      hardware: string;
    };
    expect(result).toMatchObject({ ok: true, visitors: 40, reported: 40, hardware: 'pseudo-terminals' });
    expect(result.pulses).toBe(result.admitted);
    expect(run.code).toBe(0);
  });
});
