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
  /** Entries the ticket has in this slot; left out: one. */
  max?: number;
  /** Set by `home-only` where the gate is not of the ticket's home group: every gate that is must agree first. */
  entrance?: string;
}

export type Answer =
  | { result: 'granted' }
  /** When and where the last of the counted admissions was. */
  | { result: 'used'; at: number; gate: string; lane: string }
  /** The hub cannot say; the gate goes by its policy. Never remembered: a later repeat may get a better answer. */
  | { result: 'unknown'; why: 'ended' | 'not-sure' | 'home-cut-off' | 'failed' };

/** One admission that the hub counts. */
export interface Use {
  /** Of the claim; of the check, when there was no claim. */
  id: string;
  gate: string;
  lane: string;
  slot: string;
  at: number;
  /** The gate's journal has confirmed it. Without one it is a promise: granted, and the record is still to come. */
  checkId?: string;
  /** How the gate came to admit, when not by a grant. */
  risk?: 'budget' | 'home';
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
  max?: number;
  risk?: 'budget' | 'home';
}
