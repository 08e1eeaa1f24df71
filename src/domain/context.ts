import { ConditionFacts } from './condition.js';
import { countDays, entriesKept, newestEntry } from './entry-days.js';
import type { Performance } from './programme.js';
import type { Facts, LaneRules, ProductRules, RuleBook, SectorRules, Window } from './rulebook.js';
import { entriesOf, PLAIN_BOOK, rulesFor } from './rulebook.js';
import type { SharedUse, Limit } from './shared.js';
import type { Survey } from './survey.js';
import { survey } from './survey.js';
import type { Ticket } from './ticket.js';
import type { Usage } from './usage.js';
import { COUNTED_IN, slotOf } from './usage.js';

export interface Candidate {
  ticket: Ticket;
  usage: Usage;
}

/** What all candidates of one decision share. */
export interface Moment {
  lane: LaneRules;
  facts: Facts;
  book: RuleBook;
  now: number;
  /** Service day, and its first moment. */
  today: number;
  dayStart: number;
  isEntry: boolean;
  /** Entries made while the clock was wrong may have been today: it still is, or became right today. */
  doubtfulToday: boolean;
  /** What the lane admits now; undefined = any. */
  performances: readonly string[] | undefined;
  /** By the programme's times. */
  auto: boolean;
}

export function momentOf(lane: LaneRules, facts: Facts): Moment {
  const book = lane.book ?? PLAIN_BOOK;
  const today = book.days.dayOf(facts.now);
  const isEntry = lane.direction === 'entry';
  const auto = lane.performances === 'auto' && facts.chosen === undefined;
  // Exits are never refused for time reasons, and what is on is one.
  const open = auto && isEntry ? (facts.schedule?.open(facts.now) ?? []) : undefined;
  const dayStart = book.days.startOf(today);
  const fixed = facts.chosen ?? (lane.performances === 'auto' ? open : lane.performances);
  return {
    lane,
    facts,
    book,
    now: facts.now,
    today,
    dayStart,
    isEntry,
    doubtfulToday: facts.doubtful === true || (facts.trustedSince ?? -Infinity) >= dayStart,
    performances: fixed,
    auto,
  };
}

/** One candidate at one moment: what rules look at. Costly facts are worked out once, when first asked for. */
export class Context {
  readonly ticket: Ticket;
  readonly usage: Usage;
  readonly m: Moment;
  readonly rules: ProductRules;
  readonly slot: string;
  readonly performance: Performance | undefined;
  #survey: Survey | undefined;
  #window: Window | undefined;
  #lastDay: number | undefined;

  constructor(candidate: Candidate, m: Moment) {
    this.ticket = candidate.ticket;
    this.usage = candidate.usage;
    this.m = m;
    this.rules = rulesFor(m.book, candidate.ticket.product);
    const { performance } = candidate.ticket;
    this.slot = this.rules.counter ? COUNTED_IN : slotOf(performance, m.performances);
    this.performance = performance === undefined ? undefined : m.facts.schedule?.performance(performance);
  }

