import type { Usage } from '../domain/usage.js';

/**
 * Entry rights that a lane has decided to use and that are not in the journal yet. All lanes of a gate share one event
 * loop, but a durable append awaits: without a reservation taken in the same tick as the decision, two lanes could admit
 * one ticket.
 *
 * Invariants: at most one reservation a ticket; it is taken with no await since the usage was read; it ends with the
 * append, whichever way that ends.
 */
export class Reservations {
  readonly #held = new Map<string, { slot: string; at: number; lane: string }>();

  get size(): number {
    return this.#held.size;
  }

  /** Usage as the journal has it plus what is reserved. */
  over(barcode: string, usage: Usage): Usage {
    const held = this.#held.get(barcode);
    if (!held) return usage;
    return { slots: { ...usage.slots, [held.slot]: { entries: 1, lastAt: held.at, lastLane: held.lane } } };
  }

  /** The returned function ends the reservation; calling it again does nothing. */
  take(barcode: string, slot: string, at: number, lane: string): () => void {
    if (this.#held.has(barcode)) throw new Error('reserved twice: decide() did not see the reservation');
    const mine = { slot, at, lane };
    this.#held.set(barcode, mine);
    return () => {
      if (this.#held.get(barcode) === mine) this.#held.delete(barcode);
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
