import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CardCollector } from '../../drivers/wiegand/collect.js';

const MS = 1_000_000n;

describe('wiegand: edges to cards', () => {
  it('the order of the two lines is that of the kernel’s times', () => {
    const c = new CardCollector(40);
    // One line's queue is read before the other's.
    for (const at of [0n, 4n, 6n]) c.add(0, at * MS);
    for (const at of [2n, 8n]) c.add(1, at * MS);
    expect(c.take(60n * MS)).toEqual(['01001']);
  });

  it('two cards that a busy process hears of at once are two; one that is still coming is none', () => {
    const c = new CardCollector(40);
    for (const at of [0n, 1n, 2n]) c.add(1, at * MS);
    for (const at of [100n, 101n]) c.add(0, at * MS);
    expect(c.take(110n * MS)).toEqual(['111']);
    c.add(0, 112n * MS);
    expect(c.take(160n * MS)).toEqual(['000']);
    expect(c.pending).toBe(0);
  });

  it('any bits, any pauses of the process: cards come out as they went in', () => {
    const card = fc.stringMatching(/^[01]{26}$|^[01]{34}$|^[01]{37}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(card, fc.integer({ min: 40, max: 500 })), { maxLength: 3 }),
        fc.nat(),
        (cards, seed) => {
          const c = new CardCollector(40);
          const edges: [0 | 1, bigint][] = [];
          let now = 0n;
          for (const [bits, pause] of cards) {
            for (const bit of bits) edges.push([bit === '1' ? 1 : 0, (now += 2n * MS)]);
            now += BigInt(pause) * MS;
          }
          const heard: string[] = [];
          // The process looks at some moments only, and takes what is there.
          for (const [i, [bit, ns]] of edges.entries()) {
            c.add(bit, ns);
            const next = edges[i + 1]?.[1] ?? now;
            if ((seed + i) % 7 === 0) heard.push(...c.take(next - 1n));
          }
          heard.push(...c.take(now + 1_000n * MS));
          expect(heard).toEqual(cards.map(([bits]) => bits));
        },
      ),
    );
  });

  it('a line that never rests takes no memory', () => {
    const c = new CardCollector(40);
    for (let i = 0n; i < 100_000n; i++) c.add(1, i * MS);
    expect(c.pending).toBeLessThanOrEqual(256);
    c.take(10_000_000n * MS);
    expect(c.pending).toBe(0);
  });
});
