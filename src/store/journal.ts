import type { CheckRecord, EventRecord, JournalRecord, OutcomeRecord } from '../domain/records.js';
import { checkIdOf } from '../domain/records.js';
import type { Programme } from '../domain/programme.js';
import type { Usage } from '../domain/usage.js';
import { fold, usageKey } from '../domain/fold.js';
import { NO_USAGE } from '../domain/usage.js';
import { PortillonError } from '../errors.js';
import { GENESIS, hashOfValue, link } from './chain.js';
import type { Operation } from './database.js';
import type { Head } from './head.js';
import { HeadMark } from './head.js';
import { keys } from './keys.js';
import type { Database, StoreKey, Tuning } from './open.js';
import { hintFor, openDatabase } from './open.js';
import { decodeOutcome, decodeRecord, encodeJson } from './records.js';
import { encodeUsage, openUsage } from './usage-bytes.js';

type Unnumbered<T> = T extends CheckRecord
  ? Omit<T, 'seq' | 'checkId'>
  : T extends JournalRecord
    ? Omit<T, 'seq'>
    : never;
export type NewRecord = Unnumbered<JournalRecord>;

type Outcome = OutcomeRecord['outcome'];
const isUsage = (key: string): boolean => key.startsWith('u!');
const barcodeOf = (key: string): string => key.slice(2);
export interface SettledChecks {
  checks: { check: CheckRecord; outcome: Outcome | undefined }[];
  scanned: number;
}

interface Waiting {
  record: JournalRecord;
  /** What goes into the same batch. */
  beside: readonly Operation[];
  done: (record: JournalRecord) => void;
  failed: (error: Error) => void;
}

type Batch = readonly Pick<Waiting, 'record' | 'beside'>[];

/** What a record changes beside itself and the usage; all of it can be folded from the records again. */
export function marks(record: JournalRecord): Operation[] {
  if (record.kind === 'check' && record.awaits && record.admitted)
    return [{ type: 'put', key: keys.awaiting(record.seq), value: encodeJson(record.seq) }];
  if (record.kind === 'outcome')
    return [
      { type: 'del', key: keys.awaiting(record.of) },
      { type: 'put', key: keys.outcome(record.of), value: encodeJson(record.outcome) },
    ];
  if (record.kind === 'event' && record.what === 'mode')
    return [{ type: 'put', key: keys.mode(record.lane), value: encodeJson(record) }];
  if (record.kind === 'repair') return [{ type: 'put', key: keys.repair, value: encodeJson(record.seq) }];
  if (record.kind === 'event' && (record.what === 'performances' || record.what === 'clock'))
    return [{ type: 'put', key: keys.setting(record.lane, record.what), value: encodeJson(record) }];
  if (record.kind === 'note' && record.programme)
    return [{ type: 'put', key: keys.setting('*', 'programme'), value: encodeJson(record) }];
  if (record.kind === 'checkpoint') return [{ type: 'put', key: keys.checkpoint, value: encodeJson(record.seq) }];
  return [];
}

/**
 * The append-only record of all checks. One durable batch is in flight at a time; later appends join the next one, so
 * records reach the disk in the order of their sequence and several lanes share one flush.
 *
 * Invariants: an append that resolved is on the disk together with the usage it means; sequences have no gap and no
 * repeat; after a failed write nothing more is written until `recover` has reopened the files, for LevelDB's log may end
 * in a torn record and what is written behind it could be lost. Each record carries the hash of the one before it on the disk.
 */
export class Journal {
  readonly #location: string;
  readonly #gate: string;
  readonly #storeKey: StoreKey;
  readonly #tuning: Tuning | undefined;
  readonly #mark: HeadMark;
  #db: Database | undefined;
  #next = 1;
  /** Hash of the last record on the disk. */
  #hash = GENESIS;
  #durable = 0;
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #failure: PortillonError | undefined;
  /** Usage that is ahead of the disk, with the last sequence in it. */
  readonly #pending = new Map<string, { usage: Usage; seq: number }>();
  /** The usage read last: one way of a scan asks for it several times. Good until the next batch is on the disk. */
  #read: { barcode: string; usage: Usage } | undefined;
  /** Records whose append was reported as failed; some may be on the disk all the same. */
  #doubtful: JournalRecord[] = [];

  private constructor(location: string, gate: string, storeKey: StoreKey, tuning: Tuning | undefined) {
    this.#tuning = tuning;
    this.#location = location;
    this.#gate = gate;
    this.#storeKey = storeKey;
    this.#mark = new HeadMark(location);
  }

  static async open(location: string, gate: string, storeKey?: StoreKey, tuning?: Tuning): Promise<Journal> {
    const journal = new Journal(location, gate, storeKey, tuning);
    await journal.#open();
    return journal;
  }

  async #open(): Promise<void> {
    const db = await openDatabase(this.#location, 'journal', this.#storeKey, this.#tuning);
    const [last] = await db.iterator({ gt: 'r!', lt: keys.recordsEnd, reverse: true, limit: 1 }).all();
    this.#next = last === undefined ? 1 : keys.seqOf(last[0]) + 1;
    this.#hash = hashOfValue(last?.[1]);
    this.#durable = this.#next - 1;
    this.#read = undefined;
    this.#db = db;
  }

