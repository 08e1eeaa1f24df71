import type { Candidate, Moment } from './context.js';
import { Context, momentOf } from './context.js';
import type { Reason } from './reasons.js';
import type { Facts, LaneRules } from './rulebook.js';
import type { RuleName } from './rules.js';
import { isForHere, isStillInside, leavesWithoutEntry, RULES } from './rules.js';
import type { SharedUse } from './shared.js';
import type { Ticket } from './ticket.js';
import type { Movement } from './usage.js';
import { COUNTED_OUT, movementAt } from './usage.js';

export type { Candidate } from './context.js';

/** What the store knows of a credential, read from one snapshot. */
export interface Candidates {
  /** How the credential was found: as a ticket's own barcode, as a container's ID, or not at all. */
  via: 'ticket' | 'container' | 'none';
  container?: string;
  candidates: readonly Candidate[];
}

/** Admitted, and somebody should look. */
export type Notice =
  | { code: 'reduced'; tariff?: string; text?: Partial<Record<string, string>> }
  | { code: 'not-exited' }
  | { code: 'not-inside' }
  | { code: 'list-old' };

/** Rules that stand before any ticket. */
export type GateRule = 'list-age' | 'clock' | 'known';

export interface Decision {
  admitted: boolean;
  reason: Reason;
  /** The rule that refused. */
  rule?: RuleName | GateRule;
  /** The ticket that was chosen; refused: the one that came closest. */
  ticket?: Ticket;
  /** Set on an admission to an entry lane: what it uses up. */
  slot?: string;
  /** Set with `slot` at a gate of a venue: what must hold at all its gates together. */
  shared?: SharedUse;
  /** With a refusal for use: when and where it was used last. */
  used?: Movement;
  notices?: readonly Notice[];
  /** A group that enters together: persons who may follow on the same code. */
  following?: number;
}

/** One candidate judged. */
export interface Verdict {
  context: Context;
  /** Index of the rule that refused; RULES.length = none. */
  passedRules: number;
  reason: Reason;
}

/** Collects what a decision looked at; without one nothing is collected. */
export type Trace = (verdict: Verdict) => void;

/**
 * Decides on one credential at one lane. Pure: no clock, no I/O; the same input gives the same decision years later.
 * Of a container's tickets the admissible one with the earliest end of validity is taken, then the lowest barcode
 * (SecuTix: the access control must pick the valid ticket of a card and report that ticket's barcode); if none is
 * admissible, the one that passed most rules gives the reason, tickets for what is on here before those for something else.
 */
export function decide(found: Candidates, lane: LaneRules, facts: Facts, trace?: Trace): Decision {
  const m = momentOf(lane, facts);
  let best: Verdict | undefined;
  for (const candidate of found.candidates) {
    const verdict = judge(candidate, m);
    trace?.(verdict);
    if (best === undefined || isBetter(verdict, best)) best = verdict;
  }
  const before = beforeRules(found, m);
  if (before) return { admitted: false, ...before, ...(best && { ticket: best.context.ticket }) };
  return conclude(best as Verdict);
}

/** What is refused whatever the ticket says. Exits are never refused for the list's age or the clock. */
function beforeRules({ candidates, via }: Candidates, m: Moment): { reason: Reason; rule: GateRule } | undefined {
  const { lane, facts } = m;
  if (m.isEntry && facts.doubtful && lane.doubtfulClock === 'refuse')
    return { reason: 'clock-doubtful', rule: 'clock' };
  const limit = lane.staleList?.refuseAfter;
  if (m.isEntry && limit !== undefined && facts.list !== 'empty' && (facts.listAge ?? Infinity) > limit)
    return { reason: 'list-too-old', rule: 'list-age' };
  if (candidates.length > 0) return undefined;
  if (via === 'container') return { reason: 'no-valid-ticket-in-container', rule: 'known' };
  return { reason: facts.list === 'empty' ? 'list-empty' : 'unknown', rule: 'known' };
}

function judge(candidate: Candidate, m: Moment): Verdict {
  const context = new Context(candidate, m);
  for (let i = 0; i < RULES.length; i++) {
    const reason = (RULES[i] as (typeof RULES)[number]).refuses(context);
    if (reason !== undefined) return { context, passedRules: i, reason };
  }
  return { context, passedRules: RULES.length, reason: 'admitted' };
}

/** Whether candidate `a` is to be taken rather than `b`. */
export function isBetter(a: Verdict, b: Verdict): boolean {
  // Of a card with a ticket a match, the one for what is on here tells why: "cancelled", not "another event".
  const here = isForHere(a.context);
  if (here !== isForHere(b.context)) return here;
  if (a.passedRules !== b.passedRules) return a.passedRules > b.passedRules;
  const endA = a.context.ticket.validTo ?? Number.POSITIVE_INFINITY;
  const endB = b.context.ticket.validTo ?? Number.POSITIVE_INFINITY;
  if (endA !== endB) return endA < endB;
  return a.context.ticket.barcode < b.context.ticket.barcode;
}

function conclude({ context: c, passedRules, reason }: Verdict): Decision {
  const { ticket, m } = c;
  const notices = noticesOf(c);
  if (reason !== 'admitted') {
    const used = lastUse(c, reason);
    const rule = (RULES[passedRules] as (typeof RULES)[number]).name;
    return { admitted: false, reason, rule, ticket, ...(used && { used }) };
  }
  const decision: Decision = { admitted: true, reason, ticket };
  if (notices.length > 0) decision.notices = notices;
  if (!m.isEntry) {
    if (c.rules.counter) decision.slot = COUNTED_OUT;
    return decision;
  }
  decision.slot = c.slot;
  if (m.lane.venue) decision.shared = c.shared;
  const following = c.rules.group === 'batch' ? Math.min(c.persons, c.left) - 1 : 0;
  if (following > 0) decision.following = following;
  return decision;
}

function lastUse(c: Context, reason: Reason): Movement | undefined {
  if (reason !== 'already-used' && reason !== 'entries-exhausted' && reason !== 'not-exited' && reason !== 'too-soon')
    return undefined;
  const { survey } = c;
  const i = survey.lastInSlot >= 0 && reason === 'already-used' ? survey.lastInSlot : survey.lastEntry;
  return i < 0 ? undefined : movementAt(c.usage, i);
}

const NONE: readonly Notice[] = [];
function noticesOf(c: Context): readonly Notice[] {
  const { lane, facts, isEntry } = c.m;
  const old = isEntry && lane.staleList?.warnAfter !== undefined && (facts.listAge ?? 0) > lane.staleList.warnAfter;
  const shown = c.rules.antiPassback === 'soft' || (lane.venue === true && !isEntry);
  const passback = shown && (isStillInside(c) || leavesWithoutEntry(c));
  const look = isEntry ? c.rules.attend.find((a) => concerns(a, c.ticket)) : undefined;
  if (!old && !passback && !look) return NONE;
  const notices: Notice[] = [];
  if (look) {
    const { tariff } = c.ticket;
    notices.push({ code: 'reduced', ...(tariff !== undefined && { tariff }), ...(look.text && { text: look.text }) });
  }
  if (passback) notices.push({ code: isEntry ? 'not-exited' : 'not-inside' });
  if (old) notices.push({ code: 'list-old' });
  return notices;
}

function concerns({ tariffs }: { tariffs?: readonly string[] }, ticket: Ticket): boolean {
  return tariffs === undefined
    ? ticket.reduced === true
    : ticket.tariff !== undefined && tariffs.includes(ticket.tariff);
}
