import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallKind, LimiterState } from '../../src/secutix/limiter.js';
import { Limiter } from '../../src/secutix/limiter.js';
import { FakeClock } from '../support/fake-clock.js';

function rig(callsPerMinute = 60, exportEveryMs = 60_000) {
  const clock = new FakeClock();
  let saved: LimiterState | undefined;
  const store = { load: () => saved, save: async (s: LimiterState) => void (saved = structuredClone(s)) };
  const make = () => new Limiter({ callsPerMinute, exportEveryMs }, { clock, random: () => 0.5, store });
  const calls: { at: number; kind: CallKind; runStart: boolean }[] = [];
  // What a killed process was waiting for never goes out.
  let life = new AbortController();
  setMaxListeners(100, life.signal);
  const restart = (): Limiter => {
    life.abort(new Error('killed'));
    life = new AbortController();
    setMaxListeners(100, life.signal);
    return make();
  };
  const ask = (limiter: Limiter, kind: CallKind, runStart = false): void =>
    void limiter.acquire(kind, { runStart, signal: life.signal }).then(
      () => calls.push({ at: clock.monotonic(), kind, runStart }),
      () => undefined,
    );
  return { clock, make, restart, calls, ask };
}
const most = (times: number[], window: number): number =>
  Math.max(0, ...times.map((t) => times.filter((u) => u >= t && u < t + window).length));

describe('Limiter', () => {
  it('never lets more than its number through in any minute, nor two runs within one, restarts and clock steps included', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('ask' as const),
        kind: fc.constantFrom<CallKind>('push', 'pull', 'query'),
        run: fc.boolean(),
        n: fc.integer({ min: 1, max: 15 }),
      }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 45_000 }) }),
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({ do: fc.constant('clock' as const), ms: fc.integer({ min: -7_200_000, max: 0 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { clock, make, restart, calls, ask } = rig(10);
        let limiter = make();
        for (const s of steps) {
          if (s.do === 'ask') for (let i = 0; i < s.n; i++) ask(limiter, s.kind, s.run && i === 0);
          else if (s.do === 'wait') await clock.advance(s.ms);
          else if (s.do === 'clock') clock.wall += s.ms;
          else limiter = restart();
        }
        await clock.advance(600_000);
        expect(
          most(
            calls.map((c) => c.at),
            60_000,
          ),
        ).toBeLessThanOrEqual(10);
        expect(
          most(
            calls.filter((c) => c.runStart).map((c) => c.at),
            60_000,
          ),
        ).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });

  it('two calls after a quiet time go at once, then one a second: a push before a pull before a query', async () => {
    const { clock, make, calls, ask } = rig();
    const limiter = make();
    ask(limiter, 'query');
    ask(limiter, 'query');
    await clock.advance(0);
    expect(calls).toHaveLength(2);
    for (const kind of ['query', 'pull', 'push'] as const) ask(limiter, kind);
    await clock.advance(1_000);
    expect(calls).toHaveLength(2);
    await clock.advance(4_000);
    expect(calls.map((c) => c.kind)).toEqual(['query', 'query', 'push', 'pull', 'query']);
  });

  it('a run that waits for its minute does not hold up a push', async () => {
    const { clock, make, calls, ask } = rig();
    const limiter = make();
    ask(limiter, 'pull', true);
    await clock.advance(2_000);
    ask(limiter, 'pull', true);
    ask(limiter, 'push');
    await clock.advance(2_000);
    expect(calls.map((c) => c.kind)).toEqual(['pull', 'push']);
    await clock.advance(60_000);
    expect(calls).toHaveLength(3);
  });

  it('after "too many calls" nothing goes for a minute, then two; an aborted wait uses nothing up', async () => {
    const { clock, make, calls, ask } = rig();
    const limiter = make();
    limiter.penalise();
    const abort = new AbortController();
    const aborted = limiter.acquire('push', { signal: abort.signal }).catch((e: unknown) => e);
    ask(limiter, 'push');
    await clock.advance(59_000);
    abort.abort(new Error('stopping'));
    expect(await aborted).toMatchObject({ message: 'stopping' });
    expect(calls).toHaveLength(0);
    await clock.advance(14_000);
    expect(calls).toHaveLength(1);
    limiter.penalise();
    ask(limiter, 'push');
    await clock.advance(119_000);
    expect(calls).toHaveLength(1);
  });
});
