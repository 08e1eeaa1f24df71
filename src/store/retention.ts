import type { Clock } from '../clock.js';
import { fold, usageKey } from '../domain/fold.js';
import type { JournalRecord } from '../domain/records.js';
import type { Usage } from '../domain/usage.js';
import { lastMoment, NO_USAGE } from '../domain/usage.js';
import { readBase } from './base.js';
import { GENESIS, hashOfValue } from './chain.js';
import type { Operation } from './database.js';
import type { Journal } from './journal.js';
import { keys } from './keys.js';
import { decodeRecord } from './records.js';
import { decodeUsage, encodeUsage } from './usage-bytes.js';
import { Digest } from './usage-digest.js';

/** Records a piece takes: one batch of this size delays the scan behind it by less than a millisecond. */
const PIECE = 64;
/** Milliseconds between two pieces, and between two looks when there is nothing to do. */
const PAUSE = 50;
const LOOK_EVERY = 10_000;
/** Milliseconds a piece lets a busy gate go first, at most. */
const PATIENCE = 30_000;
/** Bytes free below which the oldest acknowledged checks go before their time. */
const TIGHT = 48 * 1024 * 1024;
/** Records after which the space is really given back, when it is needed. */
const COMPACT_EVERY = 2_000;
/** Milliseconds between two rounds over the usage of all tickets. */
const USAGE_EVERY = 24 * 3_600_000;

export interface RetentionParts {
  journal: Journal;
  clock: Clock;
  /** Highest sequence that SecuTix has dealt with and whose end is known. */
  acknowledged: () => number;
  /** Milliseconds. */
  keepChecks: number;
  keepUsage: number;
  /** Bytes free on the volume. */
  free: () => number;
  /** The time is known: a clock that jumped years ahead must not make everything old. */
  timeKnown: () => boolean;
}

export interface RetentionCounts {
  records: number;
  usages: number;
  /** True while the disk is so full that checks go before their time. */
  early: boolean;
}

/**
 * Forgets what may be forgotten, in small pieces between the scans: acknowledged, settled and old records, oldest first. What they mean for usage
 * is folded into the base first; both are one batch with the checkpoint that says so. Never anything SecuTix has not
 * acknowledged.
 */
export class Retention {
  readonly counts: RetentionCounts = { records: 0, usages: 0, early: false };
  readonly #p: RetentionParts;
  #sinceCompaction = 0;
  #usageAfter = 'b!';
  #usageNext = 0;

  constructor(parts: RetentionParts) {
    this.#p = parts;
  }

  /** Until `signal` aborts. A failed piece is no loss: nothing of it happened, and it comes again. */
  async run(signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    const { clock, journal } = this.#p;
    while (!signal.aborted) {
      let more = false;
      try {
        if (!journal.failure) more = await this.piece();
      } catch (error) {
        failed(error);
      }
      await clock.sleep(more ? PAUSE : LOOK_EVERY, signal);
      const end = clock.monotonic() + PATIENCE;
      while (more && journal.busy && clock.monotonic() < end && !signal.aborted) await clock.sleep(PAUSE, signal);
    }
  }

  /** One piece; true = there is more to do now. */
  async piece(): Promise<boolean> {
    const early = this.#p.free() < TIGHT;
    this.counts.early = early;
    return (await this.#records(early)) || (await this.#usages());
  }

  async #records(early: boolean): Promise<boolean> {
    const { journal, clock, keepChecks } = this.#p;
    const db = journal.database;
    const base = await readBase(db);
    const through = this.#p.acknowledged();
    const entries = await db.iterator({ gt: 'r!', lte: keys.record(through), limit: PIECE }).all();
    const old = this.#p.timeKnown() ? clock.now() - keepChecks : Number.NEGATIVE_INFINITY;
    const records: [JournalRecord, string][] = [];
    for (const [, text] of entries) {
      const record = decodeRecord(text);
      if (!early && record.at >= old) break;
      if (db.getSync(keys.awaiting(record.seq)) !== undefined) break;
      records.push([record, text]);
    }
    // A checkpoint for every single record that comes of age would never end; with a full piece it pays.
    if (records.length < (early ? 1 : PIECE)) return false;
    const last = records.at(-1) as [JournalRecord, string];
    const usages = new Map<string, Usage>();
    for (const [record] of records) {
      const barcode = record.seq > base.folded ? usageKey(record) : undefined;
      if (barcode === undefined) continue;
      const bytes = db.bytesSync(keys.baseUsage(barcode));
      usages.set(barcode, fold(usages.get(barcode) ?? (bytes ? decodeUsage(bytes) : NO_USAGE), record));
    }
    const digest = new Digest(base.digest);
    const operations: Operation[] = records.flatMap(([{ seq }]) => [
      { type: 'del', key: keys.record(seq) },
      { type: 'del', key: keys.outcome(seq) },
    ]);
    for (const [barcode, usage] of usages) {
      const key = keys.baseUsage(barcode);
      const before = db.bytesSync(key);
      if (before) digest.remove(key, before);
      const value = encodeUsage(usage);
      digest.add(key, value);
      operations.push({ type: 'put', key, value });
    }
    await journal.append(
      {
        kind: 'checkpoint',
        at: clock.now(),
        through: last[0].seq,
        hash: hashOfValue(last[1]),
        usage: digest.toString(),
      },
      operations,
    );
    this.counts.records += records.length;
    await this.#giveBack(records.length, early);
    return true;
  }

  async #giveBack(records: number, early: boolean): Promise<void> {
    this.#sinceCompaction += records;
    if (!early || this.#sinceCompaction < COMPACT_EVERY) return;
    this.#sinceCompaction = 0;
    await this.#p.journal.database.compactRange('o!', 's!');
  }

  /** Usage of tickets nobody has used for long, of which no record is left. */
  async #usages(): Promise<boolean> {
    const { journal, clock, keepUsage } = this.#p;
    if (clock.monotonic() < this.#usageNext || !this.#p.timeKnown()) return false;
    const db = journal.database;
    const rows = await db.bytes({ gt: this.#usageAfter, lt: 'b"', limit: PIECE * 4 }).all();
    this.#usageAfter = rows.at(-1)?.[0] ?? 'b!';
    if (rows.length === 0) this.#usageNext = clock.monotonic() + USAGE_EVERY;
    const old = clock.now() - keepUsage;
    const gone = rows.filter(([key, bytes]) => {
      const now = db.bytesSync(keys.usage(key.slice(2)));
      return isOver(bytes, old) && (!now || isOver(now, old));
    });
    if (gone.length > 0) {
      const base = await readBase(db);
      const digest = new Digest(base.digest);
      for (const [key, bytes] of gone) digest.remove(key, bytes);
      const { through, hash } = base.checkpoint ?? { through: 0, hash: GENESIS };
      await journal.append(
        { kind: 'checkpoint', at: clock.now(), through, hash, usage: digest.toString() },
        gone.flatMap(([key]): Operation[] => [
          { type: 'del', key },
          { type: 'del', key: keys.usage(key.slice(2)) },
        ]),
      );
      this.counts.usages += gone.length;
    }
    return rows.length > 0;
  }
}

function isOver(bytes: Uint8Array, before: number): boolean {
  const usage = decodeUsage(bytes);
  return !usage.blocked && lastMoment(usage) < before;
}
