import type { Programme } from '../domain/programme.js';
import type { Scope } from '../domain/ticket.js';

/** Times in milliseconds. */
export interface PullSettings {
  every: number;
  duringEvent: number;
  eventBefore: number;
  eventAfter: number;
  pageSize: number;
}

/** SecuTix: never more than once a minute. */
export const PULL_FLOOR = 60_000;

export interface Window {
  /** UTC milliseconds. */
  from: number;
  to: number;
}

/** When people are admitted, by the performances that one of the scopes brings tickets of. */
export function admissionTimes(
  programme: Programme,
  scopes: readonly Scope[],
  { eventBefore, eventAfter }: Pick<PullSettings, 'eventBefore' | 'eventAfter'>,
): Window[] {
  const windows: Window[] = [];
  for (const { start, admissionStart, season, product, code } of programme.performances) {
    if (start === undefined) continue;
    const wanted = scopes.some(
      (s) =>
        (season === undefined || season === s.season) &&
        (product === undefined || s.products.length === 0 || s.products.includes(product)) &&
        (s.performances.length === 0 || s.performances.includes(code)),
    );
    if (wanted) windows.push({ from: Math.min(admissionStart ?? start - eventBefore, start), to: start + eventAfter });
  }
  return windows.sort((a, b) => a.from - b.from);
}

export interface PullPlan {
  /** UTC milliseconds of the next pull. */
  at: number;
  /** Somebody is being admitted now. */
  event: boolean;
}

/**
 * Hourly while nothing is on, by the minute while people come in, and never so far ahead that doors open in between
 * (SecuTix: on the day of an event up to one call a minute, only for the running event). `ended` is when the last pull did,
 * `stretch` what an interval is multiplied with: jitter, so that gates which started together do not call together.
 */
export function planPull(
  ended: number,
  now: number,
  windows: readonly Window[],
  settings: PullSettings,
  stretch = 1,
): PullPlan {
  const event = windows.some(({ from, to }) => now >= from && now < to);
  const interval = (event ? Math.min(settings.every, settings.duringEvent) : settings.every) * stretch;
  const doors = windows.find(({ from }) => from > now)?.from ?? Number.POSITIVE_INFINITY;
  return { at: Math.max(ended + PULL_FLOOR, Math.min(ended + Math.round(interval), doors)), event };
}
