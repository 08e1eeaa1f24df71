import type { Reason } from './reasons.js';
import type { LaneRules, RuleContext } from './rules.js';
import { RULES } from './rules.js';
import type { Ticket } from './ticket.js';
import { survey } from './survey.js';
import type { Movement, Usage } from './usage.js';
import { movementAt, slotOf } from './usage.js';

export interface Candidate {
  ticket: Ticket;
  usage: Usage;
}

/** What the store knows of a credential, read from one snapshot. */
export interface Candidates {
  /** How the credential was found: as a ticket's own barcode, as a container's ID, or not at all. */
  via: 'ticket' | 'container' | 'none';
  container?: string;
  candidates: readonly Candidate[];
  /** The list has never been filled: "unknown" would be a lie. */
  listEmpty: boolean;
}

export interface Decision {
  admitted: boolean;
  reason: Reason;
  /** The ticket that was chosen; refused: the one that came closest. */
  ticket?: Ticket;
  /** Set on an admission to an entry lane: what it uses up. */
  slot?: string;
  /** With `already-used`: when and where. */
  used?: Movement;
}

interface Verdict {
  candidate: Candidate;
  slot: string;
  /** Index of the rule that refused; RULES.length = none. */
  passedRules: number;
  reason: Reason;
}

/**
 * Decides on one credential at one lane. Pure: no clock, no I/O; the same input gives the same decision years later.
 * Of a container's tickets the admissible one with the earliest end of validity is taken, then the lowest barcode
 * (SecuTix: the access control must pick the valid ticket of a card and report that ticket's barcode); if none is
 * admissible, the one that passed most rules gives the reason.
 */
export function decide(found: Candidates, lane: LaneRules, now: number): Decision {
  if (found.candidates.length === 0) {
    if (found.via === 'container') return { admitted: false, reason: 'no-valid-ticket-in-container' };
    return { admitted: false, reason: found.listEmpty ? 'list-empty' : 'unknown' };
  }
  let best: Verdict | undefined;
  for (const candidate of found.candidates) {
    const verdict = judge(candidate, lane, now);
    if (best === undefined || isBetter(verdict, best)) best = verdict;
  }
  const { candidate, slot, passedRules, reason } = best as Verdict;
  if (passedRules === RULES.length) {
    const decision: Decision = { admitted: true, reason: 'admitted', ticket: candidate.ticket };
    return lane.direction === 'entry' ? { ...decision, slot } : decision;
  }
  const last = reason === 'already-used' ? survey(candidate.usage, { slot, dayStart: 0 }).lastInSlot : -1;
  const used = last < 0 ? undefined : movementAt(candidate.usage, last);
  return { admitted: false, reason, ticket: candidate.ticket, ...(used && { used }) };
}

function judge(candidate: Candidate, lane: LaneRules, now: number): Verdict {
  const slot = slotOf(candidate.ticket.performance, lane.performances);
  const context: RuleContext = { ticket: candidate.ticket, usage: candidate.usage, lane, slot, now };
  for (let i = 0; i < RULES.length; i++) {
    const reason = (RULES[i] as (typeof RULES)[number]).refuses(context);
    if (reason !== undefined) return { candidate, slot, passedRules: i, reason };
  }
  return { candidate, slot, passedRules: RULES.length, reason: 'admitted' };
}

function isBetter(a: Verdict, b: Verdict): boolean {
  if (a.passedRules !== b.passedRules) return a.passedRules > b.passedRules;
  const endA = a.candidate.ticket.validTo ?? Number.POSITIVE_INFINITY;
  const endB = b.candidate.ticket.validTo ?? Number.POSITIVE_INFINITY;
  if (endA !== endB) return endA < endB;
  return a.candidate.ticket.barcode < b.candidate.ticket.barcode;
}
