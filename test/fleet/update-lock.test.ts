import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { doorsOpen, parseDoors } from '../../src/fleet/doors.js';
import type { Serving } from '../../src/fleet/update-lock.js';
import { UpdateLock } from '../../src/fleet/update-lock.js';
import { silentLog } from '../../src/log.js';
import { temporaryFolder } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE = 60_000;
const isRoot = process.getuid?.() === 0;

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
    look: ({ serving = false, doorsOpen = false, admitting }: Partial<Serving> = {}) =>
      made.look({ serving, doorsOpen, admitting, lastCheckAt }),
    pass: (ms: number) => clock.advance(ms),
  };
}
/** As balenaOS asks before it reboots for an update of the host. */
const flockIsFree = (path: string): boolean => spawnSync('flock', ['--nonblock', path, 'true']).status === 0;

describe('the update lock', () => {
  it('is held from the first check until nobody has come for a while', async () => {
    const l = lock();
    l.look();
    expect(existsSync(l.path)).toBe(false);
    l.check();
    l.look();
    expect(existsSync(l.path)).toBe(true);
    expect(l.lock.held).toMatchObject({ why: 'people are passing' });
    await l.pass(14 * MINUTE);
    l.look();
    expect(l.lock.state).toBe('held');
    await l.pass(2 * MINUTE);
    l.look();
    expect(existsSync(l.path)).toBe(false);
    expect(l.lock.held).toBeUndefined();
  });

  it('is held while the doors are open, and under an open grant, whether somebody has come or not', () => {
    const l = lock();
    l.look({ doorsOpen: true });
    expect(l.lock.held?.why).toBe('the doors are open');
    l.look();
    expect(l.lock.state).toBe('free');
    l.look({ serving: true });
    expect(l.lock.held?.why).toBe('somebody is passing');
    l.look({ admitting: 'PERF1' });
    expect(l.lock.held?.why).toBe('admission time of PERF1');
    l.look();
    expect(l.lock.state).toBe('free');
  });

  it('is a flock too: no update of the host reboots under people', () => {
    const l = lock();
    writeFileSync(l.path, '');
    expect(flockIsFree(l.path)).toBe(true);
    l.check();
    l.look();
    expect(flockIsFree(l.path)).toBe(false);
    l.lock.close();
    writeFileSync(l.path, '');
    expect(flockIsFree(l.path)).toBe(true);
  });

  it('is let go after the longest time, but never under somebody, and not taken again before the gate was quiet', async () => {
    const l = lock();
    for (let minutes = 0; minutes <= 14 * 60; minutes += 10) {
      l.check();
      l.look();
      await l.pass(10 * MINUTE);
    }
    l.check();
    l.look({ serving: true });
    expect(l.lock.state).toBe('held');
    l.look();
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

  it('that cannot be taken changes nothing for the gate', () => {
    const clock = new FakeClock();
    const made = new UpdateLock({ path: '/nowhere/updates.lock', hold: MINUTE, longest: MINUTE }, clock, silentLog);
    made.look({ serving: true, doorsOpen: false, lastCheckAt: 0 });
    expect(made.state).toBe('free');
  });

  it.skipIf(!isRoot)("leaves the supervisor's own lock alone (needs root to make one)", () => {
    const l = lock();
    writeFileSync(l.path, '');
    chownSync(l.path, 65_534, 65_534);
    l.check();
    l.look();
    expect(l.lock.state).toBe('stopping');
    l.lock.close();
    expect(existsSync(l.path)).toBe(true);
  });

  it.skipIf(!isRoot)("an operator's override, which replaces the file, is not undone (needs root)", () => {
    const l = lock();
    l.check();
    l.look();
    rmSync(l.path);
    writeFileSync(l.path, '');
    chownSync(l.path, 65_534, 65_534);
    l.lock.close();
    expect(existsSync(l.path)).toBe(true);
  });
});

describe('the hours of the doors', () => {
  const at = (local: string): number => Date.parse(`${local}+01:00`);
  const open = (hours: string[], local: string): boolean =>
    doorsOpen(hours.map(parseDoors), 'Europe/Zurich', at(local));

  it.each([
    ['18:00-23:30', '2026-11-25T17:59', false],
    ['18:00-23:30', '2026-11-25T18:00', true],
    ['18:00-23:30', '2026-11-25T23:30', false],
    // Over midnight: it belongs to the evening's day.
    ['fri 20:00-02:00', '2026-11-27T21:00', true],
    ['fri 20:00-02:00', '2026-11-28T01:59', true],
    ['fri 20:00-02:00', '2026-11-28T02:00', false],
    ['fri 20:00-02:00', '2026-11-27T01:00', false],
    ['sat+sun 13:00-19:00', '2026-11-29T13:00', true],
    ['sat+sun 13:00-19:00', '2026-11-30T13:00', false],
    ['00:00-00:00', '2026-11-30T13:00', true],
  ])('%s at %s: %s', (hours, local, expected) => {
    expect(open([hours], local)).toBe(expected);
  });

  it('none are never', () => {
    expect(open([], '2026-11-25T18:00')).toBe(false);
  });

  it('are those of the clock on the wall, also in summer', () => {
    expect(doorsOpen([parseDoors('18:00-19:00')], 'Europe/Zurich', Date.parse('2026-07-01T16:30Z'))).toBe(true);
    expect(doorsOpen([parseDoors('18:00-19:00')], 'America/New_York', Date.parse('2026-07-01T22:30Z'))).toBe(true);
  });
});
