import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Pool } from 'undici';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createHardware, GateProcess, writeConfig } from '../../src/cli/demo/stage.js';
import { casesOf } from '../../src/simulator/model.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const STORE_SECRET = 'the-key-of-the-store-in-this-test-of-outputs';
const PATIENCE = 120_000;

async function said(args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args]);
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

describe('a whole run', () => {
  it('gives no secret, barcode or card ID away: log, commands, API, bundle, and the files on the disk', async () => {
    const folder = temporaryFolder();
    const simulator = await startSimulator({ port: 0, tickets: 400, seed: 5, callsPerMinute: 0 });
    cleanup(() => simulator.close());
    const hardware = createHardware(folder, '20ms');
    cleanup(() => hardware.close());
    const { wires } = hardware;
    if (!wires) throw new Error(`the system tests need pseudo-terminals: ${hardware.why}`);
    const config = writeConfig({ secutixUrl: simulator.url, hardware, folder, callsPerMinute: 0 });
    const plain = parse(readFileSync(config, 'utf8')) as object;
    writeFileSync(config, stringify({ ...plain, log: { level: 'debug' }, store: { secret: STORE_SECRET } }));
    const { valid, twoOnOneCard } = casesOf(simulator.model, 'P1', 'PERF1', 50);
    const cards = [...simulator.model.tickets.values()].flatMap((t) => t.containerIdentifier ?? []);
    const unknown = '31415926535897932384';
    const gate = new GateProcess(config, folder, MAIN);
    cleanup(() => gate.stop());
    await gate.until(
      (s) =>
        (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null &&
        s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready')),
      PATIENCE,
    );
    let answers = 0;
    const shown = [valid[0], valid[1], valid[1], unknown] as string[];
    const card = twoOnOneCard[0]?.container as string;
    for (const [wire, code] of [...shown.map((c) => [wires.barcode, c] as const), [wires.rfid, card] as const]) {
      wire.scan(code);
      answers++;
      await gate.until((s) => {
        const { admitted = 0, refused = 0, repeats = 0 } = s.lanes[0]?.counters ?? {};
        return admitted + refused + repeats >= answers && s.lanes[0]?.phase === 'ready';
      }, PATIENCE);
    }
    await gate.until((s) => s.journal.waiting === 0, PATIENCE);

    const outputs: Record<string, string> = {};
    for (const args of [
      ['status'],
      ['status', '--json'],
      ['journal'],
      ['journal', 'verify'],
      ['sync'],
      ['selftest', '--json'],
    ])
      outputs[args.join(' ')] = await said([...args, '--config', config]);
    outputs['config explain'] = await said(['config', 'explain', '--config', config]);
    const api = new Pool('http://gate', { socketPath: path.join(folder, 'data', 'portillon.sock') });
    for (const route of [
      '/status',
      '/recent',
      '/trends',
      '/vitals',
      '/logs',
      '/bundle',
      '/journal/verify',
      '/openapi.json',
      '/nothing',
    ]) {
      const { body } = await api.request({ method: 'GET', path: route });
      const bytes = Buffer.from(await body.arrayBuffer());
      outputs[route] = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
    }
    await api.destroy();
    await gate.stop();
    outputs.log = readFileSync(gate.logFile, 'latin1');
    outputs['journal verify --stopped'] = await said(['journal', 'verify', '--stopped', '--config', config]);
    outputs['store check'] = await said(['store', 'check', '--config', config]);
    for (const name of readdirSync(path.join(folder, 'data'), { recursive: true, encoding: 'utf8' })) {
      const file = path.join(folder, 'data', name);
      if (statSync(file).isFile()) outputs[name] = readFileSync(file, 'latin1');
    }

    expect(outputs['journal verify']).toContain('nothing was removed');
    expect(outputs['journal verify --stopped']).toContain('nothing was removed');
    expect(outputs.log?.length).toBeGreaterThan(500);
    expect(Object.keys(outputs).some((name) => name.startsWith('list/'))).toBe(true);
    const needles = [SIMULATOR_DEFAULTS.secret, STORE_SECRET, unknown, ...simulator.model.tickets.keys(), ...cards];
    const found = Object.entries(outputs).flatMap(([where, text]) =>
      needles.filter((needle) => text.includes(needle)).map((needle) => `${where}: ${needle.slice(0, 4)}...`),
    );
    expect(found).toEqual([]);
  });
});
