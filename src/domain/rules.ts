import type { Direction } from './records.js';
import type { Reason } from './reasons.js';
import type { Ticket } from './ticket.js';
import type { Usage } from './usage.js';
import { survey } from './survey.js';

/** What a lane admits; an absent list means "any". */
export interface LaneRules {
  lane: string;
  direction: Direction;
  products?: readonly string[];
  performances?: readonly string[];
  entrances?: readonly string[];
}

export interface RuleContext {
  ticket: Ticket;
  usage: Usage;
  lane: LaneRules;
  slot: string;
  /** UTC milliseconds. */
  now: number;
}

export interface Rule {
  name: string;
  /** Undefined = nothing against it. */
  refuses: (context: RuleContext) => Reason | undefined;
}

const outside = (value: string | undefined, allowed: readonly string[] | undefined): boolean =>
  allowed !== undefined && value !== undefined && !allowed.includes(value);

/**
 * First refusal wins; the order is the README's table. A fact that the export leaves out switches its rule off
 * (SecuTix: an institution may trim any field but the barcode), except the state, which fails closed.
 * Exits are counted and never refused for use or time.
 */
export const RULES: readonly Rule[] = [
  { name: 'state is readable', refuses: ({ ticket }) => (ticket.state === 'UNREADABLE' ? 'unreadable' : undefined) },
  { name: 'not cancelled', refuses: ({ ticket }) => (ticket.state === 'CANCELLED' ? 'cancelled' : undefined) },
  {
    name: 'product and performance are admitted here',
    refuses: ({ ticket, lane }) =>
      outside(ticket.product, lane.products) || outside(ticket.performance, lane.performances)
        ? 'wrong-event'
        : undefined,
  },
  {
    name: 'entrance is admitted here',
    refuses: ({ ticket, lane }) => (outside(ticket.entrance, lane.entrances) ? 'wrong-entrance' : undefined),
  },
  {
    name: 'validity has begun',
    refuses: ({ ticket, lane, now }) =>
      lane.direction === 'entry' && ticket.validFrom !== undefined && now < ticket.validFrom ? 'too-early' : undefined,
  },
  {
    name: 'validity has not ended',
    refuses: ({ ticket, lane, now }) =>
      lane.direction === 'entry' && ticket.validTo !== undefined && now > ticket.validTo ? 'too-late' : undefined,
  },
  {
    name: 'single entry',
    refuses: ({ usage, slot, lane }) =>
      lane.direction === 'entry' && survey(usage, { slot, dayStart: 0 }).inSlot > 0 ? 'already-used' : undefined,
  },
];
