import { describe, expect, it } from 'vitest';
import type { CallKind } from '../../src/secutix/limiter.js';
import { Limiter } from '../../src/secutix/limiter.js';
import { FakeClock } from '../support/fake-clock.js';

function rig() {
  const clock = new FakeClock();
  const store = { load: () => undefined, save: async () => {} };
  const limiter = new Limiter({ callsPerMinute: 10, exportEveryMs: 60_000 }, { clock, random: () => 0.5, store });
  const order: CallKind[] = [];
  const life = new AbortController();
  /** Asks again as soon as it was let through, as a long backlog does. */
  const endless = async (kind: CallKind): Promise<void> => {
    for (;;) {
      await limiter.acquire(kind, { signal: life.signal });
      order.push(kind);
    }
  };
  const start = (kind: CallKind): void => void endless(kind).catch(() => undefined);
  return { clock, order, start, end: () => life.abort(new Error('the test is over')) };
}

describe('the budget that push, pull and queries share', () => {
  it('goes to the push first, and leaves the others their part while a backlog is sent', async () => {
    const { clock, order, start, end } = rig();
    for (const kind of ['push', 'pull', 'query'] as const) start(kind);
    await clock.advance(5 * 60_000);
    end();
    const share = (kind: CallKind): number => order.filter((k) => k === kind).length / order.length;
    expect(order[0]).toBe('push');
    expect(share('push')).toBeGreaterThan(share('pull'));
    for (const kind of ['pull', 'query'] as const) expect(share(kind)).toBeGreaterThan(0.1);
  });

  it('takes nothing from a push that is alone', async () => {
    const { clock, order, start, end } = rig();
    start('push');
    await clock.advance(60_000);
    end();
    expect(order.length).toBeGreaterThanOrEqual(10);
  });
});
