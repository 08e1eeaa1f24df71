import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log.js';
import { VenueStore } from '../../src/store/venue-store.js';
import type { Claim } from '../../src/venue/claim-types.js';
import { Rights } from '../../src/venue/rights.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

const claim = (id: string, more: Partial<Claim> = {}): Claim => ({
  id,
  gate: 'g',
  lane: 'l',
  barcode: 'T',
  slot: '*',
  at: 1_000,
  day: 5,
  ...more,
});

async function open(folder = temporaryFolder(), session = 's1') {
  const store = await VenueStore.open(path.join(folder, 'venue'));
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await store.close();
    closed = true;
  };
  cleanup(close);
  return { folder, store, close, rights: await Rights.open(store, session, silentLog) };
}

describe('rights in advance', () => {
  it('are spent once, also by two lanes in the same instant, and survive a restart', async () => {
    const { folder, rights, close } = await open();
    await rights.take(claim('g.s1.1'), 2);
    const both = await Promise.all([rights.spend(claim('g.s1.2')), rights.spend(claim('g.s1.3'))]);
    expect(both.sort()).toEqual(['g.s1.1/1', 'g.s1.1/2']);
    expect(await rights.spend(claim('g.s1.4'))).toBeUndefined();
    await rights.take(claim('g.s1.5'), 1);
    await close();
    const again = await open(folder, 's2');
    expect(again.rights.told.map((r) => r.id)).toEqual(['g.s1.5/1']);
    expect(await again.rights.spend(claim('g.s2.1'))).toBe('g.s1.5/1');
  });

  it('fit their slot, their sector and their day, and never stand for "outside"', async () => {
    const { rights } = await open();
    await rights.take(claim('g.s1.1', { sector: 'A' }), 1);
    for (const other of [{ day: 6 }, { slot: 'P' }, {}, { sector: 'B' }, { sector: 'A', outside: {} }])
      expect(await rights.spend(claim('g.s1.2', other))).toBeUndefined();
    expect(await rights.spend(claim('g.s1.2', { sector: 'A' }))).toBe('g.s1.1/1');
  });

  it('are given back for ever: held ones, and ones whose answer is still under way; spent ones are not', async () => {
    const { rights } = await open();
    await rights.take(claim('g.s1.1'), 2);
    expect(await rights.spend(claim('g.s1.2'))).toBe('g.s1.1/1');
    expect(await rights.giveBack(['g.s1.1/1', 'g.s1.1/2', 'g.s1.9/1', 'g.s0.4/1'])).toEqual({
      returned: ['g.s1.1/2', 'g.s1.9/1'],
      spent: ['g.s1.1/1'],
    });
    await rights.take(claim('g.s1.9'), 1);
    expect(rights.size).toBe(0);
    // The hub hears of what was spent until it has the check.
    expect(rights.told.map((r) => r.id)).toEqual(['g.s1.1/1']);
    rights.inStep();
    expect(rights.told).toEqual([]);
  });

  it('nobody came for go back after half a day', async () => {
    const { rights } = await open();
    await rights.take(claim('g.s1.1'), 1);
    expect(await rights.expire(3_600_000)).toEqual([]);
    expect((await rights.expire(13 * 3_600_000)).map((r) => r.id)).toEqual(['g.s1.1/1']);
    expect(rights.size).toBe(0);
  });
});
