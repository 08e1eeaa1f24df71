import type { Operation } from './database.js';
import type { Database, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { decodeJson, encodeJson } from './records.js';

const WIDTH = 12;
const numbered = (prefix: string, n: number): string => `${prefix}${String(n).padStart(WIDTH, '0')}`;

export type Put = { key: string; value: unknown } | { key: string; value: undefined };

/** Keys of the venue database; see the table in `keys.ts`. */
export const venueKeys = {
  answer: (claim: string) => `a!${claim}`,
  ended: (claim: string) => `e!${claim}`,
  uses: (barcode: string) => `u!${barcode}`,
  open: (gate: string, claim: string) => `o!${gate}!${claim}`,
  openOf: (gate: string) => ({ gt: `o!${gate}!`, lt: `o!${gate}"` }),
  cursor: (gate: string, journal: string) => `g!${gate}!${journal}`,
  cursors: { gt: 'g!', lt: 'g"' },
  usage: (n: number) => numbered('n!', n),
  conflict: (n: number) => numbered('k!', n),
  right: (id: string) => `r!${id}`,
  rights: { gt: 'r!', lt: 'r"' },
  /** A use that was written down for a claim of another gate, of which nothing was heard since. */
  noted: (claim: string) => `t!${claim}`,
  allNoted: { gt: 't!', lt: 't"' },
  /** A check of the venue's day, for the counts of whoever takes over. */
  counted: (checkId: string) => `c!${checkId}`,
  counts: { gt: 'c!', lt: 'c"' },
  /** A check that SecuTix refused, at the standby. */
  refused: (checkId: string) => `x!${checkId}`,
  refusals: { gt: 'x!', lt: 'x"' },
  followed: (n: number) => numbered('f!', n),
  followedChecks: { gt: 'f!', lt: 'f"' },
  named: (name: string) => `m!${name}`,
} as const;

/** What hub and gate remember of the venue beside journal and list. Values are JSON with a checksum. */
export class VenueStore {
  readonly #location: string;
  readonly #storeKey: StoreKey;
  #db: Database;

  private constructor(location: string, storeKey: StoreKey, db: Database) {
    this.#location = location;
    this.#storeKey = storeKey;
    this.#db = db;
  }

  static async open(location: string, storeKey?: StoreKey): Promise<VenueStore> {
    return new VenueStore(location, storeKey, await openDatabase(location, 'venue', storeKey));
  }

  get(key: string): unknown {
    const text = this.#db.getSync(key);
    return text === undefined ? undefined : decodeJson(text, 'venue');
  }

  has(key: string): boolean {
    return this.#db.getSync(key) !== undefined;
  }

  /** One synced batch; an undefined value deletes. */
  async commit(puts: readonly Put[]): Promise<void> {
    const operations = puts.map(({ key, value }): Operation =>
      value === undefined ? { type: 'del', key } : { type: 'put', key, value: encodeJson(value) },
    );
    await this.#db.batch(operations, { sync: true });
  }

  async values(range: { gt: string; lt: string; limit?: number; reverse?: boolean }): Promise<unknown[]> {
    return (await this.#db.values(range).all()).map((text) => decodeJson(text, 'venue'));
  }

  /** Everything a standby shares with its hub, by key: all but names, rights and what it follows. */
  async page(after: string, limit: number): Promise<{ key: string; value: unknown }[]> {
    const rows: { key: string; value: unknown }[] = [];
    for (const prefix of ['a!', 'c!', 'e!', 'g!', 'k!', 'n!', 'o!', 'u!']) {
      const end = `${prefix.slice(0, 1)}"`;
      if (after >= end) continue;
      const range = { gt: after > prefix ? after : prefix, lt: end, limit: limit - rows.length };
      for (const [key, text] of await this.#db.iterator(range).all())
        rows.push({ key, value: decodeJson(text, 'venue') });
      if (rows.length >= limit) break;
    }
    return rows;
  }

  async entries(range: { gt: string; lt: string }): Promise<[string, unknown][]> {
    return (await this.#db.iterator(range).all()).map(([key, text]) => [key, decodeJson(text, 'venue')]);
  }

  async keys(range: { gt: string; lt: string }): Promise<string[]> {
    return this.#db.keys(range).all();
  }

  /** The greatest number in use; 0 = none. */
  async lastNumber(prefix: 'n!' | 'k!'): Promise<number> {
    const end = `${prefix.slice(0, 1)}"`;
    const last = await this.#db.keys({ gt: prefix, lt: end, reverse: true, limit: 1 }).next();
    return last === undefined ? 0 : Number(last.slice(2));
  }

  /** LevelDB takes nothing after a failed write until it was closed. */
  async reopen(): Promise<void> {
    await this.#db.close();
    this.#db = await openDatabase(this.#location, 'venue', this.#storeKey);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}
