/** Bits of one card at most; a line that never rests is noise, not memory. */
const MAX_BITS = 128;

interface Edge {
  bit: 0 | 1;
  /** Monotonic nanoseconds, by the kernel. */
  ns: bigint;
}

/**
 * Puts the falling edges of two lines together to cards. Pure. What ends a card is silence in the kernel's time, not in that of a process
 * that may have been busy: neither are two cards joined by a pause of the process, nor is one torn.
 */
export class CardCollector {
  readonly #gap: bigint;
  #edges: Edge[] = [];

  /** `gapMs`: silence that ends a card. */
  constructor(gapMs: number) {
    this.#gap = BigInt(gapMs) * 1_000_000n;
  }

  get pending(): number {
    return this.#edges.length;
  }

  /** False = this bit is one too many. */
  add(bit: 0 | 1, ns: bigint): boolean {
    // Cards that are complete are taken within a gap; who sends more than this meanwhile sends no cards.
    if (this.#edges.length >= 2 * MAX_BITS) return false;
    this.#edges.push({ bit, ns });
    return true;
  }

  clear(): void {
    this.#edges = [];
  }

  /** The cards that ended before `now`, as bits; every edge up to `now` has been added. */
  take(now: bigint): string[] {
    // The order of the two lines is the kernel's time, not the order this process heard of them.
    const edges = this.#edges.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
    const cards: string[] = [];
    let begin = 0;
    for (const [i, { ns }] of edges.entries()) {
      const next = edges[i + 1]?.ns ?? now;
      if (next - ns < this.#gap) continue;
      cards.push(
        edges
          .slice(begin, i + 1)
          .map((e) => e.bit)
          .join(''),
      );
      begin = i + 1;
    }
    this.#edges = edges.slice(begin);
    return cards;
  }
}
