/** Words kept: the quickest of the last few is the one that is least wrong. */
const KEPT = 10;

/**
 * This gate's clock against SecuTix's, by the hub's word. Only shown, and what tells a gate that its clock is wrong altogether; no decision about
 * use looks at it. A hub that SecuTix has not told the time is only another clock, and is not believed.
 */
export class HubTime {
  #words: { skew: number; took: number }[] = [];

  /** `sent`, `got`: this gate's clock at the question and at the answer, UTC milliseconds; `took`: how long that was by the monotonic one. */
  take(
    answer: { at?: number | undefined; skew?: number | null | undefined },
    sent: number,
    got: number,
    took: number,
  ): void {
    const { at, skew } = answer;
    // This clock was set between the two.
    if (at === undefined || skew === undefined || skew === null || Math.abs(got - sent - took) > took + 50) return;
    const word = { skew: Math.round((sent + got) / 2 - (at - skew)), took };
    this.#words = [...this.#words, word].slice(-KEPT);
  }

  /** This clock minus SecuTix's, milliseconds; null = not known. */
  get skew(): number | null {
    const [first, ...rest] = this.#words;
    return first ? rest.reduce((best, w) => (w.took <= best.took ? w : best), first).skew : null;
  }
}
