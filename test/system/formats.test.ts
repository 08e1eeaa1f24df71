import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { GateProcess } from '../../src/cli/demo/stage.js';
import type { JournalRecord } from '../../src/domain/records.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import { backups, FORMAT, formatOfRelease, prepareFormat, readFormat } from '../../src/store/format.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { unpackFormat1 } from '../support/format-1.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = path.join(project, 'dist/src/cli/main.js');

/** A SecuTix with the tickets of the recorded gate, and the recorded gate's folder. */
async function recorded(extra = '') {
  const folder = temporaryFolder();
  const { main, data } = unpackFormat1(folder, project);
  const simulator = await startSimulator({ port: 0, tickets: 0, seed: 1, callsPerMinute: 0 });
  cleanup(() => simulator.close());
  for (const barcode of ['FIX-USED', 'FIX-OPEN', 'FIX-FREE', 'FIX-OLD', 'FIX-NEW', 'FIX-LATER'])
    simulator.model.sell({ barcode });
  const config = path.join(folder, 'gate.yaml');
  const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
  writeFileSync(
    config,
    `gate: { id: fixture-1, name: Fixture, timeZone: Europe/Zurich }
data: ./data
secutix:
  url: ${simulator.url}
  version: v1_6
  institution: ${institution}
  operator: ${operator}
  partner: ${partner}
  secret: ${secret}
  scopes: [{ season: S26, products: [P1, P2] }]
  pull: { every: 60m, pageSize: 5000 }
  push: { every: 1s, batch: 500 }
  limits: { callsPerMinute: 0, exportEvery: 0s }
lanes:
  - { id: lane-1, direction: entry, debounce: 0s, readers: [{ driver: virtual }], barrier: { driver: virtual } }
  - { id: lane-2, direction: entry, debounce: 0s, readers: [{ driver: virtual }], barrier: { driver: virtual } }
${extra}`,
  );
  const start = (which: 'old' | 'new'): GateProcess => {
    const gate = new GateProcess(config, folder, which === 'old' ? main : MAIN);
    cleanup(() => gate.stop());
    return gate;
  };
  return { folder, data, config, simulator, start };
}

/** Presents codes at lane-1, one after the other, and returns the reasons in order. */
async function present(gate: GateProcess, ...codes: string[]): Promise<string[]> {
  await gate.until((s) => s.sync?.pull.scopes.every((x) => x.completeAt !== null) ?? false, 30_000);
  const reasons: string[] = [];
  for (const code of codes) {
    const { journal } = await gate.until((s) => s.lanes[0]?.phase === 'ready', 20_000);
    await gate.api.post('/lanes/lane-1/readers/0/present', code);
    const found = await vi.waitFor(async () => {
      const after = await gate.api.get<JournalRecord[]>(`/journal?after=${journal.lastSeq}&limit=50`);
      const check = after.find((r) => r.kind === 'check');
      if (!check) throw new Error(`no check of ${code} yet`);
      return check;
    }, 20_000);
    reasons.push(found.reason);
  }
  return reasons;
}
const checksOf = async (gate: GateProcess): Promise<string[]> =>
  (await gate.api.get<JournalRecord[]>('/journal?after=0&limit=1000')).map((r) =>
    r.kind === 'check' ? `${r.seq} ${r.barcode} ${r.reason}` : `${r.seq} -`,
  );
const delivered = (gate: GateProcess, simulator: Simulator) =>
  gate.until((s) => s.journal.waiting === 0, 30_000).then(() => simulator.controls().map((c) => c.acIdentifier));

const cli = async (main: string, ...args: string[]): Promise<{ code: number; out: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args]);
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout + stderr };
  }
};

