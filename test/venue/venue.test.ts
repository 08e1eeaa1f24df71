import { describe, expect, it } from 'vitest';
import { HUB } from '../../src/cli/demo/venue-stage.js';
import type { ConflictReport } from '../../src/diagnostics/venue-model.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { casesOf } from '../../src/simulator/model.js';
import type { TestVenue } from './stage.js';
import { noBroker, PATIENCE, startAll, testVenue } from './stage.js';

const valid = ({ simulator }: TestVenue): string[] => casesOf(simulator.model, 'P1', 'PERF1', 100).valid;
const lane = (id: string, more: object): object => ({
  id,
  direction: 'entry',
  admits: { products: ['P1'], performances: ['PERF1'] },
  debounce: '0s',
  readers: [{ driver: 'virtual', medium: 'barcode' }],
  barrier: { driver: 'virtual', pulse: '30ms', sensor: true },
  ...more,
});
const budget = { policy: 'budget', budget: 2 };

describe.skipIf(noBroker !== undefined)('a venue of real processes and a real broker', () => {
  it('a ticket enters at one gate, everything reaches SecuTix once, a cancelled ticket reaches the gates', async () => {
    const venue = await testVenue({
      gates: 2,
      config: (name) =>
        name === 'gate-1'
          ? {
              lanes: [
                lane('lane-1', { barrier: { driver: 'virtual', pulse: '30ms' } }),
                lane('lane-2', { passageTimeout: '60s' }),
                lane('lane-3', { passageTimeout: '1s' }),
              ],
            }
          : {},
    });
    const { stage, simulator, present, until } = venue;
    await startAll(venue);
    const [first, second, third, slow, back] = valid(venue) as [string, string, string, string, string];
    expect(await present('gate-1', first)).toMatchObject({ admitted: true, claim: { how: 'granted' } });
    expect(await present('gate-2', first)).toMatchObject({ admitted: false, reason: 'already-used' });
    expect(await present('gate-2', second)).toMatchObject({ admitted: true, claim: { how: 'granted' } });
    // The hub reports them under the gates' own check IDs.
    for (const name of ['gate-1', 'gate-2']) await until(name, (r) => r.link?.inStep === true);
    await stage.of(HUB).until((s) => s.journal.waiting === 0 && s.journal.lastSeq >= 3, PATIENCE);
    const controls = simulator.controls().map((c) => `${c.acIdentifier} ${c.controlResult} ${c.received}`);
    expect(controls.sort()).toEqual([
      'gate-1-000000000001 OK 1',
      expect.stringMatching(/^gate-2-\d+ FAIL 1$/) as string,
      expect.stringMatching(/^gate-2-\d+ OK 1$/) as string,
    ]);
    simulator.model.cancel(third);
    await stage.of(HUB).api.post('/sync?what=pull');
    const hub = await until(
      HUB,
      (r) => r.hub?.gates.every((g) => g.list?.same) === true && (r.list?.position ?? 0) > 1,
    );
    expect(hub.hub).toMatchObject({ phase: 'serving', conflicts: 0 });
    expect(await present('gate-1', third)).toMatchObject({ admitted: false, reason: 'cancelled' });

    // Given back: another gate hears of it at once, whoever still stands in the next lane.
    const { api } = stage.of('gate-1');
    await api.post('/lanes/lane-2/readers/0/present', slow);
    const standing = async (): Promise<boolean> =>
      (await api.get<JournalRecord[]>('/journal?limit=10')).some((r) => r.kind === 'check' && r.barcode === slow);
    await expect.poll(standing, { timeout: PATIENCE }).toBe(true);
    await api.post('/lanes/lane-3/readers/0/present', back);
    const admitted = async (): Promise<boolean> => (await present('gate-2', back)).admitted;
    await expect.poll(admitted, { timeout: 30_000, interval: 200 }).toBe(true);
    expect((await stage.report('gate-1')).link?.inStep).toBe(false);
    await api.post('/lanes/lane-2/pass?direction=entry');
  }, 120_000);

  it('cut off: the budget admits so many and no more, the double entry is in the ledger with both checks', async () => {
    const venue = await testVenue({ gates: 2, claim: () => budget });
    const { broker, stage, present, until } = venue;
    await startAll(venue);
    const [a, b, c] = valid(venue) as [string, string, string];
    await broker.stop('SIGKILL');
    for (const name of ['gate-1', 'gate-2']) await until(name, (r) => r.link?.state === 'alone');
    expect(await present('gate-1', a)).toMatchObject({ admitted: true, claim: { how: 'budget' } });
    expect(await present('gate-2', a)).toMatchObject({ admitted: true, claim: { how: 'budget' } });
    expect(await present('gate-1', b)).toMatchObject({ admitted: true, claim: { how: 'budget' } });
    expect(await present('gate-1', c)).toMatchObject({ admitted: false, reason: 'claim-unavailable' });
    expect((await stage.report('gate-1')).risk).toEqual({ made: 2, bound: 2 });
    await broker.start();
    for (const name of ['gate-1', 'gate-2']) await until(name, (r) => r.link?.inStep === true);
    await until(HUB, (r) => r.hub?.conflicts === 1);
    const [conflict] = await stage.of(HUB).api.get<ConflictReport[]>('/venue/conflicts');
    expect([conflict?.first.gate, conflict?.second.gate].sort()).toEqual(['gate-1', 'gate-2']);
    expect(conflict?.first.hubTime).toBeGreaterThan((conflict?.first.at ?? 0) - 60_000);
    expect(conflict?.first.within).toBeGreaterThan(0);
    expect(conflict?.first).toMatchObject({ how: 'budget', checkId: expect.stringContaining('gate-') as string });
    // In step again, the budget is whole.
    await until('gate-1', (r) => r.risk.made === 0);
    expect(await present('gate-2', c)).toMatchObject({ admitted: true, claim: { how: 'granted' } });
  }, 120_000);
});
