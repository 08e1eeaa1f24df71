import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { machine } from '../../src/cli/doctor.js';
import type { Vitals } from '../../src/diagnostics/vitals.js';
import { matches } from '../../src/diagnostics/web/access.js';
import { FIRST_TICKET } from '../../src/simulator/model.js';
import { COMMAND, portillon } from '../support/command.js';
import { pageGate, PIN } from '../support/page-gate.js';

const well: Vitals = {
  disk: { free: 5e9, total: 8e9 },
  memory: { available: 5e8, total: 1e9, process: 1e8 },
  temperature: 50,
  uptime: { machine: 1, process: 1 },
  load: 0,
  loopDelay: 20,
  underVoltage: 'never',
  clock: { source: 'synchronised', maxError: 1, offset: 1, jumps: 0 },
  node: '',
  machine: '',
};

describe('the technician’s commands', () => {
  it.each([
    [{}, ''],
    [{ disk: { free: 1e8, total: 8e9 } }, 'of the disk'],
    [{ temperature: 85 }, 'hot'],
    [{ underVoltage: 'before' }, 'voltage'],
    [{ clock: { ...well.clock, jumps: 2 } }, 'jumped 2'],
  ] as [Partial<Vitals>, string][])('the machine: %o', (change, words) => {
    const found = machine({ ...well, ...change }, { troubles: [] });
    expect(found.map((c) => c.what).join()).toContain(words);
    expect(found.length).toBe(words === '' ? 0 : 1);
  });

  it('doctor, top, logs, bundle and access ask the running gate', async () => {
    const { gate, wires, config, folder } = await pageGate();
    wires.barcode.scan(FIRST_TICKET);
    await gate.until((s) => s.lanes[0]?.counters.admitted === 1, 20_000);
    const doctor = await portillon('doctor', '--config', config, '--json');
    const report = JSON.parse(doctor.stdout) as { found: { severity: string; what: string }[]; health: string };
    expect(doctor.code).toBe(report.found.length === 0 ? 0 : 3);
    expect(report.found.every((c) => c.severity === 'degraded')).toBe(true);
    expect((await portillon('doctor', '--config', config)).stdout).toContain('page     http://127.0.0.1:');
    const top = await portillon('top', '--config', config);
    expect(top.stdout).toContain('✓ admitted');
    expect(top.stdout).not.toContain(FIRST_TICKET);
    const logs = await portillon('logs', '--config', config, '--json', '--level', 'info');
    expect(logs.stdout.split('\n').some((l) => l.includes('"msg":"ready to decide"'))).toBe(true);
    expect(logs.stdout).not.toContain(FIRST_TICKET);
    const file = path.join(folder, 'b.tar.gz');
    expect((await portillon('bundle', '--config', config, '-o', file)).stdout).toContain(file);
    const { stdout } = await promisify(execFile)('tar', ['xzOf', file]);
    expect(stdout).not.toContain(FIRST_TICKET);
    expect(stdout).not.toContain(PIN);
    const access = JSON.parse((await portillon('access', 'show', '--config', config, '--json')).stdout) as object;
    expect(access).toMatchObject({ roles: { technician: 'configuration', steward: null } });
    expect((await portillon('access', 'pin', '--config', config)).stdout).toMatch(/\d{4} \d{4}/);
    wires.unplugBarcode();
    await gate.until((s) => s.lanes[0]?.devices[0]?.status.state === 'offline', 20_000);
    expect((await portillon('doctor', '--config', config)).stdout).toMatch(/▲ works, but.*reader-0/);
  });

  it('a hash for the configuration is made from a pipe', async () => {
    const run = promisify(execFile)(process.execPath, [COMMAND, 'access', 'hash']);
    run.child.stdin?.end('wet-gloves\n');
    const { stdout } = await run;
    expect(await matches('wet-gloves', stdout.trim())).toBe(true);
  });
});
