import { countDays, entriesKept } from './entry-days.js';
import type { Direction } from './records.js';
import { countSince } from './survey.js';
import type { Usage } from './usage.js';
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
  doubtfulToday: boolean;
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
        return this.#entries();
      case 'entriesToday':
        return countSince(this.#p.usage, days.startOf(today), undefined, this.#p.doubtfulToday);
      case 'exits':
        return exitsKept(this.#p.usage) + this.#p.usage.older.exits;
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
        return countSince(this.#p.usage, at);
      case 'entriesBefore':
        return this.#entries() - countSince(this.#p.usage, at);
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

  #entries(): number {
    return entriesKept(this.#p.usage) + this.#p.usage.older.entries;
  }

  #entryDays(from: number, before: number): number {
    return countDays(this.#p.usage, this.#p.days, { from, before });
  }

  #firstEntry(): number | undefined {
    const { sums, older } = this.#p.usage;
    if (sums.firstAt === 0 || older.from === 0) return sums.firstAt || older.from || undefined;
    return Math.min(sums.firstAt, older.from);
  }

  /** UTC milliseconds of the last entry or exit in the order of movements. */
  #last(exit: boolean): number | undefined {
    const index = lastIndex(this.#p.usage, exit);
    return index < 0 ? undefined : this.#p.usage.at[index];
  }

  #inside(): boolean {
    return lastIndex(this.#p.usage, false) > lastIndex(this.#p.usage, true);
  }

  #minutesSince(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.floor((this.#p.now - at) / MINUTE);
  }
}

function exitsKept({ sums }: Usage): number {
  let sum = 0;
  for (let i = 1; i < sums.bySector.length; i += 4) sum += sums.bySector[i] as number;
  return sum;
}

function lastIndex({ sums }: Usage, exit: boolean): number {
  let last = 0;
  for (let i = exit ? 3 : 2; i < sums.bySector.length; i += 4) last = Math.max(last, sums.bySector[i] as number);
  return last - 1;
}
