import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HUB } from '../../src/cli/demo/venue-stage.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import { casesOf } from '../../src/simulator/model.js';
import { noBroker, PATIENCE, startAll, testVenue } from './stage.js';

const SHIFT = fileURLToPath(new URL('../partition/shift.mjs', import.meta.url));
/** Milliseconds their clocks are off: no decision about use may notice. */
const SHIFTS: Readonly<Record<string, number>> = { 'gate-1': 240_000, 'gate-2': -240_000 };
const RULES = { products: { P1: { entriesInAll: 3 }, P2: { entries: 'unlimited', antiPassback: 'hard' } } };
const lane = (direction: string) => ({
  id: 'lane-1',
  direction,
  admits: { products: ['P1', 'P2'] },
  debounce: '0s',
  readers: [{ driver: 'virtual', medium: 'barcode' }],
  barrier: { driver: 'virtual', pulse: '30ms' },
});

describe.skipIf(noBroker !== undefined)('many entries at many gates, clocks minutes apart', () => {
  it('a quota is shared, also with a gate that is cut off; in again only after out, whichever gate', async () => {
    const venue = await testVenue({
      gates: 3,
      // The machine may be busy; how long a lane waits is not what is tested here.
      claim: () => ({ deadline: '3s' }),
      config: (name) =>
        name === HUB ? { rules: RULES } : { rules: RULES, lanes: [lane(name === 'gate-2' ? 'exit' : 'entry')] },
      prefix: (name) => ['env', `NODE_OPTIONS=--import=${SHIFT}`, `SHIFT_MS=${SHIFTS[name] ?? 0}`],
    });
    const { simulator, broker, present, until } = venue;
    await startAll(venue);
    const [pass, other, third] = casesOf(simulator.model, 'P1', 'PERF1', 10).valid as [string, string, string];
    const [season] = casesOf(simulator.model, 'P2', 'PERF2', 10).valid as [string];
    const granted = { admitted: true, claim: { how: 'granted' } };
    // They know it, by the hub's word, and say so; what follows does not care.
    for (const [name, shift] of Object.entries(SHIFTS)) {
      const skew = async (): Promise<unknown> => {
        const { conditions } = await venue.stage.of(name).api.get<StatusReport>('/status');
        return Number(conditions.find((c) => c.kind === 'skew')?.facts?.seconds);
      };
      await expect.poll(skew, { timeout: PATIENCE }).toBeCloseTo(shift / 1000, -1);
    }

    // Three entries: one used, one in advance for gate 1, one left.
    expect(await present('gate-1', pass)).toMatchObject(granted);
    await until('gate-1', (r) => r.link?.rights === 1);
    expect(await present('gate-3', pass)).toMatchObject(granted);
    // The last one goes to whoever asks: gate 1 gives it back.
    expect(await present('gate-1', other)).toMatchObject(granted);
    await until('gate-1', (r) => r.link?.rights === 2);
    expect(await present('gate-3', other)).toMatchObject(granted);
    expect(await present('gate-3', other)).toMatchObject(granted);
    await until('gate-1', (r) => r.link?.rights === 1);
    expect(await present('gate-1', other)).toMatchObject({ admitted: false });

    // In again only after out.
    expect(await present('gate-1', season)).toMatchObject(granted);
    expect(await present('gate-3', season)).toMatchObject({ admitted: false, reason: 'not-exited' });
    expect(await present('gate-2', season)).toMatchObject({ admitted: true, direction: 'exit' });
    const end = performance.now() + PATIENCE;
    let again = await present('gate-3', season);
    // Until gate 3 has heard of the exit.
    while (!again.admitted && performance.now() < end) again = await present('gate-3', season);
    expect(again).toMatchObject(granted);
    expect(await present('gate-1', season)).toMatchObject({ admitted: false, reason: 'not-exited' });

    await broker.stop('SIGKILL');
    for (const name of ['gate-1', 'gate-2', 'gate-3']) await until(name, (r) => r.link?.state === 'alone');
    expect(await present('gate-3', pass)).toMatchObject({ admitted: false, reason: 'claim-unavailable' });
    expect(await present('gate-1', pass)).toMatchObject({ admitted: true, claim: { how: 'right' } });
    expect(await present('gate-1', third)).toMatchObject({ admitted: false, reason: 'claim-unavailable' });
    // Nobody is held back from going out.
    expect(await present('gate-2', season)).toMatchObject({ admitted: true, direction: 'exit' });
    await broker.start();
    for (const name of ['gate-1', 'gate-2', 'gate-3']) await until(name, (r) => r.link?.inStep === true);
    for (const name of ['gate-1', 'gate-3']) expect(await present(name, pass)).toMatchObject({ admitted: false });
    expect((await until(HUB, (r) => r.hub !== undefined)).hub?.conflicts).toBe(0);
  }, 180_000);
});
