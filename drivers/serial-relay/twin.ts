import { RelayDecoder } from './codec.js';

export interface WireEnd {
  onData(listener: (chunk: Uint8Array) => void): () => void;
}

/** The board's side of the wire: relays that click, with the times of every change. */
export class RelayTwin {
  readonly changes: { channel: number; on: boolean; at: number }[] = [];
  readonly #on = new Map<number, boolean>();
  readonly #waiters = new Set<() => void>();
  #pulses = 0;

  constructor(wire: WireEnd, now: () => number = () => performance.now()) {
    const decoder = new RelayDecoder();
    wire.onData((chunk) => {
      for (const { channel, on } of decoder.push(chunk)) {
        if (on && !this.#on.get(channel)) this.#pulses++;
        this.#on.set(channel, on);
        this.changes.push({ channel, on, at: now() });
      }
      for (const waiter of [...this.#waiters]) waiter();
    });
  }

  /** How often a relay went from off to on. */
  get pulses(): number {
    return this.#pulses;
  }

  isOn(channel: number): boolean {
    return this.#on.get(channel) ?? false;
  }

  /** Resolves when `condition` holds after some command. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }
}
