import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { VenueStore } from '../../src/store/venue-store.js';
import type { HomeSaid } from '../../src/venue/claim-hub.js';
import type { Claim } from '../../src/venue/claim-types.js';
import { HubClaims } from '../../src/venue/hub-claims.js';
import { Noted } from '../../src/venue/noted.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';

const claim = (id: string): Claim => ({
  id,
  gate: 'south',
  lane: 'l',
  barcode: 'T',
  slot: 'S',
  at: 1,
  entrance: 'north',
});

async function store(): Promise<VenueStore> {
  const opened = await VenueStore.open(temporaryFolder());
  cleanup(() => opened.close());
  return opened;
}

async function hub(said: HomeSaid) {
  const claims = await HubClaims.open(await store(), {
    clock: systemClock,
    log: silentLog,
    askHome: () => Promise.resolve(said),
    askHolders: () => Promise.resolve({ returned: [], spent: [] }),
    onUsage: () => {},
  });
  claims.sure = true;
  const log = async (): Promise<string[]> => (await claims.usageAfter(0, 10)).map((e) => `${e.what} ${e.checkId}`);
  return { claims, log };
}

describe('what a home gate wrote down for a claim that came to nothing', () => {
  it('is taken back when the home gate did not answer in time: it may have written it down', async () => {
    const { claims, log } = await hub({ said: 'silent' });
    expect(await claims.claim(claim('south.s.1'))).toMatchObject({ result: 'unknown', why: 'home-cut-off' });
    expect(await log()).toEqual(['given-back south.s.1']);
  });

  it('is taken back when the hub knows nothing of it, and the claim never counts from then on', async () => {
    const { claims, log } = await hub({ said: 'agreed' });
    await claims.noted([{ id: 'south.s.2', barcode: 'T' }]);
    expect(await log()).toEqual(['given-back south.s.2']);
    expect(await claims.claim(claim('south.s.2'))).toMatchObject({ result: 'unknown', why: 'ended' });
    expect(claims.uses('T')).toEqual([]);
  });

  it('stays when it was granted, and when the hub is not sure of what it knows', async () => {
    const { claims, log } = await hub({ said: 'agreed' });
    expect(await claims.claim(claim('south.s.3'))).toMatchObject({ result: 'granted' });
    await claims.noted([{ id: 'south.s.3', barcode: 'T' }]);
    claims.sure = false;
    await claims.noted([{ id: 'south.s.4', barcode: 'T' }]);
    expect(await log()).toEqual([]);
    expect(claims.uses('T')).toHaveLength(1);
  });

  it('is asked about until something is heard of it, also after a restart', async () => {
    const clock = new FakeClock();
    const disk = await store();
    const before = await Noted.open(disk, clock);
    await before.add('south.s.5', 'T');
    await before.add('south.s.6', 'U');
    expect(before.due()).toEqual([]);
    const noted = await Noted.open(disk, clock);
    await clock.advance(6_000);
    expect(noted.due().map((d) => d.id)).toEqual(['south.s.5', 'south.s.6']);
    expect(noted.due()).toEqual([]);
    const base = { n: 1, barcode: 'T', lane: 'l', direction: 'entry', checkedAt: 1 } as const;
    await disk.commit(noted.settledBy([{ ...base, what: 'admitted', checkId: 'south-1', claim: 'south.s.5' }]));
    await clock.advance(6_000);
    expect((await Noted.open(disk, clock)).due()).toEqual([]);
    expect(noted.due()).toEqual([{ id: 'south.s.6', barcode: 'U' }]);
  });
});
