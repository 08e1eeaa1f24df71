import type { ConditionFacts } from './condition.js';
import type { Performance } from './programme.js';
import type { Direction } from './records.js';
import type { Language } from './reasons.js';
import type { ServiceDays } from './zone.js';
import { serviceDays, zoneOf } from './zone.js';

/** What a product allows. Times are milliseconds, days are service days; an absent rule is off. */
export interface ProductRules {
  enabled: boolean;
  /** First and last day, as day numbers. */
  from?: number;
  to?: number;
  /** Only these days. */
  dates?: readonly number[];
  /** 1 = Monday. */
  weekdays?: readonly number[];
  /** The ticket's own dates hold (unless a window replaces them). */
  ticketDates: boolean;
  /** Access opens this long before the start of the performance, or of the ticket's validity. */
  opensBefore?: number;
  /** Access closes this long after the start or the end. */
  closesAfter?: number;
  closesFrom: 'start' | 'end';
  /** Days it can be used from the start of its validity, the first included; from its first entry. */
  expiresAfter?: number;
  expiresAfterFirstEntry?: number;
  /** Number of different days. */
  days?: number;
  /** These days must follow each other. */
  consecutive: boolean;
  /** Entries a performance; absent = once, or unlimited when another count is given. `Infinity` = unlimited. */
  entries?: number;
  entriesPerDay?: number;
  entriesInAll?: number;
  /** Sectors it gives access to, with limits of their own; absent = all. */
  sectors?: Readonly<Record<string, SectorRules>>;
  /** One count over all sectors instead of one for each. */
  sectorsTogether: boolean;
  /** Least time between two entries. */
  betweenEntries?: number;
  antiPassback: 'off' | 'soft' | 'hard';
  /** After this time a missing exit is forgiven. */
  forgiveAfter?: number;
  /** People are counted, nothing else is looked at but calendar, sector and state. */
  counter: boolean;
  /** One code for several persons. */
  group: 'off' | 'one-by-one' | 'batch';
  /** Admitted, and the steward should look. */
  attend: readonly Attend[];
  condition?: Condition;
}

export type SectorRules = Pick<ProductRules, 'entries' | 'entriesPerDay' | 'entriesInAll'>;

export interface Attend {
  /** Absent: tickets the export marks as reduced. */
  tariffs?: readonly string[];
  text?: Partial<Record<Language, string>>;
}

/** A JSON Logic rule, made ready when the configuration is read. Missing facts make it false. */
export interface Condition {
  source: unknown;
  test(facts: ConditionFacts): { met: boolean; missing?: string };
}

export interface Window {
  /** UTC milliseconds, both inclusive; absent = without limit. */
  opens?: number;
  closes?: number;
}

/** The programme with its windows worked out: which performances may be entered when. */
export interface Schedule {
  /** UTC milliseconds of the programme it was made from. */
  at: number;
  performance(code: string): Performance | undefined;
  /** Undefined = its time is not known. */
  window(code: string): Required<Window> | undefined;
  /** Codes of the performances that are open now. */
  open(now: number): readonly string[];
  /** UTC milliseconds of the next opening after `now`; undefined = none known. */
  nextOpening(now: number): number | undefined;
}

export interface RuleBook {
  defaults: ProductRules;
  products: ReadonlyMap<string, ProductRules>;
  days: ServiceDays;
}

/** What a lane admits; an absent list means "any". */
export interface LaneRules {
  /** One of many gates: an entry elsewhere may not be known here yet, so nobody is held back from going out for want of one. */
  venue?: true;
  lane: string;
  name?: string;
  direction: Direction;
  products?: readonly string[];
  /** `auto`: what is on by the programme's times. */
  performances?: readonly string[] | 'auto';
  entrances?: readonly string[];
  /** Where it leads; the sectors around that one; the one that one must be inside of. */
  sector?: string;
  outer?: readonly string[];
  behind?: string;
  /** Age of the ticket list, milliseconds. */
  staleList?: { warnAfter?: number; refuseAfter?: number };
  /** When the clock cannot be trusted; absent: admit. */
  doubtfulClock?: 'admit' | 'refuse';
  gate?: string;
  book?: RuleBook;
}

/** What is so at the moment of the decision, beside the ticket. Plain data. */
export interface Facts {
  /** UTC milliseconds. */
  now: number;
  /** Milliseconds since the list was last complete; absent = not known. */
  listAge?: number | undefined;
  /** `foreign`: it holds nothing this lane admits. */
  list?: 'empty' | 'foreign' | undefined;
  schedule?: Schedule | undefined;
  /** Performances a technician chose for this lane. */
  chosen?: readonly string[] | undefined;
  /** The clock is not to be trusted now. */
  doubtful?: boolean | undefined;
  /** UTC milliseconds at which it last became trustworthy again; entries before that may belong to that day. */
  trustedSince?: number | undefined;
}

export const PLAIN_RULES: ProductRules = {
  enabled: true,
  ticketDates: true,
  closesFrom: 'start',
  consecutive: false,
  sectorsTogether: false,
  antiPassback: 'off',
  counter: false,
  group: 'off',
  attend: [],
};

/** What holds where nothing is configured: the ticket's own dates, one entry a performance. */
export const PLAIN_BOOK: RuleBook = {
  defaults: PLAIN_RULES,
  products: new Map(),
  days: serviceDays(zoneOf('UTC'), 0),
};

export function rulesFor(book: RuleBook, product: string | undefined): ProductRules {
  return (product === undefined ? undefined : book.products.get(product)) ?? book.defaults;
}

/** Entries a performance when nothing is said: one, unless another count says how many. */
export function entriesOf(rules: SectorRules & Partial<Pick<ProductRules, 'days'>>): number {
  if (rules.entries !== undefined) return rules.entries;
  const counted = rules.entriesPerDay !== undefined || rules.entriesInAll !== undefined || rules.days !== undefined;
  return counted ? Infinity : 1;
}
