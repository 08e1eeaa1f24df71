/**
 * What must be true of a ticket's use at all gates together, not only as far as one gate knows it: the venue's hub, which hears of
 * every entry first, is asked before anybody is let in.
 */
export interface SharedUse {
  /** Service day. */
  day: number;
  /** Where the lane leads. */
  sector?: string;
  limits: readonly Limit[];
  /** Any number of entries: there is nothing to ask. */
  free?: true;
  /** Strict anti-passback: nobody may be inside on the ticket (in this sector, where it counts by sector). */
  outside?: { sector?: string };
}

/** Entries that may be counted: of a slot, in a sector, on a day; what is left out does not matter. `days`: different days instead of entries. */
export interface Limit {
  max: number;
  days?: true;
  slot?: string;
  sector?: string;
  day?: number;
}
