import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync, chownSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { beatText, writeBeat } from '../../src/fleet/heartbeat.js';
import { watchdogEvery } from '../../src/fleet/notify.js';
import { UpdateLock } from '../../src/fleet/update-lock.js';
import { silentLog } from '../../src/log.js';
import { temporaryFolder } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE = 60_000;

function lock() {
  const path = `${temporaryFolder()}/updates.lock`;
  const clock = new FakeClock();
  const made = new UpdateLock({ path, hold: 15 * MINUTE, longest: 14 * 60 * MINUTE }, clock, silentLog);
  let lastCheckAt = 0;
  return {
    path,
    lock: made,
    check: () => {
      lastCheckAt = clock.now();
    },
    look: (serving = false) => made.look({ serving, lastCheckAt }),
    pass: (ms: number) => clock.advance(ms),
  };
}

describe('the update lock', () => {
  it('is held from the first check until nobody has come for a while', async () => {
    const l = lock();
    l.look();
    expect(existsSync(l.path)).toBe(false);
    l.check();
    l.look();
    expect(existsSync(l.path)).toBe(true);
    await l.pass(14 * MINUTE);
    l.look();
    expect(l.lock.state).toBe('held');
    await l.pass(2 * MINUTE);
    l.look();
    expect(existsSync(l.path)).toBe(false);
  });

  it('is let go after the longest time, but never under somebody, and not taken again before the gate was quiet', async () => {
    const l = lock();
    for (let minutes = 0; minutes <= 14 * 60; minutes += 10) {
      l.check();
      l.look();
      await l.pass(10 * MINUTE);
    }
    l.check();
    l.look(true);
    expect(l.lock.state).toBe('held');
    l.look(false);
    expect(l.lock.state).toBe('free');
    l.check();
    l.look();
    expect(l.lock.state).toBe('free');
    await l.pass(20 * MINUTE);
    l.look();
    l.check();
    l.look();
    expect(l.lock.state).toBe('held');
  });

  it('adopts its own leftover of before a crash', () => {
    const l = lock();
    writeFileSync(l.path, '');
    l.check();
    l.look();
    expect(l.lock.state).toBe('held');
    l.lock.close();
    expect(existsSync(l.path)).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0)("leaves the supervisor's own lock alone (needs root to make one)", () => {
    const l = lock();
    writeFileSync(l.path, '');
    chownSync(l.path, 65_534, 65_534);
    l.check();
    l.look();
    expect(l.lock.state).toBe('stopping');
    l.lock.close();
    expect(existsSync(l.path)).toBe(true);
  });
});

describe('the heartbeat', () => {
  const script = fileURLToPath(new URL('../../deploy/healthcheck.sh', import.meta.url));
  const probe = (folder: string) =>
    spawnSync('sh', [script], { env: { ...process.env, PORTILLON_DATA: folder }, encoding: 'utf8' });

  it('names the worst condition in a line that fits the dashboard', () => {
    expect(beatText({ alive: true, conditions: [] })).toBe('alive all is well');
    const long = beatText({ alive: true, conditions: [{ severity: 'down', what: 'x'.repeat(300), remedy: '' }] });
    expect(long).toHaveLength(100);
  });

  it('is healthy while it is fresh, whatever is away, and not when it stands still', () => {
    const folder = temporaryFolder();
    expect(probe(folder)).toMatchObject({ status: 1, stdout: expect.stringContaining('no heartbeat yet') as string });
    const condition = { severity: 'degraded', what: 'pull: SecuTix is away', remedy: '' } as const;
    writeBeat(folder, { alive: true, conditions: [condition] });
    expect(probe(folder)).toMatchObject({ status: 0, stdout: 'alive pull: SecuTix is away (1 in all)\n' });
    const old = Date.now() / 1000 - 300;
    utimesSync(`${folder}/health`, old, old);
    expect(probe(folder)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('no heartbeat for 30') as string,
    });
    expect(readFileSync(`${folder}/health`, 'utf8')).toContain('alive');
    execFileSync('sh', ['-n', script]);
  });

  it('feeds the watchdog at half of its time', () => {
    expect(watchdogEvery({ WATCHDOG_USEC: '20000000' })).toBe(10_000);
    expect(watchdogEvery({})).toBeUndefined();
    expect(watchdogEvery({ WATCHDOG_USEC: 'x' })).toBeUndefined();
  });
});
