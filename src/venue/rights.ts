import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { Held } from './claim-hub.js';
import type { Claim } from './claim-types.js';
import { rightId } from './claim-types.js';

export type OwnRight = Omit<Held, 'gate'>;

/** UTC milliseconds by this gate's clock after which a right nobody came for goes back; giving back is never wrong. */
const KEPT_FOR = 12 * 3_600_000;

/**
 * Entries of multi-entry tickets that the hub has counted for this gate in advance. A gate that is cut off admits on them, and no
 * quota is ever exceeded: what one gate may spend, no other gate can.
 *
 * Invariants: a right is spent once, for it is off the disk before the barrier may open; a right that is said to be given back is off
 * the disk before it is said; one that was lost on the way (a crash between disk and journal) admits nobody and goes back to the
 * quota when the hub has heard this gate's journal to its end.
 */
export class Rights {
  readonly #store: VenueStore;
  readonly #log: Log;
  readonly #session: string;
  readonly #held = new Map<string, OwnRight>();
  readonly #byTicket = new Map<string, Set<string>>();
  /** Since the hub was last in step; what it asks back of these is on its way to it. */
  readonly #spent = new Map<string, OwnRight>();
  /** Asked back before they arrived. */
  readonly #refused = new Set<string>();

  static async open(store: VenueStore, session: string, log: Log): Promise<Rights> {
    const rights = new Rights(store, session, log);
    for (const right of (await store.values(venueKeys.rights)) as OwnRight[]) rights.#keep(right);
    return rights;
  }

  private constructor(store: VenueStore, session: string, log: Log) {
    this.#store = store;
    this.#session = session;
    this.#log = log;
  }

  get size(): number {
    return this.#held.size;
  }
  /** What the hub must count on: held, or spent and not yet known to be heard of. */
  get told(): OwnRight[] {
    return [...this.#held.values(), ...this.#spent.values()];
  }

  #keep(right: OwnRight): void {
    this.#held.set(right.id, right);
    const ids = this.#byTicket.get(right.barcode) ?? new Set();
    this.#byTicket.set(right.barcode, ids.add(right.id));
  }
  #drop(id: string): OwnRight | undefined {
    const right = this.#held.get(id);
    if (!right) return undefined;
    this.#held.delete(id);
    const ids = this.#byTicket.get(right.barcode);
    ids?.delete(id);
    if (ids?.size === 0) this.#byTicket.delete(right.barcode);
    return right;
  }

  /** Those that came with a claim's answer; a failure only means that the hub will ask for them in vain for a while. */
  async take(claim: Claim, n: number): Promise<void> {
    const { barcode, lane, slot, at, sector, day } = claim;
    const rest = { ...(sector !== undefined && { sector }), ...(day !== undefined && { day }) };
    const rights = Array.from({ length: n }, (_, i) => rightId(claim.id, i + 1))
      .filter((id) => !this.#refused.delete(id))
      .map((id): OwnRight => ({ id, barcode, lane, slot, at, ...rest }));
    try {
      await this.#store.commit(rights.map((right) => ({ key: venueKeys.right(right.id), value: right })));
      for (const right of rights)
        // Asked back while it was being written.
        if (this.#refused.delete(right.id)) await this.#forget([right.id]);
        else this.#keep(right);
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, 'rights in advance could not be kept');
    }
  }

  /** The ID of a right that fits, spent for good; undefined = none. The choice is made with no await before it. */
  async spend({ barcode, slot, sector, day, outside }: Claim): Promise<string | undefined> {
    if (outside) return undefined;
    const right = [...(this.#byTicket.get(barcode) ?? [])]
      .map((id) => this.#held.get(id) as OwnRight)
      .find((r) => r.slot === slot && r.sector === sector && r.day === day);
    if (!right) return undefined;
    this.#drop(right.id);
    this.#spent.set(right.id, right);
    try {
      await this.#forget([right.id]);
      return right.id;
    } catch (error) {
      this.#log.error({ error: describeError(error) }, 'a right in advance could not be spent');
      return undefined;
    }
  }

  #forget(ids: readonly string[]): Promise<void> {
    return this.#store.commit(ids.map((id) => ({ key: venueKeys.right(id), value: undefined })));
  }

  /** The hub wants them for another gate. Resolves when those given back can never be spent here. */
  async giveBack(ids: readonly string[]): Promise<{ returned: string[]; spent: string[] }> {
    const held = ids.filter((id) => this.#drop(id) !== undefined);
    if (held.length > 0) await this.#forget(held);
    const spent = ids.filter((id) => this.#spent.has(id));
    // Granted to this process and never seen: the answer is still under way, or was lost.
    const unseen = ids.filter((id) => !held.includes(id) && !spent.includes(id) && id.includes(`.${this.#session}.`));
    for (const id of unseen) this.#refused.add(id);
    return { returned: [...held, ...unseen], spent };
  }

  /** The hub says that these were given back or spent before: this disk is an older copy. */
  async gone(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#drop(id);
    if (ids.length > 0) await this.#forget(ids);
  }

  /** Takes out those nobody came for. Resolves when they are off the disk. */
  async expire(now: number): Promise<OwnRight[]> {
    const old = [...this.#held.values()].filter((r) => now - r.at > KEPT_FOR);
    if (old.length > 0) await this.giveBack(old.map((r) => r.id));
    return old;
  }

  /** The hub has everything this gate has done. */
  inStep(): void {
    this.#spent.clear();
  }
}
