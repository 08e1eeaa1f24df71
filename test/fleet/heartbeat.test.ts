import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conditionsOf } from '../../src/diagnostics/health.js';
import type { LaneReport } from '../../src/diagnostics/read-model.js';
import type { SyncStatus } from '../../src/sync/messages.js';
import { beatFolder, beatText, writeBeat } from '../../src/fleet/heartbeat.js';
import { watchLanes } from '../../src/fleet/lanes-live.js';
import { temporaryFolder } from '../support/builders.js';

const script = fileURLToPath(new URL('../../deploy/healthcheck.sh', import.meta.url));
const probe = (folder: string) => {
  const { status, stdout } = spawnSync('sh', [script], {
    env: { PATH: process.env.PATH, RUNTIME_DIRECTORY: folder },
    encoding: 'utf8',
  });
  return { status, said: stdout.trim() };
};

type Parts = Parameters<typeof conditionsOf>[0];
const NOW = Date.UTC(2026, 10, 25);
const lane = (rest: Partial<LaneReport> = {}): LaneReport => ({
  id: 'lane-1',
  direction: 'entry',
  mode: 'controlled',
  phase: 'ready',
  passageSensor: false,
  active: [],
  counters: {},
  devices: [],
  ...rest,
});
const device = (role: string, state: 'ready' | 'faulted', reason?: string): LaneReport['devices'][number] =>
  ({ role, driver: 'serial-scanner', status: { state, ...(reason && { reason }), counters: {} } }) as never;
/** All is well; typed, so that a new part of the status is told here first. */
const WELL: Pick<SyncStatus['pull'], 'setAside' | 'lastError' | 'warnings'> & {
  scopes: { completeAt: number | null }[];
} = {
  scopes: [{ completeAt: NOW - 60_000 }],
  setAside: 0,
  lastError: null,
  warnings: [],
};
const MONTH: SyncStatus['secutix']['month'] = { month: '2026-11', calls: 0, callsLimit: 0, bytes: 0, bytesLimit: 0 };
const sync = (rest: { pull?: object; push?: object; secutix?: object } = {}): Parts['sync'] =>
  ({
    pull: { ...WELL, ...rest.pull },
    push: { lastError: null, rejected: 0, lastRejected: [], ...rest.push },
    secutix: { skewMs: 0, sharedBudget: false, month: MONTH, ...rest.secutix },
  }) as never;
/** The whole way: what is wrong, the line, the file, the script. */
function healthOf(rest: Partial<Parts>): { status: number | null; said: string } {
  const parts = { lanes: [lane()], journalFailure: null, sync: sync(), now: NOW, pullEvery: 3_600_000, ...rest };
  const folder = temporaryFolder();
  const journal = { lastSeq: 1, waiting: 0, failure: parts.journalFailure };
  writeBeat(folder, beatText({ conditions: conditionsOf(parts), journal }, undefined));
  return probe(folder);
}

