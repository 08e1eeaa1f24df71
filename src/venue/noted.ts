import type { Clock } from '../clock.js';
import type { Put, VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { UsageEntry } from './topics.js';

/** Milliseconds a claim is given to become something before the hub is asked; and between two questions. No promise rests on it. */
const ASK_EVERY = 5_000;
const BATCH = 200;

/** Uses this home gate has written down for claims of other gates, until it has heard what became of them. */
export class Noted {
  readonly #store: VenueStore;
  readonly #clock: Clock;
  /** Monotonic: when it was written down, or last asked about. */
  readonly #open = new Map<string, { barcode: string; at: number }>();

  static async open(store: VenueStore, clock: Clock): Promise<Noted> {
    const noted = new Noted(store, clock);
    for (const [key, barcode] of await store.entries(venueKeys.allNoted))
      noted.#open.set(key.slice(2), { barcode: barcode as string, at: clock.monotonic() });
    return noted;
  }

  private constructor(store: VenueStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async add(claim: string, barcode: string): Promise<void> {
    this.#open.set(claim, { barcode, at: this.#clock.monotonic() });
    await this.#store.commit([{ key: venueKeys.noted(claim), value: barcode }]);
  }

  /** What these entries settle, for the batch they are taken with. */
  settledBy(entries: readonly UsageEntry[]): Put[] {
    const ids = entries.flatMap((e) => [e.checkId, ...(e.claim === undefined ? [] : [e.claim])]);
    return ids.filter((id) => this.#open.delete(id)).map((id) => ({ key: venueKeys.noted(id), value: undefined }));
  }

  /** Those that the hub is to be asked about now. */
  due(): { id: string; barcode: string }[] {
    const now = this.#clock.monotonic();
    const due = [...this.#open].filter(([, { at }]) => now - at > ASK_EVERY).slice(0, BATCH);
    for (const [, open] of due) open.at = now;
    return due.map(([id, { barcode }]) => ({ id, barcode }));
  }
}
