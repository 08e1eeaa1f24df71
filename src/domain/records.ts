import type { Medium } from './credential.js';
import type { Reason } from './reasons.js';

export type Direction = 'entry' | 'exit';

interface RecordBase {
  /** Gate-local sequence: no gap, no repeat, never the clock. */
  seq: number;
  /** UTC milliseconds. */
  at: number;
}

/** One decision, admitted or refused, with everything a later dispute needs. */
export interface CheckRecord extends RecordBase {
  kind: 'check';
  /** Stable: gate ID + sequence. What SecuTix identifies a repeat by. */
  checkId: string;
  lane: string;
  direction: Direction;
  credential: { code: string; medium: Medium };
  /** The ticket that was chosen, or came closest; the credential itself when no ticket is known. */
  barcode: string;
  container?: string;
  admitted: boolean;
  reason: Reason;
  /** The part of the entry right that an admission uses up. */
  slot?: string;
  /** Position of the ticket list and the configuration it was decided on. */
  list: string;
  config: string;
  /** The barrier reports passages: an outcome follows. After a crash the missing one is written as `unknown`. */
  awaits?: true;
}

/** What became of an admission. */
export interface OutcomeRecord extends RecordBase {
  kind: 'outcome';
  /** Sequence of the check. */
  of: number;
  /**
   * `not-passed` with a slot gives the entry back. `kept`: nobody was seen to pass, the entry counts all the same (`burn: grant`).
   * `unknown`: nobody can tell any more; it counts, for nobody may be forgotten.
   */
  outcome: 'passed' | 'not-passed' | 'kept' | 'unknown';
  barcode: string;
  slot?: string;
  why?: string;
}

/** Something happened at a lane that is no check: a passage without one, an alarm, a change of mode. */
export interface EventRecord extends RecordBase {
  kind: 'event';
  lane: string;
  what: string;
  direction?: Direction;
  /** Sequence of the check it belongs to (tailgating). */
  of?: number;
  mode?: string;
  who?: string;
  why?: string;
  /** A code that was presented while nothing was decided (emergency). */
  credential?: { code: string; medium: Medium };
}

/** Anything else worth keeping: lane opened or closed, clock stepped. */
export interface NoteRecord extends RecordBase {
  kind: 'note';
  lane?: string;
  what: string;
}

export type JournalRecord = CheckRecord | OutcomeRecord | EventRecord | NoteRecord;

/** Check ID of a sequence number. The width keeps text order and number order the same for a gate's life. */
export function checkIdOf(gate: string, seq: number): string {
  return `${gate}-${String(seq).padStart(12, '0')}`;
}
