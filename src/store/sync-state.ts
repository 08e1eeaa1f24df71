import { keys } from './keys.js';
import type { Database, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { decodeJson, decodeNumber, encodeJson } from './records.js';

/** A check that SecuTix refused when it stood alone, with SecuTix's words. Set aside, never deleted. */
export interface Rejected {
  seq: number;
  checkId: string;
  at: number;
  statusCode: string | null;
  statusDetail: string | null;
}

/** What the sync worker must remember: how far the journal is acknowledged, what was refused, when it last called. */
export class SyncState {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  static async open(location: string, storeKey?: StoreKey): Promise<SyncState> {
    return new SyncState(await openDatabase(location, 'sync', storeKey));
  }

  /** Highest sequence dealt with; 0 = none. */
  get pushCursor(): number {
    const text = this.#db.getSync(keys.pushCursor);
    return text === undefined ? 0 : decodeNumber(text, 'push cursor');
  }

  /** Moves the cursor and sets the refused ones aside in one synced batch. */
  async acknowledge(through: number, rejected: readonly Rejected[] = []): Promise<void> {
    await this.#db.batch(
      [
        { type: 'put', key: keys.pushCursor, value: encodeJson(through) },
        ...rejected.map((r) => ({ type: 'put' as const, key: keys.rejected(r.seq), value: encodeJson(r) })),
      ],
      { sync: true },
    );
  }

  async rejected(limit: number): Promise<Rejected[]> {
    const values = await this.#db.values({ gt: 'q!', lt: 'q"', reverse: true, limit }).all();
    return values.map((v) => decodeJson(v, 'rejected check') as Rejected);
  }

  async countRejected(): Promise<number> {
    return (await this.#db.keys({ gt: 'q!', lt: 'q"' }).all()).length;
  }

  /** Raw text of the limiter's state; its meaning belongs to `secutix/limiter`. */
  loadLimiter(): unknown {
    const text = this.#db.getSync(keys.limiter);
    return text === undefined ? undefined : decodeJson(text, 'limiter state');
  }

  async saveLimiter(state: unknown): Promise<void> {
    await this.#db.put(keys.limiter, encodeJson(state), { sync: true });
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}
