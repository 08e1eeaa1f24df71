/** The venue's time zone, exact across changes of the clock. Built on `Intl`; every year is worked out once. */
export interface Zone {
  name: string;
  /** Milliseconds to add to UTC at a moment. */
  offsetAt(t: number): number;
  /**
   * First moment at which the clock on the wall shows this time or a later one. A time that is skipped in spring is the moment after the
   * gap, one that comes twice in autumn is the first of the two.
   */
  momentOf(day: number, minuteOfDay: number): number;
  local(t: number): LocalTime;
}

export interface LocalTime {
  /** Days since 1970-01-01 on the wall calendar. */
  day: number;
  minuteOfDay: number;
  /** 1 = Monday. */
  weekday: number;
  /** `2026-07-01` and `18:30`. */
  date: string;
  time: string;
}

/** Days that begin when the venue says so: a night that ends at 05:00 belongs to the evening before. */
export interface ServiceDays {
  zone: Zone;
  /** Minutes after midnight at which a day begins. */
  startsAt: number;
  dayOf(t: number): number;
  /** UTC milliseconds of the day's first moment. */
  startOf: (day: number) => number;
}

export const MINUTE = 60_000;
export const DAY = 86_400_000;

interface Segment {
  from: number;
  to: number;
  offset: number;
}

export function zoneOf(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  });
  const ask = (t: number): number => {
    const parts: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(t)) parts[type] = value;
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
    const at = new Date(0);
    at.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
    at.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
    return at.getTime() - Math.floor(t / 1000) * 1000;
  };

  const years = new Map<number, Segment[]>();
  const segmentsOf = (year: number): Segment[] => {
    const known = years.get(year);
    if (known) return known;
    if (years.size > 60) years.clear();
    const [begin, end] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
    const segments: Segment[] = [{ from: begin, to: end, offset: ask(begin) }];
    for (let t = begin; t < end; t += DAY) {
      const last = segments.at(-1) as Segment;
      const next = Math.min(t + DAY, end - 1);
      const offset = ask(next);
      if (offset === last.offset) continue;
      // The change is between t and next: halve the span down to the second.
      let [low, high] = [t, next];
      while (high - low > 1000) {
        const middle = Math.floor((low + high) / 2000) * 1000;
        if (middle <= low) break;
        if (ask(middle) === last.offset) low = middle;
        else high = middle;
      }
      last.to = high;
      segments.push({ from: high, to: end, offset });
    }
    years.set(year, segments);
    return segments;
  };
  let recent: Segment = { from: 0, to: 0, offset: 0 };
  const offsetAt = (t: number): number => {
    if (t >= recent.from && t < recent.to) return recent.offset;
    const safe = Math.min(Math.max(t, -8e14), 8e14);
    const segments = segmentsOf(new Date(safe).getUTCFullYear());
    recent = segments.find((s) => safe < s.to) ?? (segments.at(-1) as Segment);
    return recent.offset;
  };

  const momentOf = (day: number, minuteOfDay: number): number => {
    const wall = day * DAY + minuteOfDay * MINUTE;
    const before = offsetAt(wall - DAY);
    const after = offsetAt(wall + DAY);
    if (offsetAt(wall - before) === before) return wall - before;
    if (offsetAt(wall - after) === after) return wall - after;
    // Skipped: the change itself.
    let [low, high] = [wall - after, wall - before];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  };

  const local = (t: number): LocalTime => {
    const wall = t + offsetAt(t);
    const day = Math.floor(wall / DAY);
    const minuteOfDay = Math.floor((wall - day * DAY) / MINUTE);
    const iso = new Date(wall).toISOString();
    const cut = iso.indexOf('T');
    return {
      day,
      minuteOfDay,
      weekday: weekdayOf(day),
      date: iso.slice(0, cut),
      time: iso.slice(cut + 1, cut + 6),
    };
  };
  return { name, offsetAt, momentOf, local };
}

/** 1970-01-01 was a Thursday. */
export const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** `2026-07-01` as a day number. */
export function dayNumber(date: string): number {
  return Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / DAY;
}
export const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);

/** `18:30` as minutes. */
export const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/** Days that are worked out once and kept: 2015 to 2059. Counting the days of 500 entries must not cost 500 calculations. */
const KEPT_FROM = 16_436;
const KEPT = 16_384;

export function serviceDays(zone: Zone, startsAt: number): ServiceDays {
  const starts = new Float64Array(KEPT).fill(NaN);
  const startOf = (day: number): number => {
    const known = starts[day - KEPT_FROM];
    // NaN: not worked out yet; undefined: outside of what is kept.
    if (known !== undefined && known === known) return known;
    const start = zone.momentOf(day, startsAt);
    if (known !== undefined) starts[day - KEPT_FROM] = start;
    return start;
  };
  const dayOf = (t: number): number => {
    // Right but for hours around a change of the clock.
    let day = Math.floor((t + zone.offsetAt(t) - startsAt * MINUTE) / DAY);
    while (t < startOf(day)) day--;
    while (t >= startOf(day + 1)) day++;
    return day;
  };
  return { zone, startsAt, dayOf, startOf };
}
