const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAY = 24 * 60;

export interface Doors {
  /** 0 = Sunday; all when none is named. */
  days: readonly number[];
  /** Minutes of the day; `to` may be on the next one. */
  from: number;
  to: number;
}

/** `18:00-23:30` or `sat+sun 13:00-19:00`, as the configuration's schema lets through; an end before the start is on the next day. */
export function parseDoors(text: string): Doors {
  const [hours = '', days] = text.split(' ').reverse();
  const [from = 0, end = 0] = hours.split('-').map((time) => {
    const [h = 0, m = 0] = time.split(':').map(Number);
    return h * 60 + m;
  });
  return {
    days: days === undefined ? DAYS.map((_, i) => i) : days.split('+').map((d) => DAYS.indexOf(d)),
    from,
    to: end > from ? end : end + DAY,
  };
}

/** Whether `at` (UTC milliseconds) lies within one of the hours, as the clock on the wall of the place shows it. */
export function doorsOpen(hours: readonly Doors[], timeZone: string, at: number): boolean {
  if (hours.length === 0) return false;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string): string => parts.find((p) => p.type === type)?.value ?? '';
  const day = DAYS.indexOf(of('weekday').toLowerCase());
  const minute = Number(of('hour')) * 60 + Number(of('minute'));
  const yesterday = (day + 6) % 7;
  return hours.some(
    (h) =>
      (h.days.includes(day) && minute >= h.from && minute < h.to) ||
      (h.days.includes(yesterday) && minute + DAY >= h.from && minute + DAY < h.to),
  );
}
