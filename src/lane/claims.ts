import type { ClaimNote } from '../domain/records.js';
import type { SharedUse } from '../domain/shared.js';
import type { Ticket } from '../domain/ticket.js';

/**
 * Shared single use: whoever owns the venue's usage is asked to count an admission before it happens. The lane asks after
 * its reservation and before the journal; a gate that stands alone has no port and asks nobody.
 *
 * Invariants: `claim` resolves within its deadline, whatever the network does; it never rejects; the lane holds its reservation
 * until then, so no other lane of this gate decides on the ticket meanwhile; a claim that admitted nobody is given up (`giveUp`),
 * so that nobody is refused for it later.
 */
export interface ClaimPort {
  claim(wanted: WantedClaim): Promise<ClaimResult>;
  /** The claim was granted and nobody was admitted on it (the journal failed, the lane stopped). */
  giveUp(note: ClaimNote, barcode: string): void;
}

export interface WantedClaim {
  lane: string;
  barcode: string;
  slot: string;
  /** UTC milliseconds. */
  at: number;
  ticket: Ticket | undefined;
  shared: SharedUse;
}

export type ClaimResult =
  | { admit: true; note: ClaimNote }
  | {
      admit: false;
      note: ClaimNote;
      reason: 'already-used' | 'not-exited' | 'claim-unavailable';
      used?: { at: number; where: string };
    };
