/** Time as everybody receives it: wall clock and monotonic clock, both in milliseconds, and a cancellable wait. */
export interface Clock {
  /** UTC, milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary start, with fractions. Never jumps. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (it never rejects: the caller looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** How another thread makes the same clock; absent: it takes the system's. */
  readonly spec?: ClockSpec;
}

/** A clock that runs faster than the world, and whose wall clock can be set: for tests of whole days. */
export interface ClockSpec {
  /** Its seconds in a second. */
  scale: number;
  /** UTC milliseconds of the world when it started. */
  since: number;
  /** One 64-bit float: milliseconds that its wall clock was set ahead. */
  ahead: SharedArrayBuffer;
}

export function scaledClock(spec: ClockSpec): Clock {
  const ahead = new Float64Array(spec.ahead);
  const world = (): number => performance.timeOrigin + performance.now();
  const elapsed = (): number => (world() - spec.since) * spec.scale;
  return {
    spec,
    now: () => Math.round(spec.since + elapsed() + (ahead[0] as number)),
    monotonic: elapsed,
    sleep: (ms, signal) => systemClock.sleep(ms / spec.scale, signal),
  };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/**
 * Aborts with `signal`, or after `ms`. Node 20 forgets an `AbortSignal.timeout` that only `AbortSignal.any` holds when it collects garbage, and
 * the deadline never comes; a timer is not forgotten.
 */
export function within(ms: number, signal: AbortSignal): AbortSignal {
  const over = new AbortController();
  setTimeout(() => over.abort(new DOMException(`nothing within ${ms} ms`, 'TimeoutError')), ms).unref();
  return AbortSignal.any([signal, over.signal]);
}

/** Source of randomness, 0 <= x < 1. */
export type Random = () => number;

/** Small seeded generator (mulberry32), for simulators and tests that must repeat. */
export function seededRandom(seed: number): Random {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
