import type { Direction } from './records.js';
import type { Usage } from './usage.js';
import { FLAG } from './usage.js';
import type { ServiceDays } from './zone.js';
import { dateOf, dayNumber, minutesOf, MINUTE } from './zone.js';

/** Names a condition may use, and what they are. The README's table and the check of the configuration come from here. */
export const CONDITION_FACTS = {
  product: 'code of the ticket’s product',
  performance: 'code of its performance',
  season: 'code of its season',
  tariff: 'code of its tariff',
  entrance: 'where its holder should enter',
  persons: 'persons it admits',
  gate: 'id of this gate',
  lane: 'id of this lane',
  sector: 'where this lane leads',
  direction: '`entry` or `exit`',
  now: 'the moment, as `2026-07-01T18:30` on the venue’s clock',
  date: 'the service day, as `2026-07-01`',
  weekday: 'of the service day, 1 = Monday',
  time: 'time of day, as `18:30`',
  minuteOfDay: 'minutes since midnight',
  entries: 'entries so far, in all',
  entriesToday: 'entries on this service day',
  exits: 'exits so far',
  entryDays: 'number of different days with an entry',
  minutesSinceFirstEntry: 'whole minutes; missing before the first entry',
  minutesSinceLastEntry: 'whole minutes; missing before the first entry',
  minutesSinceLastExit: 'whole minutes; missing before the first exit',
  inside: 'true after an entry, false after an exit or before any entry',
} as const;
export type FactName = keyof typeof CONDITION_FACTS;

/** Counts since or before a moment: `{"entriesSince": ["14:00"]}`. */
export const COUNTS = ['entriesSince', 'entriesBefore', 'entryDaysSince', 'entryDaysBefore'] as const;
/** `{"isAfter": ["start", 10]}`: now is after the moment; the tolerance in minutes widens it. */
export const COMPARISONS = ['isAfter', 'isBefore'] as const;

/** `start`, `end`, `admission`; `18:30`; `2026-07-01`; `2026-07-01T18:30`. */
export const MOMENT = /^(start|end|admission|([01]\d|2[0-3]):[0-5]\d|\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):[0-5]\d)?)$/;

/** A fact that is not known: the condition is false, and says so. */
export class MissingFact extends Error {
  readonly fact: string;
  constructor(fact: string) {
    super(`${fact} is not known`);
    this.fact = fact;
  }
}

export interface ConditionParts {
  ticket: {
    product?: string;
    performance?: string;
    season?: string;
    tariff?: string;
    entrance?: string;
    persons?: number;
  };
  usage: Usage;
  gate: string | undefined;
  lane: string;
  sector: string | undefined;
  direction: Direction;
  now: number;
  days: ServiceDays;
  today: number;
  /** UTC milliseconds of the performance (or of the ticket's validity). */
  start: number | undefined;
  end: number | undefined;
  admission: number | undefined;
}

/** What a condition is asked over. Facts are worked out when they are read. */
export class ConditionFacts {
  readonly #p: ConditionParts;
  constructor(parts: ConditionParts) {
    this.#p = parts;
  }

  /** Throws `MissingFact`. */
  fact(name: FactName): string | number | boolean {
    const value = this.#fact(name);
    if (value === undefined) throw new MissingFact(name);
    return value;
  }

