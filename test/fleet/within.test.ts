import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { within } from '../../src/clock.js';

it('a deadline comes although nobody holds it and garbage is collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const stop = new AbortController();
  const signals = Array.from({ length: 20 }, () => within(100, stop.signal));
  const end = performance.now() + 20_000;
  while (signals.some((s) => !s.aborted) && performance.now() < end) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(signals.map((s) => (s.reason as Error | undefined)?.name)).toEqual(signals.map(() => 'TimeoutError'));
  const stopped = within(60_000, stop.signal);
  stop.abort();
  expect(stopped.aborted).toBe(true);
});
