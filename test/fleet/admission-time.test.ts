import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { GateProcess } from '../../src/cli/demo/stage.js';
import type { LaneRules } from '../../src/domain/rulebook.js';
import { admissionTime } from '../../src/lane/admission-time.js';
import { SIMULATOR_DEFAULTS } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const HOUR = 3_600_000;

describe('admission time by the programme', () => {
  const lane = (more: Partial<LaneRules> = {}): LaneRules => ({ lane: 'lane-1', direction: 'entry', ...more });
  const nobody = (): undefined => undefined;
  const open = [{ code: 'PERF1', product: 'P1' }, { code: 'PERF9' }];

  it.each([
    ['a lane that admits anything', lane(), open, 'PERF1'],
    ['one that follows the programme', lane({ performances: 'auto' }), open, 'PERF1'],
    ['one that admits this performance', lane({ performances: ['PERF9'] }), open, 'PERF9'],
    ['one that admits another one', lane({ performances: ['PERF2'] }), open, undefined],
    ['one that admits another product', lane({ products: ['P2'] }), [open[0] as { code: string }], undefined],
    ['one whose performance has no known product', lane({ products: ['P2'] }), open, 'PERF9'],
    ['an exit', lane({ direction: 'exit' }), open, undefined],
    ['nothing being open', lane(), [], undefined],
  ] as const)('%s', (_, rules, performances, expected) => {
    expect(admissionTime([rules], nobody, performances)).toBe(expected);
  });

  it('what a technician chose for a lane counts instead', () => {
    const rules = [lane({ performances: ['PERF1'] })];
    expect(admissionTime(rules, () => ['PERF2'], open)).toBeUndefined();
    expect(admissionTime(rules, () => ['PERF9'], open)).toBe('PERF9');
  });
});

/** A running gate whose programme has one performance that begins `inHours` from now. */
function gateWith(inHours: number): { gate: GateProcess; lock: string } {
  const folder = temporaryFolder();
  const lock = path.join(folder, 'updates.lock');
  const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
  const file = path.join(folder, 'gate.yaml');
  const config = {
    gate: { id: 'lock-1', name: 'Lock', timeZone: 'UTC' },
    data: path.join(folder, 'data'),
    secutix: {
      url: 'http://127.0.0.1:9/x',
      version: 'v1_6',
      ...{ institution, operator, partner, secret },
      scopes: [{ season: 'S26', products: ['P1'] }],
      pull: { every: '60m', pageSize: 100 },
      push: { every: '1m', batch: 100 },
    },
    programme: [{ code: 'PERF1', start: new Date(Date.now() + inHours * HOUR).toISOString().slice(0, 16) }],
    lanes: [
      {
        id: 'lane-1',
        direction: 'entry',
        admits: { performances: ['PERF1'] },
        readers: [{ driver: 'virtual' }],
        barrier: { driver: 'virtual' },
      },
    ],
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  const gate = new GateProcess(file, folder, MAIN, ['env', `BALENA_APP_LOCK_PATH=${lock}`]);
  cleanup(() => gate.stop());
  return { gate, lock };
}

describe('a gate whose programme admits now', () => {
  it("holds balena's update lock before the first visitor, says why, and lets it go with the gate", async () => {
    const { gate, lock } = gateWith(0.5);
    const status = await gate.until((s) => s.fleet?.updateLock?.state === 'held', 60_000);
    expect(status.fleet?.updateLock?.why).toBe('admission time of PERF1');
    expect(existsSync(lock)).toBe(true);
    await gate.stop();
    expect(existsSync(lock)).toBe(false);
  });

  it('tomorrow leaves it free', async () => {
    const { gate, lock } = gateWith(24);
    await gate.until((s) => Boolean(s.fleet?.updateLock), 60_000);
    await vi.waitFor(() => expect(readFileSync(path.join(path.dirname(lock), 'data', 'health'), 'utf8')).toBeTruthy(), {
      timeout: 60_000,
    });
    expect(existsSync(lock)).toBe(false);
  });
});
