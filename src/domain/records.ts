import type { Medium } from './credential.js';
import type { Programme } from './programme.js';
import type { Reason } from './reasons.js';
import type { Limit } from './shared.js';
import type { Ticket } from './ticket.js';

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
  /** Where the lane leads, if the venue has sectors. */
  sector?: string;
  /** Position of the ticket list and the configuration it was decided on. */
  list: string;
  config: string;
  /** Everything else it was decided on, so that it can be decided again. Absent in records of 0.1.0. */
  basis?: Basis;
  /** The gate's clock was not to be trusted. */
  doubtful?: true;
  /** A steward's check: whose word it is, and why. */
  who?: string;
  why?: string;
  /** The check (by its ID) whose entry this one gives back; `reason` is `given-back`. */
  givesBack?: string;
  /** Decided while SecuTix was out of reach. */
  offline?: true;
  /** The barrier reports passages: an outcome follows. After a crash the missing one is written as `unknown`. */
  awaits?: true;
  /** What the venue's hub said of it; absent where a gate stands alone. */
  claim?: ClaimNote;
}

/** How the shared use of a ticket was settled. */
export interface ClaimNote {
  /** Of the request; the hub knows it by this. */
  id: string;
  /**
   * `granted`, `used`: the hub's word. `right`: the hub granted it in advance. `free`: any number of entries, nothing to count.
   * `refused`: no word in time, and the policy refuses. `home`, `budget`: no word, and the policy admits.
   */
  how: 'granted' | 'used' | 'right' | 'free' | 'refused' | 'home' | 'budget';
  /** Why there was no word. */
  why?: string;
  /** Milliseconds the answer took. */
  ms?: number;
  /** Entries the ticket has, where it is not one in its slot. */
  limits?: readonly Limit[];
  /** Records before 0.2.0: entries in the slot, where it is more than one. */
  max?: number;
  /** Service day. */
  day?: number;
}

/** A check of another gate in the hub's journal: from here it goes to SecuTix, under that gate's check ID. */
export interface RemoteRecord extends RecordBase {
  kind: 'remote';
  gate: string;
  check: CheckRecord;
  outcome?: OutcomeRecord['outcome'];
}

/** What a check was decided on, beside the rules (`config`) and the usage (the records before it). */
export interface Basis {
  /** How the code was found. */
  via: 'ticket' | 'container' | 'none';
  /** The candidates without what no rule looks at. */
  tickets: readonly Ticket[];
  /** Milliseconds since the list was last complete; absent = never. */
  listAge?: number;
  list?: 'empty' | 'foreign';
  /** Sum over the candidates' usage: differs when a later fold would see another history. */
  used: string;
  /** Performances a technician chose for the lane. */
  chosen?: readonly string[];
  /** UTC milliseconds since which the clock is trusted again. */
  trustedSince?: number;
  /** What the rules said, where something behind them (a closed lane, a barrier that is away) said no. */
  ruled?: Reason;
}

/**
 * An entry, an exit or a give-back at another gate, learnt from the venue's hub. `at` is when it was learnt of. Folding it twice
 * changes nothing: it is known by its check ID.
 */
export interface ElsewhereRecord extends RecordBase {
  kind: 'elsewhere';
  what: 'admitted' | 'given-back';
  barcode: string;
  /** The check's ID at the gate that decided; its front part is that gate's ID. */
  checkId: string;
  lane: string;
  direction: Direction;
  /** UTC milliseconds at that gate. */
  checkedAt: number;
  slot?: string;
  sector?: string;
  /**
   * Of this gate's own checks, the last one the hub had heard of before this: it belongs behind that one and before later ones. The
   * hub's order, for no gate's clock is another's. Absent in records of 0.1.0: by time.
   */
  after?: number;
  reason?: Reason;
  doubtful?: true;
}

/** The gate's own black list: the last record of a barcode is in force. */
export interface BlockRecord extends RecordBase {
  kind: 'block';
  barcode: string;
  blocked: boolean;
  who: string;
  why: string;
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
  /** With `performances`: what a technician chose; absent = by the configuration again. */
  performances?: readonly string[];
}

/** Begins a note on which box is the hub of the venue. */
export const HANDOVER_NOTE = 'hub of the venue: ';

/** Anything else worth keeping: lane opened or closed, clock stepped. */
export interface NoteRecord extends RecordBase {
  kind: 'note';
  lane?: string;
  what: string;
  /** With `programme`: what the lanes decide on from here. */
  programme?: Programme;
}

/** Records up to `through` may be gone: what they mean for usage was kept. */
export interface CheckpointRecord extends RecordBase {
  kind: 'checkpoint';
  through: number;
  /** Hash of the record `through`, which the next one refers to. */
  hash: string;
  /** Sum over the kept usage, so that nothing of it can be changed unseen. */
  usage: string;
}

/** The journal was damaged; what could be read was carried over into a new one. */
export interface RepairRecord extends RecordBase {
  kind: 'repair';
  /** Sequences that could not be read, first and last of each run; the last run ends before this record. */
  lost: (readonly [number, number])[];
  /** Records carried over. */
  kept: number;
  why: string;
  /** Folder the damaged files are in. */
  aside: string;
  /** Sum over the kept usage, which everything before this record is folded into. */
  usage: string;
}

export type JournalRecord =
  | CheckRecord
  | OutcomeRecord
  | EventRecord
  | NoteRecord
  | ElsewhereRecord
  | BlockRecord
  | CheckpointRecord
  | RepairRecord
  | RemoteRecord;

/** Check ID of a sequence number. The width keeps text order and number order the same for a gate's life. */
export function checkIdOf(gate: string, seq: number): string {
  return `${gate}-${String(seq).padStart(12, '0')}`;
}

/** Gate and sequence of a check ID; the gate's name may hold dashes. */
export function parseCheckId(checkId: string): { gate: string; seq: number } {
  const dash = checkId.lastIndexOf('-');
  const seq = Number(checkId.slice(dash + 1));
  return dash > 0 && Number.isSafeInteger(seq)
    ? { gate: checkId.slice(0, dash), seq }
    : // An ID of another make still is one and the same check.
      { gate: checkId, seq: 0 };
}