describe('the health check', () => {
  it.each<[string, Partial<Parts>, string]>([
    ['all is well', {}, 'alive all is well'],
    [
      'SecuTix is away',
      { sync: sync({ pull: { lastError: 'connect ECONNREFUSED' } }) },
      'alive pull: connect ECONNREFUSED',
    ],
    ['checks cannot be delivered', { sync: sync({ push: { lastError: 'HTTP 503' } }) }, 'alive push: HTTP 503'],
    [
      'SecuTix refuses checks',
      { sync: sync({ push: { rejected: 2, lastRejected: [{ at: NOW - 3_600_000 }] } }) },
      'alive SecuTix refused 2 check(s)',
    ],
    [
      'the list is old',
      { sync: sync({ pull: { scopes: [{ completeAt: NOW - 4 * 3_600_000 }] } }) },
      'alive the ticket list is 240 minutes old',
    ],
    [
      'the first import is not over',
      { sync: sync({ pull: { scopes: [{ completeAt: null }] } }) },
      'alive the first import',
    ],
    ['the clock is off', { sync: sync({ secutix: { skewMs: 9_000 } }) }, "alive this gate's clock differs"],
    [
      'the month is nearly used up',
      { sync: sync({ secutix: { month: { ...MONTH, calls: 90, callsLimit: 100 } } }) },
      'alive 90 of 100 calls',
    ],
    ['the sync thread is new', { sync: null }, 'alive the sync thread has not reported yet'],
    [
      'a reader is unplugged',
      { lanes: [lane({ devices: [device('reader 1', 'faulted', 'no such port')] })] },
      'alive lane-1 reader 1: no such port',
    ],
    [
      'the barrier is away',
      { lanes: [lane({ devices: [device('barrier', 'faulted', 'no answer')] })] },
      'alive lane-1 barrier: no answer',
    ],
    ['a lane is closed', { lanes: [lane({ mode: 'closed' })] }, 'alive lane-1 is closed'],
    ['fire', { lanes: [lane({ mode: 'emergency', active: ['fire'] })] }, 'alive lane-1: emergency (fire)'],
  ])('%s: healthy, and named', (_, parts, said) => {
    const health = healthOf(parts);
    expect(health.said.startsWith(said), health.said).toBe(true);
    expect(health.status).toBe(0);
  });

  it('a journal that cannot be written: not healthy, and named', () => {
    expect(healthOf({ journalFailure: 'the journal cannot be written: ENOSPC' })).toEqual({
      status: 1,
      said: 'failing the journal cannot be written: ENOSPC',
    });
  });

  it('no heartbeat yet, or an old one: not healthy, and told', () => {
    const folder = temporaryFolder();
    expect(probe(folder)).toMatchObject({ status: 1, said: `no heartbeat yet: ${folder}/health` });
    writeBeat(folder, 'alive all is well');
    expect(probe(folder).status).toBe(0);
    const old = Date.now() / 1000 - 300;
    utimesSync(`${folder}/health`, old, old);
    const { status, said } = probe(folder);
    expect(status).toBe(1);
    expect(said).toMatch(/^no heartbeat for 30\d s; last: alive all is well$/);
  });

  it('fits the dashboard, whatever is wrong', () => {
    const conditions = [{ severity: 'down', kind: 'journal', what: `x\n${'y'.repeat(300)}`, remedy: '' } as const];
    const text = beatText({ conditions, journal: { lastSeq: 0, waiting: 0, failure: null } }, undefined);
    expect(text).toHaveLength(100);
    expect(text).not.toContain('\n');
  });

  it('is written to memory where the machine offers it', () => {
    expect(beatFolder({ RUNTIME_DIRECTORY: '/run/portillon:/run/other' }, '/data')).toBe('/run/portillon');
    expect(beatFolder({}, '/data')).toBe('/data');
  });
});

describe('a lane that hangs', () => {
  const deciding = (reads: number): LaneReport[] => [lane({ phase: 'deciding', counters: { reads } })];

  it('is one that is in the middle of the same decision for half a minute', () => {
    const look = watchLanes();
    expect(look(deciding(1), 0)).toBeUndefined();
    expect(look(deciding(1), 29_000)).toBeUndefined();
    expect(look(deciding(1), 31_000)).toBe('lane-1 has been deciding for 31 s');
    expect(look([lane()], 32_000)).toBeUndefined();
  });

  it('is not one that is busy, waits for somebody, or is quiet', () => {
    const look = watchLanes();
    for (let second = 0; second < 100; second++) expect(look(deciding(second), second * 1000)).toBeUndefined();
    for (const phase of ['waiting', 'ready'] as const)
      for (let second = 0; second < 100; second++)
        expect(look([lane({ phase })], 200_000 + second * 1000)).toBeUndefined();
  });

  it('makes the health check fail with its name', () => {
    const folder = temporaryFolder();
    writeBeat(folder, beatText({ conditions: [], journal: { lastSeq: 0, waiting: 0, failure: null } }, 'lane-1 hangs'));
    expect(probe(folder)).toEqual({ status: 1, said: 'stuck lane-1 hangs' });
  });
});
