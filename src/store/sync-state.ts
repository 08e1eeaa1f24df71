import type { Programme } from '../domain/programme.js';
import type { CheckRecord, OutcomeRecord } from '../domain/records.js';
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

/** The same with the check itself: its journal record may be forgotten, this is kept for ever. Absent in records of 0.1.0. */
export interface RejectedCheck extends Rejected {
  check?: CheckRecord;
  outcome?: OutcomeRecord['outcome'];
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

  /** Every admission up to this sequence is dealt with, whatever lies between; 0 = none. */
  get admittedCursor(): number {
    const text = this.#db.getSync(keys.admittedCursor);
    return text === undefined ? 0 : decodeNumber(text, 'push cursor of admissions');
  }

  /** Moves the cursor and sets the refused ones aside in one synced batch. */
  acknowledge(through: number, rejected: readonly RejectedCheck[] = []): Promise<void> {
    return this.#move(keys.pushCursor, through, rejected);
  }

  /** The same for the admissions alone. */
  acknowledgeAdmitted(through: number, rejected: readonly RejectedCheck[] = []): Promise<void> {
    return this.#move(keys.admittedCursor, through, rejected);
  }

  async #move(key: string, through: number, rejected: readonly RejectedCheck[]): Promise<void> {
    await this.#db.batch(
      [
        { type: 'put', key, value: encodeJson(through) },
        ...rejected.map((r) => ({ type: 'put' as const, key: keys.rejected(r.seq), value: encodeJson(r) })),
      ],
      { sync: true },
    );
  }

  /** The newest ones, without the checks: their codes are admission rights, and this is for a status. */
  async rejected(limit: number): Promise<Rejected[]> {
    const values = await this.#db.values({ gt: 'q!', lt: 'q"', reverse: true, limit }).all();
    return values.map((v) => {
      const { seq, checkId, at, statusCode, statusDetail } = decodeJson(v, 'rejected check') as Rejected;
      return { seq, checkId, at, statusCode, statusDetail };
    });
  }

  /** Whole, with sequence > `after`, in order. */
  async rejectedAfter(after: number, limit: number): Promise<RejectedCheck[]> {
    const values = await this.#db.values({ gt: keys.rejected(after), lt: 'q"', limit }).all();
    return values.map((v) => decodeJson(v, 'rejected check') as RejectedCheck);
  }

  /** Goes on where another box was: its budget of calls, its catalogue, what was refused it. */
  async takeOver(from: { limiter?: unknown; programme?: unknown; refused: readonly RejectedCheck[] }): Promise<void> {
    const { limiter, programme, refused } = from;
    const put = (key: string, value: unknown) => ({ type: 'put' as const, key, value: encodeJson(value) });
    await this.#db.batch(
      [
        ...(limiter === undefined ? [] : [put(keys.limiter, limiter)]),
        ...(programme === undefined ? [] : [put(keys.programme, programme)]),
        ...refused.map((r) => put(keys.rejected(r.seq), r)),
      ],
      { sync: true },
    );
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

  /** The catalogue as last fetched; undefined = never. */
  loadProgramme(): Programme | undefined {
    const text = this.#db.getSync(keys.programme);
    return text === undefined ? undefined : (decodeJson(text, 'programme') as Programme);
  }

  async saveProgramme(programme: Programme): Promise<void> {
    await this.#db.put(keys.programme, encodeJson(programme), { sync: true });
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}
