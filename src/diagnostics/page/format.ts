import { gate } from './api.js';
import { language } from './i18n.js';

/** Times are those of the place, not of the phone. */
export const clockTime = (at: number): string =>
  new Intl.DateTimeFormat(language, { timeStyle: 'medium', timeZone: gate.timeZone }).format(at);
export const dateTime = (at: number): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: gate.timeZone }).format(at);
/** A day counted from 1970. */
export const dayText = (day: number): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(day * 86_400_000);
export const number = (n: number, digits = 0): string =>
  new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(n);

const unit = (n: number, name: string): string =>
  new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 1 }).format(
    n,
  );

/** 45 -> `45 sec`, 14,520,000 -> `4 hr 2 min`; a negative one is none. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return unit(s, 'second');
  if (s < 7200) return unit(Math.round(s / 60), 'minute');
  const hours = Math.floor(s / 3600);
  if (hours < 48) return `${unit(hours, 'hour')} ${unit(Math.floor((s % 3600) / 60), 'minute')}`;
  return `${unit(Math.floor(hours / 24), 'day')} ${unit(hours % 24, 'hour')}`;
}
export function bytes(n: number): string {
  if (n < 1e9) return unit(Math.round(n / 1e6), 'megabyte');
  return unit(n / 1e9, 'gigabyte');
}
export const millis = (ms: number): string => unit(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms), 'millisecond');
export const celsius = (d: number): string => unit(d, 'celsius');
