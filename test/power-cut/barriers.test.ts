import { describe, expect, it } from 'vitest';
import { replay } from './barriers/replay.js';

describe('a power cut at every write, flush and change of names of the databases', () => {
  it.each([
    ['open', false],
    ['sealed', true],
  ])(
    'everything acknowledged is there, nothing is half there, nothing looks damaged (%s)',
    async (_name, sealed) => {
      const limit = Number(process.env.PORTILLON_TEST_BARRIERS ?? '120');
      const result = await replay({ seed: 1, rounds: 40, limit, sealed });
      expect(result.problems).toEqual([]);
      expect(result.disks).toBeGreaterThan(50);
      expect(result.flushes).toBeGreaterThan(100);
    },
    300_000,
  );

  it('a store that does not wait for its flushes is caught', { timeout: 300_000 }, async () => {
    const result = await replay({ seed: 1, rounds: 6, limit: 60, sealed: false, withoutSync: true });
    expect(result.problems.join()).toMatch(/record \d+ was acknowledged, \d+ is the last/);
  });
});