  #fact(name: FactName): string | number | boolean | undefined {
    const { ticket, days, now, today } = this.#p;
    switch (name) {
      case 'product':
      case 'performance':
      case 'season':
      case 'tariff':
      case 'entrance':
        return ticket[name];
      case 'persons':
        return ticket.persons ?? 1;
      case 'gate':
      case 'lane':
      case 'sector':
      case 'direction':
        return this.#p[name];
      case 'date':
        return dateOf(today);
      case 'weekday':
        return ((((today + 3) % 7) + 7) % 7) + 1;
      case 'now': {
        const local = days.zone.local(now);
        return `${local.date}T${local.time}`;
      }
      case 'time':
        return days.zone.local(now).time;
      case 'minuteOfDay':
        return days.zone.local(now).minuteOfDay;
      case 'entries':
        return this.#count(() => true) + this.#p.usage.older.entries;
      case 'entriesToday': {
        const from = days.startOf(today);
        return this.#count((at) => at >= from);
      }
      case 'exits':
        return this.#exits();
      case 'entryDays':
        return this.#entryDays(-Infinity, Infinity);
      case 'minutesSinceFirstEntry':
        return this.#minutesSince(this.#firstEntry());
      case 'minutesSinceLastEntry':
        return this.#minutesSince(this.#last(false));
      case 'minutesSinceLastExit':
        return this.#minutesSince(this.#last(true));
      case 'inside':
        return this.#inside();
    }
  }

  count(what: (typeof COUNTS)[number], moment: string): number {
    const at = this.moment(moment);
    switch (what) {
      case 'entriesSince':
        return this.#count((t) => t >= at);
      case 'entriesBefore':
        return this.#count((t) => t < at) + this.#p.usage.older.entries;
      case 'entryDaysSince':
        return this.#entryDays(at, Infinity);
      case 'entryDaysBefore':
        return this.#entryDays(-Infinity, at);
    }
  }

  compare(what: (typeof COMPARISONS)[number], moment: string, toleranceMinutes: number): boolean {
    const at = this.moment(moment);
    const tolerance = toleranceMinutes * MINUTE;
    return what === 'isAfter' ? this.#p.now >= at - tolerance : this.#p.now <= at + tolerance;
  }

  /** UTC milliseconds. A time of day is that of the current service day. Throws `MissingFact`. */
  moment(text: string): number {
    const { days, today, start, end, admission } = this.#p;
    if (text === 'start' || text === 'end' || text === 'admission') {
      const at = { start, end, admission }[text];
      if (at === undefined) throw new MissingFact(text);
      return at;
    }
    if (text.length === 5) {
      const minutes = minutesOf(text);
      // Past midnight still belongs to the evening before.
      return days.zone.momentOf(minutes < days.startsAt ? today + 1 : today, minutes);
    }
    if (text.length === 10) return days.startOf(dayNumber(text));
    return days.zone.momentOf(dayNumber(text), minutesOf(text.slice(11)));
  }

  /** What an explanation shows. */
  known(name: FactName): string | number | boolean | undefined {
    return this.#fact(name);
  }

  #count(wanted: (at: number) => boolean): number {
    const { at, flags } = this.#p.usage;
    let n = 0;
    for (let i = 0; i < at.length; i++)
      if (((flags[i] as number) & (FLAG.exit | FLAG.void)) === 0 && wanted(at[i] as number)) n++;
    return n;
  }

  #exits(): number {
    let n = this.#p.usage.older.exits;
    for (const f of this.#p.usage.flags) if ((f & (FLAG.exit | FLAG.void)) === FLAG.exit) n++;
    return n;
  }

  #entryDays(from: number, before: number): number {
    return countDays(this.#p.usage, this.#p.days, from, before).days;
  }

  #firstEntry(): number | undefined {
    const { at, flags, older } = this.#p.usage;
    let first = older.from === 0 ? undefined : older.from;
    for (let i = 0; i < at.length; i++)
      if (((flags[i] as number) & (FLAG.exit | FLAG.void)) === 0 && (first === undefined || (at[i] as number) < first))
        first = at[i];
    return first;
  }

  #last(exit: boolean): number | undefined {
    const { at, flags } = this.#p.usage;
    for (let i = at.length - 1; i >= 0; i--)
      if (((flags[i] as number) & (FLAG.exit | FLAG.void)) === (exit ? FLAG.exit : 0)) return at[i];
    return undefined;
  }

  #inside(): boolean {
    const { flags } = this.#p.usage;
    for (let i = flags.length - 1; i >= 0; i--)
      if (((flags[i] as number) & FLAG.void) === 0) return ((flags[i] as number) & FLAG.exit) === 0;
    return false;
  }

  #minutesSince(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.floor((this.#p.now - at) / MINUTE);
  }
}

/**
 * Different service days with an entry in [from, before), and the newest of them (-Infinity = none). In order of time each day is looked
 * at once; after a jump of the clock a set sorts it out.
 */
export function countDays(
  usage: Usage,
  days: ServiceDays,
  from = -Infinity,
  before = Infinity,
): { days: number; last: number } {
  const { at, flags } = usage;
  let count = 0;
  let last = -Infinity;
  let start = -Infinity;
  let end = -Infinity;
  for (let i = 0; i < at.length; i++) {
    if (((flags[i] as number) & (FLAG.exit | FLAG.void)) !== 0) continue;
    const t = at[i] as number;
    if (t < from || t >= before) continue;
    if (t < start) return countDaysInDisorder(usage, days, from, before);
    if (t < end) continue;
    // Most entries are on the next days: a few steps find them.
    let day = last === -Infinity ? days.dayOf(t) : last + 1;
    if (last !== -Infinity && t >= days.startOf(day + 1)) day = t >= days.startOf(day + 2) ? days.dayOf(t) : day + 1;
    last = day;
    start = days.startOf(day);
    end = days.startOf(day + 1);
    count++;
  }
  return { days: count, last };
}

function countDaysInDisorder(usage: Usage, days: ServiceDays, from: number, before: number) {
  const set = new Set<number>();
  usage.at.forEach((t, i) => {
    const counts = ((usage.flags[i] as number) & (FLAG.exit | FLAG.void)) === 0;
    if (counts && t >= from && t < before) set.add(days.dayOf(t));
  });
  return { days: set.size, last: Math.max(-Infinity, ...set) };
}