describe('formats of the data', () => {
  it('old, new, old, new: nothing is lost, nobody enters twice, every check reaches SecuTix once', async () => {
    const { data, config, simulator, start } = await recorded();
    const first = start('old');
    expect(await present(first, 'FIX-OLD', 'FIX-OLD')).toEqual(['admitted', 'already-used']);
    const before = await checksOf(first);
    expect(before.length).toBeGreaterThan(8);
    await first.stop();
    expect(readFormat(data)).toMatchObject({ format: 1 });

    const next = start('new');
    expect(await present(next, 'FIX-USED', 'FIX-OPEN', 'FIX-OLD', 'FIX-NEW')).toEqual([
      'already-used',
      'already-used',
      'already-used',
      'admitted',
    ]);
    const both = await checksOf(next);
    expect(both.slice(0, before.length)).toEqual(before);
    expect((await next.until(() => true, 1_000)).lanes[1]?.mode).toBe('closed');
    await next.stop();
    expect(readFormat(data)).toMatchObject({ format: FORMAT });
    expect(backups(data).map((b) => b.format)).toEqual([1]);

    expect(await cli(MAIN, 'data', 'leave', '--for', '0.0.9', '--config', config)).toMatchObject({ code: 0 });
    const again = start('old');
    expect(await present(again, 'FIX-USED', 'FIX-OPEN', 'FIX-OLD', 'FIX-NEW', 'FIX-FREE')).toEqual([
      'already-used',
      'already-used',
      'already-used',
      'already-used',
      'admitted',
    ]);
    expect((await checksOf(again)).slice(0, both.length)).toEqual(both);
    expect((await again.until(() => true, 1_000)).lanes[1]?.mode).toBe('closed');
    await again.stop();

    const last = start('new');
    expect(await present(last, 'FIX-FREE', 'FIX-LATER')).toEqual(['already-used', 'admitted']);
    const ids = await delivered(last, simulator);
    expect(new Set(ids).size).toBe(ids.length);
    const checks = (await last.api.get<JournalRecord[]>('/journal?after=0&limit=1000')).filter(
      (r) => r.kind === 'check',
    );
    // What the recorded gate had delivered before it was cut off went to another SecuTix.
    expect(ids).toEqual(checks.slice(-ids.length).map((c) => c.checkId));
    expect(ids.length).toBeGreaterThan(checks.length - 4);
    await last.stop();
    const proof = await cli(MAIN, 'journal', 'verify', '--stopped', '--config', config);
    expect(proof, proof.out).toMatchObject({ code: 0 });
  });

  it('a release that is too old refuses the newer data with a clear sentence, and changes nothing', async () => {
    const { data, config, start } = await recorded();
    const gate = start('new');
    await present(gate, 'FIX-NEW');
    await gate.stop();
    const said = readFileSync(path.join(data, 'format.json'), 'utf8');
    writeFileSync(path.join(data, 'format.json'), said.replace(`"format":${FORMAT}`, `"format":${FORMAT + 1}`));
    const refused = await cli(MAIN, 'run', '--config', config);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/were written by Portillon .* in format \d+; this release knows formats up to/);
    expect(refused.out).toMatch(/portillon data leave/);
    expect(readFileSync(path.join(data, 'format.json'), 'utf8')).toContain(`${FORMAT + 1}`);
  });

  it('a gate told to leaves its data in the older format at its stop', async () => {
    const { data, config, start } = await recorded('fleet: { leaveFormat: 1 }\n');
    const gate = start('new');
    expect(await present(gate, 'FIX-NEW')).toEqual(['admitted']);
    await gate.stop();
    expect(readFormat(data)).toMatchObject({ format: 1 });
    // That old gate does not know the key; every release that has a newer format to leave does.
    writeFileSync(config, readFileSync(config, 'utf8').replace(/^fleet:.*$/m, ''));
    const old = start('old');
    expect(await present(old, 'FIX-NEW', 'FIX-FREE')).toEqual(['already-used', 'admitted']);
    await old.stop();
  });

  it('the backup is whole, costs no second copy of the tables, and only the newest two are kept', async () => {
    const { data } = await recorded();
    const made = await prepareFormat(data, '0.1.0', Date.UTC(2026, 10, 25));
    expect(made).toMatchObject({ from: 1 });
    expect(await prepareFormat(data, '0.1.0', Date.UTC(2026, 10, 25))).toBeUndefined();
    expect(readdirSync(made?.backup ?? '')).toEqual(['journal', 'list', 'sync']);
    for (const day of [26, 27, 28]) {
      writeFileSync(path.join(data, 'format.json'), '{"format":1,"by":"x"}');
      await prepareFormat(data, '0.1.0', Date.UTC(2026, 10, day));
    }
    expect(backups(data).map((b) => path.basename(b.folder))).toEqual([
      'format-1-20261128T000000Z',
      'format-1-20261127T000000Z',
    ]);
  });

  it('releases and formats', () => {
    expect(['0.0.9', '0.1.0', '0.2.3', '1.0.0'].map(formatOfRelease)).toEqual([1, FORMAT, FORMAT, FORMAT]);
  });
});

describe('factory reset', () => {
  it('refuses while checks are not delivered, asks for the id, keeps an export, and goes on with the sequence', async () => {
    const { data, config, simulator, start } = await recorded();
    const waiting = await cli(MAIN, 'factory-reset', '--config', config, '--yes', 'fixture-1');
    expect(waiting).toMatchObject({ code: 1 });
    expect(waiting.out).toMatch(/1 check\(s\) have not reached SecuTix yet: nothing was deleted/);
    const gate = start('new');
    await present(gate, 'FIX-NEW');
    await delivered(gate, simulator);
    const { journal } = await gate.until(() => true, 1_000);
    expect((await cli(MAIN, 'factory-reset', '--config', config, '--yes', 'fixture-1')).out).toMatch(
      /a gate is running on/,
    );
    await gate.stop();
    expect((await cli(MAIN, 'factory-reset', '--config', config)).out).toMatch(/nobody is there to be asked/);
    expect((await cli(MAIN, 'factory-reset', '--config', config, '--yes', 'other')).out).toMatch(/nothing was deleted/);
    expect(existsSync(path.join(data, 'list'))).toBe(true);

    const done = await cli(MAIN, 'factory-reset', '--config', config, '--yes', 'fixture-1');
    expect(done).toMatchObject({ code: 0 });
    const [file = ''] = readdirSync(path.join(data, 'export'));
    const lines = gunzipSync(readFileSync(path.join(data, 'export', file)))
      .toString('utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(journal.lastSeq);
    expect(readdirSync(data).sort()).toEqual(['export', 'format.json', 'guard', 'journal']);

    const fresh = start('new');
    expect(await present(fresh, 'FIX-NEW')).toEqual(['admitted']);
    expect((await checksOf(fresh)).at(-1)).toBe(`${journal.lastSeq + 2} FIX-NEW admitted`);
    await fresh.stop();
  });
});
