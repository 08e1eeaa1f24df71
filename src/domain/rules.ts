import type { Context } from './context.js';
import type { Reason } from './reasons.js';
import { entriesOf } from './rulebook.js';
import { weekdayOf } from './zone.js';

export type RuleName = (typeof RULE_NAMES)[number];
export const RULE_NAMES = [
  'state',
  'not-cancelled',
  'not-black-listed',
  'no-specimen',
  'event',
  'entrance',
  'opens',
  'closes',
  'day',
  'entries',
  'entries-in-all',
  'entries-per-day',
  'days',
  'interval',
  'exited',
  'inside',
  'condition',
] as const;

export interface Rule {
  name: RuleName;
  /** Undefined = nothing against it. */
  refuses: (c: Context) => Reason | undefined;
  /** Whether anything is configured or known that this rule could look at; for explanations. */
  applies: (c: Context) => boolean;
}

export const outside = (value: string | undefined, allowed: readonly string[] | undefined): boolean =>
  allowed !== undefined && value !== undefined && !allowed.includes(value);

/** Entries and not a people counter: where dates, counts and conditions count. */
const counts = (c: Context): boolean => c.m.isEntry && !c.rules.counter;
const usedUp = (limit: number): Reason => (limit === 1 ? 'already-used' : 'entries-exhausted');

/**
 * First refusal wins; the order is the README's table. A fact that the export leaves out switches its rule off
 * (SecuTix: an institution may trim any field but the barcode), except the state, which fails closed.
 * Exits are counted and never refused for use or time.
 */
export const RULES: readonly Rule[] = [
  {
    name: 'state',
    refuses: ({ ticket }) => (ticket.state === 'UNREADABLE' ? 'unreadable' : undefined),
    applies: () => true,
  },
  {
    name: 'not-cancelled',
    refuses: ({ ticket }) => (ticket.state === 'CANCELLED' ? 'cancelled' : undefined),
    applies: () => true,
  },
  {
    name: 'not-black-listed',
    refuses: ({ ticket, usage, m }) =>
      m.isEntry && (ticket.blocked ?? usage.blocked) !== undefined ? 'black-listed' : undefined,
    applies: ({ m }) => m.isEntry,
  },
  {
    name: 'no-specimen',
    refuses: ({ ticket, m }) => (m.isEntry && ticket.specimen ? 'specimen' : undefined),
    applies: ({ m }) => m.isEntry,
  },
  { name: 'event', refuses: wrongEvent, applies: () => true },
  {
    name: 'entrance',
    refuses: ({ ticket, rules, m }) =>
      outside(ticket.entrance, m.lane.entrances) ||
      (rules.sectors && outside(m.lane.sector, Object.keys(rules.sectors)))
        ? 'wrong-entrance'
        : undefined,
    applies: ({ ticket, rules, m }) =>
      (m.lane.entrances !== undefined && ticket.entrance !== undefined) ||
      (m.lane.sector !== undefined && rules.sectors !== undefined),
  },
  {
    name: 'opens',
    refuses: (c) => {
      if (!c.m.isEntry) return undefined;
      if (c.rules.from !== undefined && c.m.today < c.rules.from) return 'too-early';
      if (c.rules.counter) return undefined;
      const { opens } = c.window;
      return opens !== undefined && c.m.now < opens ? 'too-early' : undefined;
    },
    applies: (c) => c.m.isEntry && (c.rules.from !== undefined || (!c.rules.counter && c.window.opens !== undefined)),
  },
  {
    name: 'closes',
    refuses: (c) => {
      if (!c.m.isEntry) return undefined;
      if (c.rules.to !== undefined && c.m.today > c.rules.to) return 'too-late';
      if (c.rules.counter) return undefined;
      const { closes } = c.window;
      if (closes !== undefined && c.m.now > closes) return 'too-late';
      const last = lastDay(c);
      return last !== undefined && c.m.today > last ? 'too-late' : undefined;
    },
    applies: (c) =>
      c.m.isEntry &&
      (c.rules.to !== undefined || (!c.rules.counter && (c.window.closes !== undefined || lastDay(c) !== undefined))),
  },
  {
    name: 'day',
    refuses: (c) => {
      if (!c.m.isEntry) return undefined;
      const { dates, weekdays, consecutive, counter } = c.rules;
      const { today } = c.m;
      if (dates && !dates.includes(today)) return 'wrong-day';
      if (weekdays && !weekdays.includes(weekdayOf(today))) return 'wrong-day';
      if (!consecutive || counter) return undefined;
      return c.lastDay !== -Infinity && today > c.lastDay + 1 ? 'wrong-day' : undefined;
    },
    applies: ({ m, rules }) =>
      m.isEntry && (rules.dates !== undefined || rules.weekdays !== undefined || (rules.consecutive && !rules.counter)),
  },
  {
    name: 'entries',
    refuses: (c) => {
      if (!counts(c)) return undefined;
      const limit = entriesOf(c.limits);
      if (limit === Infinity) return undefined;
      return c.survey.inSlot >= limit * c.persons ? usedUp(limit * c.persons) : undefined;
    },
    applies: (c) => counts(c) && entriesOf(c.limits) !== Infinity,
  },
  {
    name: 'entries-in-all',
    refuses: (c) => {
      const limit = c.limits.entriesInAll;
      if (limit === undefined || limit === Infinity || !counts(c)) return undefined;
      return c.survey.entries >= limit * c.persons ? usedUp(limit * c.persons) : undefined;
    },
    applies: (c) => counts(c) && c.limits.entriesInAll !== undefined && c.limits.entriesInAll !== Infinity,
  },
  {
    name: 'entries-per-day',
    refuses: (c) => {
      const limit = c.limits.entriesPerDay;
      if (limit === undefined || limit === Infinity || !counts(c)) return undefined;
      return c.survey.today >= limit * c.persons ? usedUp(limit * c.persons) : undefined;
    },
    applies: (c) => counts(c) && c.limits.entriesPerDay !== undefined && c.limits.entriesPerDay !== Infinity,
  },
  {
    name: 'days',
    refuses: (c) => {
      const limit = c.rules.days;
      if (limit === undefined || !counts(c)) return undefined;
      // A further entry on a day that is counted already. One in the future was made today, before the clock was put back.
      if (c.lastDay >= c.m.today) return undefined;
      return c.hasDays(limit) ? 'entries-exhausted' : undefined;
    },
    applies: (c) => counts(c) && c.rules.days !== undefined,
  },
  {
    name: 'interval',
    refuses: (c) => {
      const at = nextEntryAt(c);
      return at !== undefined && c.m.now < at ? 'too-soon' : undefined;
    },
    applies: (c) => counts(c) && c.rules.betweenEntries !== undefined && c.persons === 1,
  },
  {
    name: 'exited',
    refuses: (c) => (c.rules.antiPassback === 'hard' && isStillInside(c) ? 'not-exited' : undefined),
    applies: (c) => counts(c) && c.rules.antiPassback !== 'off' && c.persons === 1,
  },
  {
    name: 'inside',
    refuses: (c) => {
      if (c.rules.counter) return undefined;
      if (c.m.isEntry) return c.m.lane.behind !== undefined && !c.survey.insideBehind ? 'not-inside' : undefined;
      return c.rules.antiPassback === 'hard' && !c.m.lane.venue && leavesWithoutEntry(c) ? 'not-inside' : undefined;
    },
    applies: (c) =>
      !c.rules.counter &&
      (c.m.isEntry ? c.m.lane.behind !== undefined : c.rules.antiPassback !== 'off' && c.persons === 1),
  },
  {
    name: 'condition',
    refuses: (c) => (c.rules.condition && counts(c) && !c.rules.condition.test(c.facts).met ? 'condition' : undefined),
    applies: (c) => counts(c) && c.rules.condition !== undefined,
  },
];

