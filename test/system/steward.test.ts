import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { GateProcess, writeConfig } from '../../src/cli/demo/stage.js';
import type { ExplanationReport } from '../../src/diagnostics/desk-model.js';
import type { CheckRecord } from '../../src/domain/records.js';
import { startSimulator } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** How long a gate may take for anything on a machine that has other things to do, milliseconds. */
const PATIENCE = 120_000;

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** A gate with two lanes of virtual devices, and the command line as a person at the helpdesk has it. */
async function helpdesk() {
  const folder = temporaryFolder();
  const simulator = await startSimulator({ port: 0, tickets: 0, seed: 1, callsPerMinute: 0 });
  cleanup(() => simulator.close());
  const sell = (barcode: string, rest: object = {}): void => void simulator.model.sell({ barcode, ...rest });
  for (const code of ['T-0001', 'T-0002', 'T-0003']) sell(code);
  sell('T-DOOR-B', { entranceCode: 'B' });
  sell('T-GROUP', { groupSize: 2 });
  sell('T-PAPER', { isSpecimen: true });
  sell('T-CHILD', { reducedPrice: true });
  const config = writeConfig({
    secutixUrl: simulator.url,
    hardware: {
      kind: 'virtual drivers',
      why: 'no wire is needed',
      readers: [{ driver: 'virtual', medium: 'barcode' }],
      barrier: { driver: 'virtual', pulse: '30ms' },
      close: () => {},
    },
    folder,
    callsPerMinute: 0,
    lane: { debounce: '0s' },
  });
  const tree = parse(readFileSync(config, 'utf8')) as { rules?: object; lanes: Record<string, unknown>[] };
  const [first = {}] = tree.lanes;
  const admits = (entrance: string): object => ({ admits: { performances: ['PERF1'], entrances: [entrance] } });
  tree.lanes = [
    { ...first, ...admits('A') },
    { ...first, id: 'lane-2', name: 'Door B', ...admits('B') },
  ];
  tree.rules = { defaults: { group: 'batch', attend: [{}] } };
  writeFileSync(config, stringify(tree), { mode: 0o600 });
  const gate = new GateProcess(config, folder, MAIN);
  cleanup(() => gate.stop());
  await gate.until((s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null, PATIENCE);

  const portillon = async (...args: string[]): Promise<Ran> => {
    const whole = [MAIN, ...args, ...(args.includes('--config') ? [] : ['--config', config])];
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, whole)) };
    } catch (error) {
      return error as Ran;
    }
  };
  /** Holds a code to lane 1 and waits for its check. */
  const present = async (code: string, checks = 1): Promise<CheckRecord[]> => {
    const before = (await gate.api.get<CheckRecord[]>('/journal?after=0&limit=1000')).at(-1)?.seq ?? 0;
    await gate.api.post('/lanes/lane-1/readers/0/present', code);
    for (;;) {
      const records = await gate.api.get<CheckRecord[]>(`/journal?after=${before}&limit=1000`);
      const mine = records.filter((r) => r.kind === 'check' && r.credential.code === code);
      if (mine.length >= checks) return mine;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return { folder, simulator, config, gate, portillon, present };
}

describe('a helpdesk at a running gate', () => {
  it(
    'explains, forces, gives back and blocks; all of it is written, reported, and decided again',
    { timeout: 600_000 },
    async () => {
      const { folder, simulator, config, gate, portillon, present } = await helpdesk();
      const reasonOf = async (code: string): Promise<string> =>
        (await gate.api.get<ExplanationReport>(`/decide?lane=lane-1&code=${code}`)).decision.reason;

      // Why, and what would help; nothing is used up.
      const wrongDoor = await portillon('decide', 'T-DOOR-B', '--lane', 'lane-1');
      expect(wrongDoor.code).toBe(0);
      expect(wrongDoor.stdout).toContain('REFUSE  Wrong entrance  (wrong-entrance)');
      expect(wrongDoor.stdout).toContain('It is admitted now at Door B.');
      expect(wrongDoor.stdout).toContain('NO  entrance         The ticket is for entrance B; this lane is for A.');
      expect((await portillon('decide', 'T-DOOR-B')).stderr).toContain('lane must be one of this gate');
      expect((await portillon('decide', 'T-0001', '--lane', 'lane-1', '--at', 'noon')).code).toBe(1);
      expect((await portillon('decide', 'T-DOOR-B', '--lane', 'lane-1', '--language', 'de')).stdout).toContain(
        'Eingang',
      );

      // What comes over the wire has its rules.
      expect((await present('T-PAPER'))[0]).toMatchObject({ admitted: false, reason: 'specimen' });
      expect((await present('T-CHILD'))[0]).toMatchObject({ admitted: true });
      expect((await present('T-GROUP', 2)).map((c) => c.admitted)).toEqual([true, true]);
      expect(await reasonOf('T-GROUP')).toBe('entries-exhausted');

      const look = await portillon('look', 'T-0001', '--lane', 'lane-1', '--who', 'anna');
      expect(look.stdout).toContain('ADMIT');
      expect((await present('T-0001'))[0]).toMatchObject({ admitted: true });
      expect((await present('T-0001'))[0]).toMatchObject({ admitted: false, reason: 'already-used' });

      const back = await portillon('giveback', 'T-0001', '--who', 'anna', '--why', 'the arm stuck');
      expect(back.stdout).toContain('no longer counts');
      const none = await portillon('giveback', 'T-0001', '--who', 'anna');
      expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('none to give back')]);
      expect(await reasonOf('T-0001')).toBe('admitted');

      expect((await portillon('force', 'T-DOOR-B', '--lane', 'lane-1', '--who', 'anna')).code).toBe(2);
      const forced = await portillon(
        'force',
        'T-DOOR-B',
        '--lane',
        'lane-1',
        '--who',
        'anna',
        '--why',
        'press',
        '--block',
      );
      expect([forced.code, forced.stdout]).toEqual([0, expect.stringContaining('the barrier was told')]);
      expect(await reasonOf('T-DOOR-B')).toBe('black-listed');
      expect((await portillon('block', 'T-DOOR-B', '--off', '--who', 'anna')).stdout).toContain('free again');
      expect(await reasonOf('T-DOOR-B')).toBe('wrong-entrance');
      expect((await portillon('block', 'T-0002', '--who', 'anna', '--why', 'stolen')).stdout).toContain('blocked');
      expect((await present('T-0002'))[0]).toMatchObject({ admitted: false, reason: 'black-listed' });

      // What is on, by a technician's word.
      const on = await portillon('lane', 'performances', 'lane-1', 'PERF2,PERF3', '--who', 'ben', '--why', 'moved');
      expect(on.stdout).toBe("lane-1 admits PERF2, PERF3 (by a technician's choice)\n");
      expect((await present('T-0003'))[0]).toMatchObject({ admitted: false, reason: 'wrong-event' });
      expect((await portillon('lane', 'performances', 'lane-9', 'PERF2')).code).toBe(1);
      expect((await portillon('lane', 'performances', 'lane-1', 'configured', '--who', 'ben')).stdout).toContain(
        'as configured',
      );
      expect((await present('T-0003'))[0]).toMatchObject({ admitted: true });

      // Whoever asks without a name, a reason or a code is told so, and nothing happens.
      const refused = async (url: string, body: object): Promise<string> =>
        gate.api.post(url, JSON.stringify(body)).then(
          () => 'done',
          (error: unknown) => (error as Error).message,
        );
      const before = (await gate.api.get<CheckRecord[]>('/journal?after=0&limit=1000')).length;
      expect(await refused('/steward/force', { code: 'T-0001', lane: 'lane-1', who: 'anna' })).toContain(
        'why must say',
      );
      expect(await refused('/steward/force', { code: 'T-0001', lane: 'lane-9', who: 'a', why: 'b' })).toContain(
        'lane must be',
      );
      expect(await refused('/steward/giveback', { who: 'anna' })).toContain('code must be');
      expect(await refused('/steward/block', { who: 'anna' })).toContain('code must be');
      expect(await refused('/steward/look', { lane: 'lane-1', who: 'anna' })).toContain('code must be');
      expect(await refused('/lanes/lane-9/performances', { performances: 'X', who: 'anna' })).toContain('no such lane');
      expect((await gate.api.get<CheckRecord[]>('/journal?after=0&limit=1000')).length).toBe(before);

      // Every word has its actor in the journal, and SecuTix hears of every check, once.
      const records = await gate.api.get<(CheckRecord & { what?: string })[]>('/journal?after=0&limit=1000');
      const words = records.filter((r) => r.who === 'anna' && r.kind === 'check').map((r) => r.reason);
      expect(words).toEqual(['looked', 'given-back', 'forced']);
      expect(records.filter((r) => r.what === 'performances').map((r) => r.who)).toEqual(['ben', 'ben']);
      const checks = records.filter((r) => r.kind === 'check');
      await gate.until(() => simulator.controls().length >= checks.length, PATIENCE);
      const heard = new Map(simulator.controls().map((c) => [c.acIdentifier, c]));
      expect([...heard.values()].every((c) => c.received === 1)).toBe(true);
      for (const c of checks)
        expect([c.checkId, heard.get(c.checkId)?.controlResult]).toEqual([c.checkId, c.admitted ? 'OK' : 'FAIL']);

      // The day again: the same on the same rules; other rules say what they would have done.
      const again = await portillon('replay', '--json');
      expect(again.code).toBe(0);
      expect(JSON.parse(again.stdout)).toMatchObject({ sameRules: true, differences: [], skipped: { steward: 3 } });
      const other = path.join(folder, 'other.yaml');
      const tree = parse(readFileSync(config, 'utf8')) as { rules: { defaults: object } };
      tree.rules = { defaults: { group: 'batch', entries: 2 } };
      writeFileSync(other, stringify(tree), { mode: 0o600 });
      const whatIf = await portillon('replay', '--config', other, '--data', path.join(folder, 'data'), '--json');
      expect(whatIf.code).toBe(0);
      expect(JSON.parse(whatIf.stdout)).toMatchObject({
        sameRules: false,
        differences: [{ was: 'already-used', now: 'admitted' }],
      });

      // Usage thrown away and folded again from the journal: the same.
      await gate.kill('SIGTERM');
      await gate.stop();
      const rebuilt = await portillon('store', 'rebuild');
      expect([rebuilt.code, rebuilt.stdout]).toEqual([0, expect.stringContaining('; 0 were not as the journal says')]);
      const stopped = await portillon('replay', '--stopped');
      expect([stopped.code, stopped.stdout]).toEqual([0, expect.stringContaining(', 0 different')]);
    },
  );
});
