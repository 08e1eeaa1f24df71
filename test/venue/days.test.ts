import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerClaim, takeCheck } from '../../src/venue/claim-hub.js';
import type { Claim } from '../../src/venue/claim-types.js';
import { GroupMemory } from '../../src/venue/hub-memory.js';

const memory = (): GroupMemory => new GroupMemory({ get: () => undefined });
const claim = (n: number, gate: string, day: number, max: number): Claim => ({
  id: `${gate}.s.${n}`,
  gate,
  lane: 'l',
  barcode: 'T',
  slot: `day ${day}`,
  at: 0,
  day,
  limits: [{ max, days: true }],
});
const day = fc.integer({ min: 1, max: 6 });

describe('a pass that admits on so many different days', () => {
  it('gives no more of them, whichever gates are asked, and any number of entries on those it has given', () => {
    const asked = fc.array(fc.record({ gate: fc.constantFrom('a', 'b', 'c'), day }), { maxLength: 30 });
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 3 }), (claims, max) => {
        const hub = memory();
        const given = new Set<number>();
        let news = 0;
        for (const [n, { gate, day: today }] of claims.entries()) {
          const result = answerClaim(hub, claim(n, gate, today, max), { sure: true });
          if ('ask' in result) throw new Error('nothing is held in advance');
          hub.apply(result.change);
          const isNew = today > Math.max(...given);
          expect(result.answer.result).toBe(isNew && given.size >= max ? 'used' : 'granted');
          if (result.answer.result === 'granted') given.add(today);
          if (isNew && result.answer.result === 'granted') news++;
        }
        expect(news).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('one too many, given by a gate that was cut off, is found', () => {
    const hub = memory();
    const check = (gate: string, today: number) =>
      takeCheck(hub, {
        checkId: `${gate}-${today}`,
        gate,
        lane: 'l',
        barcode: 'T',
        slot: `day ${today}`,
        at: 0,
        counts: true,
        day: today,
        limits: [{ max: 2, days: true }],
      });
    const days = [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ] as const;
    expect(days.map(([gate, today]) => hub.apply(check(gate, today)).length)).toEqual([0, 0, 0, 1]);
  });
});
