/** What diagnostics may ask about the venue. Codes are masked. */
export interface VenueReport {
  role: 'gate' | 'hub' | 'standby';
  venue: string;
  broker: { connected: boolean; error: string };
  policy: { policy: string; budget: number; deadline: number };
  /** Double entries that are possible right now, at most: at a gate its own, at the hub those of all gates. */
  risk: { made: number; bound: number };
  claims: Readonly<Record<string, number>>;
  list: { position: number; hash: string } | null;
  /** A gate's view of the hub. */
  link?: {
    state: 'joined' | 'alone';
    inStep: boolean;
    /** Entries of multi-entry tickets held in advance. */
    rights: number;
    hub: { hub: string; session: string; epoch: number; commit: number; sure: boolean } | null;
    switches: number;
  };
  /** What a standby has of the hub; `hub` null = silent. */
  standby?: { hub: string | null; epoch: number; commit: number; caughtUp: boolean };
  /** The hub's view of its gates. */
  hub?: {
    phase: string;
    why: string | null;
    epoch: number;
    commit: number;
    conflicts: number;
    /** It took over from another box: when, on whose word; null = it did not. */
    taken: { inOrder: boolean; who?: string; from?: string; at?: number } | null;
    counters: Readonly<Record<string, number>>;
    gates: {
      gate: string;
      joined: boolean;
      heardAt: number;
      cursor: number;
      lastSeq: number;
      risk: { made: number; bound: number };
      list: { position: number; hash: string; same: boolean } | null;
    }[];
  };
}

/** One side of a double admission. */
export interface ConflictSide {
  checkId: string | null;
  gate: string;
  lane: string;
  /** UTC milliseconds by that gate's clock. */
  at: number;
  /** The same by the hub's clock, and how far that may be wrong, milliseconds; null = that clock was never measured. */
  hubTime: number | null;
  within: number | null;
  /** How it came to be: the hub's grant, or a risk. */
  how: 'granted' | 'budget' | 'home';
}

export interface ConflictReport {
  n: number;
  /** Masked. */
  code: string;
  slot: string;
  foundAt: number;
  first: ConflictSide;
  second: ConflictSide;
}

/** People entering, leaving and being refused. */
export interface VenueFlow {
  entries: number;
  exits: number;
  refused: number;
}

/** Who is in the venue, of the checks of all gates; at the hub. */
export interface VenueCounts extends VenueFlow {
  /** The venue's day, and the UTC milliseconds of its beginning. */
  day: string;
  since: number;
  inside: number;
  /** '' = lanes that name no sector. */
  sectors: { sector: string; inside: number; entries: number; exits: number }[];
  gates: ({ gate: string } & VenueFlow)[];
  /** The last hour, oldest first; minutes in which nothing happened are left out. */
  minutes: ({ at: number } & VenueFlow)[];
}

export interface VenueModel {
  report(): VenueReport;
  /** Undefined = this is no hub. */
  counts(): VenueCounts | undefined;
  conflicts(limit: number): Promise<ConflictReport[]>;
  /** The hub counts again although not all gates have spoken; false = it is no hub. */
  trust(who: string): boolean;
  /** A standby becomes the hub; absent = this is none. Rejects when it cannot. */
  takeOver?(who: string): Promise<{ inOrder: boolean }>;
  /** The standby of this hub becomes the hub; false = nobody follows. */
  handBack?(who: string): boolean;
}

export interface WithVenue {
  /** Undefined: the gate stands alone. */
  readonly venue: VenueModel | undefined;
}
