import { describe, expect, it } from 'vitest';
import { HubTime } from '../../src/venue/hub-time.js';

describe('the time by the hub’s word', () => {
  it('is that of SecuTix, by the quickest of the last answers', () => {
    const time = new HubTime();
    expect(time.skew).toBeNull();
    // The hub is 3 s ahead of SecuTix, this gate 10 s: the answer took 400 ms, then 20 ms.
    time.take({ at: 1_003_000, skew: 3_000 }, 1_009_900, 1_010_300, 400);
    expect(time.skew).toBe(10_100);
    time.take({ at: 1_003_700, skew: 3_000 }, 1_010_690, 1_010_710, 20);
    expect(time.skew).toBe(10_000);
    time.take({ at: 1_004_000, skew: 3_000 }, 1_010_900, 1_011_600, 700);
    expect(time.skew).toBe(10_000);
  });

  it('is none of a hub that nobody has told the time, nor of an answer during which this clock was set', () => {
    const time = new HubTime();
    time.take({ at: 1_000_000, skew: null }, 999_990, 1_000_010, 20);
    time.take({}, 999_990, 1_000_010, 20);
    time.take({ at: 1_000_000, skew: 0 }, 500_000, 1_000_000, 20);
    expect(time.skew).toBeNull();
    // For the ledger it is a clock like any other.
    expect(time.off).toEqual({ by: 0, within: 11 });
  });
});