  /** Sequence of the last record handed out; 0 = none. */
  get lastSeq(): number {
    return this.#next - 1;
  }

  /** The last record on the disk: what a person notes down to prove later that nothing was cut off. */
  get head(): Head {
    return { seq: this.#durable, hash: this.#hash };
  }

  /** True while an append is on its way. */
  get busy(): boolean {
    return this.#writing !== undefined;
  }

  /** For the rooms of the store alone. */
  get database(): Database {
    return this.#open_();
  }

  /** Why nothing can be written now; undefined = all is well. */
  get failure(): PortillonError | undefined {
    return this.#failure;
  }

  /**
   * Usage after every record handed to `append`, on the disk or on its way there: what is decided next is written behind it, so the
   * order of decisions is the order of records. Synchronous: it is part of a decision's snapshot.
   */
  usage(barcode: string): Usage {
    return this.#pending.get(barcode)?.usage ?? this.#stored(barcode);
  }

  #stored(barcode: string): Usage {
    if (this.#read?.barcode === barcode) return this.#read.usage;
    const bytes = this.#open_().bytesSync(keys.usage(barcode));
    const usage = bytes === undefined ? NO_USAGE : openUsage(bytes);
    this.#read = { barcode, usage };
    return usage;
  }

  /**
   * Appends durably. The sequence is taken now, the promise resolves when the record is on the disk.
   * Rejects with `JOURNAL_WRITE` when it is not: then nobody may be admitted on it. `beside` goes into the same batch.
   */
  append(record: NewRecord, beside: readonly Operation[] = []): Promise<JournalRecord> {
    if (this.#failure ?? !this.#db) return Promise.reject(this.#failure ?? closed());
    const seq = this.#next++;
    const numbered = this.#numbered(record, seq);
    for (const o of beside)
      if (o.type === 'del' && isUsage(o.key)) this.#pending.set(barcodeOf(o.key), { usage: NO_USAGE, seq });
    const barcode = usageKey(numbered);
    if (barcode !== undefined) this.#pending.set(barcode, { usage: fold(this.usage(barcode), numbered), seq });
    return new Promise((done, failed) => {
      this.#queue.push({ record: numbered, beside, done, failed });
      this.#writing ??= this.#drain();
    });
  }

  #numbered(record: NewRecord, seq: number): JournalRecord {
    return record.kind === 'check' ? { ...record, seq, checkId: checkIdOf(this.#gate, seq) } : { ...record, seq };
  }

  /** Goes the way of `append` as far as the disk, and forgets the record. It is numbered as the next one would be. */
  rehearse(record: NewRecord): JournalRecord {
    const numbered = this.#numbered(record, this.#next);
    this.#open_().rehearse(this.#prepared([{ record: numbered, beside: [] }]).operations);
    return numbered;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#failure) {
      const batch = this.#queue.splice(0);
      try {
        await this.#write(batch);
        for (const w of batch) w.done(w.record);
      } catch (cause) {
        this.#fail(cause, batch);
      }
    }
    this.#writing = undefined;
  }

  #prepared(batch: Batch): { operations: Operation[]; usages: ReadonlyMap<string, Usage>; hash: string } {
    const usages = new Map<string, Usage>();
    const operations: Operation[] = [];
    let hash = this.#hash;
    for (const { record, beside } of batch) {
      operations.push(...beside);
      for (const o of beside) if (o.type === 'del' && isUsage(o.key)) usages.set(barcodeOf(o.key), NO_USAGE);
      const barcode = usageKey(record);
      // Everything that waits is in this batch, so what is pending is what the batch ends in.
      if (barcode !== undefined)
        usages.set(
          barcode,
          this.#pending.get(barcode)?.usage ?? fold(usages.get(barcode) ?? this.#stored(barcode), record),
        );
      const linked = link(record, hash);
      hash = linked.hash;
      operations.push({ type: 'put', key: keys.record(record.seq), value: linked.text }, ...marks(record));
    }
    for (const [barcode, usage] of usages)
      if (usage !== NO_USAGE) operations.push({ type: 'put', key: keys.usage(barcode), value: encodeUsage(usage) });
    return { operations, usages, hash };
  }

  async #write(batch: Batch): Promise<void> {
    const { operations, usages, hash } = this.#prepared(batch);
    await this.#open_().batch(operations, { sync: true });
    this.#read = undefined;
    this.#hash = hash;
    this.#durable = batch.at(-1)?.record.seq ?? this.#durable;
    this.#mark.set(this.#durable, hash);
    for (const barcode of usages.keys())
      if ((this.#pending.get(barcode)?.seq ?? Infinity) <= this.#durable) this.#pending.delete(barcode);
  }

  /** Admissions of the process before whose outcome never came: written as `unknown` before anything is reported. */
  async settleUnknown(now: number): Promise<number> {
    const open = await this.#open_().keys({ gt: 'w!', lt: keys.awaitingEnd }).all();
    for (const seq of open.map(keys.seqOf)) {
      const check = await this.read(seq);
      if (check?.kind !== 'check') throw new PortillonError('STORE_DAMAGED', `check ${seq} is awaited and not there`);
      const { barcode } = check;
      await this.append({ kind: 'outcome', at: now, of: seq, outcome: 'unknown', barcode, why: 'restart' });
    }
    return open.length;
  }

  /** The mode a lane was left in; undefined = never set. */
  modeOf(lane: string): EventRecord | undefined {
    const text = this.#open_().getSync(keys.mode(lane));
    return text === undefined ? undefined : (decodeRecord(text) as EventRecord);
  }

  /** What somebody last set at a lane (`performances`, `clock`); undefined = never. */
  setting(lane: string, what: string): EventRecord | undefined {
    const text = this.#open_().getSync(keys.setting(lane, what));
    return text === undefined ? undefined : (decodeRecord(text) as EventRecord);
  }

  /** The programme that was last written down; undefined = none yet. */
  programme(): Programme | undefined {
    const text = this.#open_().getSync(keys.setting('*', 'programme'));
    const record = text === undefined ? undefined : decodeRecord(text);
    return record?.kind === 'note' ? record.programme : undefined;
  }

  #fail(cause: unknown, batch: Waiting[]): void {
    const error = new PortillonError('JOURNAL_WRITE', `the journal cannot be written: ${(cause as Error).message}`, {
      cause,
      hint: hintFor(cause),
    });
    this.#failure = error;
    this.#pending.clear();
    const all = [...batch, ...this.#queue.splice(0)];
    this.#doubtful.push(...all.map((w) => w.record));
    for (const w of all) w.failed(error);
  }

  /**
   * Reopens after a failed write and proves that writing works again. Admissions that were reported as failed but did
   * reach the disk are given back: their barrier never opened.
   */
  async recover(now: number): Promise<void> {
    if (!this.#failure) return;
    await this.#db?.close();
    this.#db = undefined;
    await this.#open();
    const doubtful = this.#doubtful;
    const records: JournalRecord[] = [];
    for (const record of doubtful) {
      if (record.kind !== 'check' || !record.admitted || (await this.read(record.seq)) === undefined) continue;
      records.push({
        kind: 'outcome',
        seq: 0,
        at: now,
        of: record.seq,
        outcome: 'not-passed',
        barcode: record.barcode,
        ...(record.slot !== undefined && { slot: record.slot }),
        why: 'journal-unavailable',
      });
    }
    records.push({ kind: 'note', seq: 0, at: now, what: 'journal written again after a failure' });
    const first = this.#next;
    const numbered = records.map((r, i) => ({ record: { ...r, seq: first + i }, beside: [] }));
    // A failure here leaves the old one in force: the caller tries again later.
    await this.#write(numbered);
    this.#next = first + numbered.length;
    this.#doubtful = [];
    this.#failure = undefined;
  }

  async read(seq: number): Promise<JournalRecord | undefined> {
    const text = await this.#open_().get(keys.record(seq));
    return text === undefined ? undefined : decodeRecord(text);
  }

  /** Records with sequence > `after`, at most `through`, in order. */
  async readAfter(after: number, limit: number, through = Number.MAX_SAFE_INTEGER): Promise<JournalRecord[]> {
    const end = Math.min(through, this.lastSeq);
    if (after >= end) return [];
    const values = await this.#open_()
      .values({ gt: keys.record(after), lte: keys.record(end), limit })
      .all();
    return values.map(decodeRecord);
  }

  /** Checks with sequence > `after`, at most `through`, each with its outcome, those of other gates included; `scanned` is how far was read. */
  async checksAfter(after: number, limit: number, through: number): Promise<SettledChecks> {
    const records = await this.readAfter(after, limit, through);
    const checks: SettledChecks['checks'] = [];
    for (const check of records) {
      if (check.kind === 'remote') checks.push({ check: { ...check.check, seq: check.seq }, outcome: check.outcome });
      if (check.kind !== 'check') continue;
      const outcome = check.admitted ? this.#open_().getSync(keys.outcome(check.seq)) : undefined;
      checks.push({ check, outcome: outcome === undefined ? undefined : decodeOutcome(outcome) });
    }
    return { checks, scanned: records.at(-1)?.seq ?? after };
  }

  /** The newest records first. */
  async latest(limit: number): Promise<JournalRecord[]> {
    const values = await this.#open_().values({ gt: 'r!', lt: keys.recordsEnd, reverse: true, limit }).all();
    return values.map(decodeRecord);
  }

  /** Waits for what is in flight, then closes. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#mark.close();
    await this.#db?.close();
    this.#db = undefined;
  }

  #open_(): Database {
    if (!this.#db) throw this.#failure ?? closed();
    return this.#db;
  }
}

const closed = (): PortillonError => new PortillonError('JOURNAL_CLOSED', 'the journal is closed');
