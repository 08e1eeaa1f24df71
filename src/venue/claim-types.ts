import type { Limit } from '../domain/shared.js';

/**
 * The words of the claim protocol, shared by gates and hub. A gate asks the hub to count one admission before it opens;
 * the hub counts per ticket, durably, and answers.
 */
export interface Claim {
  /**
   * Names the request for ever: gate, a random name of the process, a counter. It is not the check's sequence, for that is
   * only final when the check is on the disk: after a power cut in between the next check would get the same one, and
   * with it the answer that belongs to another visitor.
   */
  id: string;
  gate: string;
  lane: string;
  barcode: string;
  /** The part of the entry right that is to be used (`domain/usage.slotOf`). */
  slot: string;
  /** UTC milliseconds by the gate's clock: shown to people, never compared. */
  at: number;
  sector?: string;
  /** Service day. */
  day?: number;
  /** Entries the ticket has; left out: one in this slot. */
  limits?: readonly Limit[];
  /** Nobody may be inside on the ticket (strict anti-passback). */
  outside?: { sector?: string };
  /** Entries this gate would hold in advance, at most (`rights.ts`). */
  rights?: number;
  /** Set by `home-only` where the gate is not of the ticket's home group: every gate that is must agree first. */
  entrance?: string;
}

export type Answer =
  /** `rights`: so many more entries were counted for this gate, named `ID/1`, `ID/2`… */
  | { result: 'granted'; rights?: number }
  /** When and where the last of the counted admissions was. */
  | { result: 'used'; at: number; gate: string; lane: string }
  /** Somebody is inside on the ticket. */
  | { result: 'inside'; at: number; gate: string; lane: string }
  /** The hub cannot say; the gate goes by its policy. Never remembered: a later repeat may get a better answer. */
  | { result: 'unknown'; why: 'ended' | 'not-sure' | 'home-cut-off' | 'right-elsewhere' | 'failed' };

/** One admission that the hub counts. */
export interface Use {
  /** Of the claim; of the check, when there was no claim. */
  id: string;
  gate: string;
  lane: string;
  slot: string;
  at: number;
  sector?: string;
  day?: number;
  /** Counted in advance for the gate, which may spend it at any moment, also when it is cut off. */
  right?: true;
  /** Whoever came in has gone out again. */
  left?: true;
  /** The gate's journal has confirmed it. Without one it is a promise: granted, and the record is still to come. */
  checkId?: string;
  /** How the gate came to admit, when not by a grant. */
  risk?: 'budget' | 'home';
  /** The gate did not trust its clock: `at` is by another one. */
  doubtful?: true;
}

/** What the hub has answered to a claim. */
export interface Remembered {
  answer: Exclude<Answer, { result: 'unknown' }>;
  barcode: string;
  gate: string;
}

/** Two admissions of one entry right. Both happened; neither is ever hidden. */
export interface Conflict {
  barcode: string;
  slot: string;
  /** In the order in which the hub learnt of them. */
  first: Use;
  second: Use;
}

/** A check of a gate's journal, with its outcome folded in. */
export interface ReportedCheck {
  checkId: string;
  /** Of the claim it was decided with. */
  claim?: string;
  gate: string;
  lane: string;
  barcode: string;
  slot?: string;
  at: number;
  /** Admitted, and not given back. */
  counts: boolean;
  sector?: string;
  day?: number;
  limits?: readonly Limit[];
  risk?: 'budget' | 'home';
  doubtful?: true;
}

/** Name of a right: of the claim it came with, and a number. */
export const rightId = (claim: string, n: number): string => `${claim}/${n}`;
