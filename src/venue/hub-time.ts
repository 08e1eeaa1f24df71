/** Words kept: the quickest of the last few is the one that is least wrong. */
const KEPT = 10;

/** This clock minus the hub's, and how far that may be wrong, milliseconds. */
export interface ClockOff {
  by: number;
  within: number;
}

interface Word {
  off: number;
  took: number;
  /** The hub's clock minus SecuTix's. */
  skew: number | null;
}

/**
 * This gate's clock against the hub's, and so against SecuTix's. Only shown, and what tells a gate that its clock is wrong altogether; no
 * decision about use looks at it. A hub that SecuTix has not told the time is only another clock: for the ledger, and for nothing else.
 */
export class HubTime {
  #words: Word[] = [];

  /** `sent`, `got`: this gate's clock at the question and at the answer, UTC milliseconds; `took`: how long that was by the monotonic one. */
  take(
    answer: { at?: number | undefined; skew?: number | null | undefined },
    sent: number,
    got: number,
    took: number,
  ): void {
    const { at, skew } = answer;
    // This clock was set between the two.
    if (at === undefined || Math.abs(got - sent - took) > took + 50) return;
    const word = { off: Math.round((sent + got) / 2 - at), took, skew: skew ?? null };
    this.#words = [...this.#words, word].slice(-KEPT);
  }

  get #best(): Word | undefined {
    const [first, ...rest] = this.#words;
    return first && rest.reduce((best, w) => (w.took <= best.took ? w : best), first);
  }

  /** Null = not measured yet. */
  get off(): ClockOff | null {
    const best = this.#best;
    // A millisecond for the rounding of both clocks.
    return best ? { by: best.off, within: Math.ceil(best.took / 2) + 1 } : null;
  }

  /** This clock minus SecuTix's, milliseconds; null = not known. */
  get skew(): number | null {
    const best = this.#best;
    return best?.skew === null || best === undefined ? null : best.off + best.skew;
  }
}
