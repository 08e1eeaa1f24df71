import type { Movement, Usage } from '../domain/usage.js';
import { insert } from '../domain/usage.js';

/**
 * Entry rights that a lane has decided to use and the journal has not taken yet (a shared claim is being asked for). All lanes of a gate
 * share one event loop: without a reservation taken in the same tick as the decision, two lanes could admit one ticket. Once `append`
 * was called the journal's own usage has the entry, so the reservation ends there.
 *
 * Invariants: taken with no await since the usage was read; it never outlives the lane's phase.
 */
export class Reservations {
  readonly #held = new Map<string, Movement[]>();

  get size(): number {
    return this.#held.size;
  }

  has(barcode: string): boolean {
    return this.#held.has(barcode);
  }

  /** Usage as the journal has it plus what is reserved. */
  over(barcode: string, usage: Usage): Usage {
    return (this.#held.get(barcode) ?? []).reduce(insert, usage);
  }

  /** The returned function ends the reservation; calling it again does nothing. */
  take(barcode: string, entry: Pick<Movement, 'slot' | 'sector' | 'at' | 'lane'>): () => void {
    const mine: Movement = { gate: '', seq: 0, direction: 'entry', ...entry };
    this.#held.set(barcode, [...(this.#held.get(barcode) ?? []), mine]);
    return () => {
      const rest = (this.#held.get(barcode) ?? []).filter((m) => m !== mine);
      if (rest.length > 0) this.#held.set(barcode, rest);
      else this.#held.delete(barcode);
    };
  }
}

/**
 * Which checks may be reported: those before the first one whose end is still open. SecuTix has no call to take a check
 * back, so an admission is reported only when it is known whether the barrier opened.
 */
export class Settlement {
  readonly #open = new Set<number>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  hold(seq: number): void {
    this.#open.add(seq);
  }

  settle(seq: number): void {
    if (this.#open.delete(seq)) this.#changed();
  }

  /** `last` is the journal's last sequence. */
  through(last: number): number {
    let min = last + 1;
    for (const seq of this.#open) if (seq < min) min = seq;
    return min - 1;
  }
}
