import type { Put } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { HubChange, HubMemory } from './claim-hub.js';
import type { Conflict, Remembered, Use } from './claim-types.js';

interface Reading {
  get(key: string): unknown;
}

/**
 * What the hub knows while a group of inputs is computed: the disk, and over it what the group has changed so far. The
 * group's changes go to the disk in one synced batch, and only then do its answers leave.
 */
export class GroupMemory implements HubMemory {
  readonly #store: Reading;
  readonly #puts = new Map<string, unknown>();

  constructor(store: Reading) {
    this.#store = store;
  }

  #get(key: string): unknown {
    return this.#puts.has(key) ? this.#puts.get(key) : this.#store.get(key);
  }

  claim(id: string): Remembered | undefined {
    return this.#get(venueKeys.answer(id)) as Remembered | undefined;
  }
  ended(id: string): boolean {
    return this.#get(venueKeys.ended(id)) !== undefined;
  }
  uses(barcode: string): readonly Use[] {
    return (this.#get(venueKeys.uses(barcode)) as Use[] | undefined) ?? [];
  }

  /** Returns the conflicts it found. */
  apply(change: HubChange): readonly Conflict[] {
    if (change.claim) {
      const { id, remembered } = change.claim;
      this.#puts.set(venueKeys.answer(id), remembered);
      if (remembered.answer.result === 'granted')
        this.#puts.set(venueKeys.open(remembered.gate, id), remembered.barcode);
    }
    for (const id of change.ended ?? []) this.#puts.set(venueKeys.ended(id), 1);
    if (change.uses) {
      const { barcode, uses } = change.uses;
      // A right is open like a claim whose check is still to come.
      const before = this.uses(barcode);
      for (const u of before) if (u.right && !uses.some((v) => v.id === u.id && v.right)) this.close(u.gate, u.id);
      for (const u of uses)
        if (u.right && !before.some((v) => v.id === u.id)) this.#puts.set(venueKeys.open(u.gate, u.id), barcode);
      this.#puts.set(venueKeys.uses(barcode), uses.length === 0 ? undefined : uses);
    }
    return change.conflicts ?? [];
  }

  /** The check of a claim has come, or the claim has ended: nothing is open any more. */
  close(gate: string, claim: string): void {
    this.#puts.set(venueKeys.open(gate, claim), undefined);
  }

  put(key: string, value: unknown): void {
    this.#puts.set(key, value);
  }

  get puts(): Put[] {
    return [...this.#puts].map(([key, value]) => ({ key, value }));
  }
}