  get survey(): Survey {
    return (this.#survey ??= survey(this.usage, {
      slot: this.slot,
      sector: this.rules.sectorsTogether ? undefined : this.m.lane.sector,
      outer: this.m.lane.outer,
      behind: this.m.lane.behind,
      dayStart: this.m.dayStart,
      doubtfulToday: this.m.doubtfulToday,
    }));
  }

  /** Different days with an entry so far. */
  get days(): number {
    return countDays(this.usage, this.m.book.days);
  }

  /** Whether there were as many. Fewer entries are on no more days, and are not counted for it. */
  hasDays(limit: number): boolean {
    return entriesKept(this.usage) >= limit && countDays(this.usage, this.m.book.days, { enough: limit }) >= limit;
  }

  /** The newest of them; -Infinity = none. */
  get lastDay(): number {
    if (this.#lastDay !== undefined) return this.#lastDay;
    const at = newestEntry(this.usage);
    return (this.#lastDay = at === undefined ? -Infinity : this.m.book.days.dayOf(at));
  }

  /** When access begins and ends by the performance, or by the ticket's own dates. */
  get window(): Window {
    return (this.#window ??= this.#makeWindow());
  }

  #makeWindow(): Window {
    const { ticket, rules, m } = this;
    const own: Pick<Ticket, 'validFrom' | 'validTo'> = rules.ticketDates ? ticket : {};
    const window: Window = {};
    const scheduled = ticket.performance === undefined ? undefined : m.facts.schedule?.window(ticket.performance);
    const start = this.performance?.start ?? own.validFrom;
    const end = this.performance?.end ?? own.validTo;
    if (rules.opensBefore !== undefined && start !== undefined) window.opens = start - rules.opensBefore;
    else if (m.auto && scheduled) window.opens = scheduled.opens;
    else if (own.validFrom !== undefined) window.opens = own.validFrom;
    const base = rules.closesFrom === 'end' ? end : start;
    if (rules.closesAfter !== undefined && base !== undefined) window.closes = base + rules.closesAfter;
    else if (m.auto && scheduled) window.closes = scheduled.closes;
    else if (own.validTo !== undefined) window.closes = own.validTo;
    return window;
  }

  /** Limits of the lane's sector where the product has some, otherwise the product's own. */
  get limits(): SectorRules & Pick<ProductRules, 'days'> {
    const { sector } = this.m.lane;
    const own = sector === undefined ? undefined : this.rules.sectors?.[sector];
    return own && (own.entries ?? own.entriesPerDay ?? own.entriesInAll) !== undefined ? own : this.rules;
  }

  /** Persons one code admits. */
  get persons(): number {
    return this.rules.group === 'off' ? 1 : Math.max(1, this.ticket.persons ?? 1);
  }

  /** Entries left by each count after those so far; the least of them. */
  get left(): number {
    const { persons, limits, survey: s } = this;
    return Math.min(
      entriesOf(limits) * persons - s.inSlot,
      (limits.entriesPerDay ?? Infinity) * persons - s.today,
      (limits.entriesInAll ?? Infinity) * persons - s.entries,
    );
  }

  /** What the other gates' entries must leave room for. */
  get shared(): SharedUse {
    const { persons, rules, m, slot } = this;
    const { sector } = m.lane;
    const by = rules.sectorsTogether || sector === undefined ? {} : { sector };
    const { entriesPerDay = Infinity, entriesInAll = Infinity } = this.limits;
    const all: Limit[] = [
      { max: entriesOf(this.limits) * persons, slot, ...by },
      { max: entriesPerDay * persons, day: m.today, ...by },
      { max: entriesInAll * persons, ...by },
      { max: rules.days ?? Infinity, days: true },
    ];
    // Of sectors around this one only the gate knows: whoever left one of them has left this one too.
    const strict = rules.antiPassback === 'hard' && persons === 1 && !this.survey.inside && !m.lane.outer?.length;
    const limits = rules.counter ? [] : all.filter(({ max }) => max !== Infinity);
    const outside = strict && !rules.counter ? by : undefined;
    const free = rules.counter || (limits.length === 0 && !outside && rules.days === undefined);
    return {
      day: m.today,
      ...(sector !== undefined && { sector }),
      limits,
      ...(free && { free: true as const }),
      ...(outside && { outside }),
    };
  }

  /** Facts as a condition names them. */
  get facts(): ConditionFacts {
    const { m, ticket, performance } = this;
    return new ConditionFacts({
      ticket,
      usage: this.usage,
      gate: m.lane.gate,
      lane: m.lane.lane,
      sector: m.lane.sector,
      direction: m.lane.direction,
      now: m.now,
      days: m.book.days,
      today: m.today,
      doubtfulToday: m.doubtfulToday,
      start: performance?.start ?? ticket.validFrom,
      end: performance?.end ?? ticket.validTo,
      admission: performance?.admissionStart ?? this.window.opens,
    });
  }
}
