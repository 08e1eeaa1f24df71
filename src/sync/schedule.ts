import type { Random } from '../clock.js';

/** Failures wait at least this long, milliseconds, doubling up to the normal interval. */
const FIRST_RETRY = 5_000;

/**
 * Milliseconds until the next run. Jitter of a tenth keeps gates that started together from calling together; after
 * failures the wait doubles, up to the normal interval, or a minute where that is shorter.
 */
export function nextDelay(every: number, failures: number, random: Random): number {
  const ceiling = Math.max(every, 60_000);
  const base =
    failures === 0
      ? every
      : Math.min(ceiling, Math.max(Math.min(every, FIRST_RETRY), FIRST_RETRY * 2 ** (failures - 1)));
  return Math.round(base * (0.9 + 0.2 * random()));
}