/** The ticket is for what is admitted at this lane now. */
export const isForHere = (c: Context): boolean => wrongEvent(c) === undefined;

function wrongEvent(c: Context): Reason | undefined {
  const { ticket, m, rules } = c;
  if (!rules.enabled || outside(ticket.product, m.lane.products)) return 'wrong-event';
  if (!m.auto) return outside(ticket.performance, m.performances) ? 'wrong-event' : undefined;
  if (!m.isEntry) return undefined;
  // Automatic: a performance of the programme is judged by its time (`opens`, `closes`), another one is not on here.
  if (ticket.performance !== undefined)
    return m.facts.schedule?.window(ticket.performance) === undefined ? 'wrong-event' : undefined;
  return m.performances?.length === 0 ? 'wrong-event' : undefined;
}

/** Last service day by the days it may be used from its beginning or from the first entry. */
export function lastDay(c: Context): number | undefined {
  const { expiresAfter, expiresAfterFirstEntry, from, ticketDates } = c.rules;
  let last: number | undefined;
  if (expiresAfter !== undefined) {
    const { validFrom } = c.ticket;
    const begins = ticketDates && validFrom !== undefined ? c.m.book.days.dayOf(validFrom) : from;
    if (begins !== undefined) last = begins + expiresAfter - 1;
  }
  if (expiresAfterFirstEntry !== undefined && c.survey.firstAt !== 0) {
    const end = c.m.book.days.dayOf(c.survey.firstAt) + expiresAfterFirstEntry - 1;
    last = last === undefined ? end : Math.min(last, end);
  }
  return last;
}

/** UTC milliseconds from which the next entry is allowed; undefined = no such rule, or no entry yet. */
export function nextEntryAt(c: Context): number | undefined {
  const least = c.rules.betweenEntries;
  if (least === undefined || !counts(c) || c.persons > 1 || c.survey.lastEntry < 0) return undefined;
  return (c.usage.at[c.survey.lastEntry] as number) + least;
}

/** UTC milliseconds from which a missing exit is forgiven; undefined = never, or nobody is inside. */
export function forgivenAt(c: Context): number | undefined {
  const { forgiveAfter } = c.rules;
  if (forgiveAfter === undefined || !c.survey.inside) return undefined;
  return (c.usage.at[c.survey.lastEntry] as number) + forgiveAfter;
}

export function isStillInside(c: Context): boolean {
  if (c.rules.antiPassback === 'off' || !counts(c) || c.persons > 1 || !c.survey.inside) return false;
  const forgiven = forgivenAt(c);
  return forgiven === undefined || c.m.now < forgiven;
}

export function leavesWithoutEntry(c: Context): boolean {
  return !c.m.isEntry && c.rules.antiPassback !== 'off' && !c.rules.counter && c.persons === 1 && !c.survey.inside;
}
