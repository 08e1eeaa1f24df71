import { crc32 } from 'node:zlib';
import { fold, usageKey } from '../domain/fold.js';
import type { JournalRecord, RepairRecord } from '../domain/records.js';
import { HANDOVER_NOTE } from '../domain/records.js';
import type { Usage } from '../domain/usage.js';
import { NO_USAGE } from '../domain/usage.js';
import { describeError } from '../errors.js';
import type { Base } from './base.js';
import { readBase } from './base.js';
import { CHAINED, GENESIS, hashOfValue, openLink } from './chain.js';
import type { Database, KeyRange } from './database.js';
import type { Head } from './head.js';
import { keys } from './keys.js';
import { decodeOutcome, decodeRecord } from './records.js';
import { decodeUsage, encodeUsage } from './usage-bytes.js';
import { Digest } from './usage-digest.js';

/** Entries read at once: the lanes' thread is held up for well under a millisecond. */
const AT_ONCE = 100;
/** Tickets whose usage is folded at once. */
const BUCKET = 50_000;
const MAX_PROBLEMS = 50;

export interface Verification {
  ok: boolean;
  records: number;
  first: number;
  head: Head;
  /** Records of before the chain: nothing can be proved of them alone. */
  unchained: number;
  tickets: number;
  problems: string[];
  /** What is missing and was said to be: by a checkpoint, by a repair. */
  remarks: string[];
}

/**
 * Proves that no record was removed, changed or put in, and that usage is what the records say. `known` is a head that was noted
 * down elsewhere: a journal that ends before it, or has another record in its place, has lost its end.
 */
export async function verifyJournal(db: Database, known?: Head): Promise<Verification> {
  const snapshot = db.snapshot();
  try {
    return await new Verifier(db, { snapshot }, known).run();
  } finally {
    await snapshot.close();
  }
}

class Verifier {
  readonly #db: Database;
  readonly #at: Pick<KeyRange, 'snapshot'>;
  readonly #known: Head | undefined;
  readonly #problems: string[] = [];
  #more = 0;

  constructor(db: Database, at: Pick<KeyRange, 'snapshot'>, known: Head | undefined) {
    this.#db = db;
    this.#at = at;
    this.#known = known;
  }

  #problem(text: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(text);
    else this.#more++;
  }

  async #each(range: KeyRange, look: (key: string, value: Uint8Array) => void): Promise<void> {
    const cursor = this.#db.bytes({ ...range, ...this.#at });
    try {
      for (let batch = await cursor.nextv(AT_ONCE); batch.length > 0; batch = await cursor.nextv(AT_ONCE))
        for (const [key, value] of batch) look(key, value);
    } catch (error) {
      this.#problem(`the files cannot be read to their end: ${describeError(error)}`);
    } finally {
      await cursor.close();
    }
  }

  async run(): Promise<Verification> {
    const base = await readBase(this.#db);
    const result = { records: 0, first: 0, unchained: 0, tickets: 0 };
    const remarks: string[] = [];
    const gaps: [number, number][] = [];
    const repairs: RepairRecord[] = [];
    const seen: { seq: number; hash: string }[] = [];
    let [last, hash] = [0, GENESIS];
    await this.#each(RECORDS, (key, bytes) => {
      const seq = keys.seqOf(key);
      const text = Buffer.from(bytes).toString('utf8');
      const { checkpoint } = base;
      if (result.records === 0) {
        result.first = seq;
        if (checkpoint && seq > checkpoint.through) {
          [last, hash] = [checkpoint.through, checkpoint.hash];
          if (last > 0)
            remarks.push(`records up to ${last} were forgotten after their time (checkpoint ${checkpoint.seq})`);
        }
      }
      result.records++;
      if (seq !== last + 1) gaps.push([last + 1, seq - 1]);
      else if (!this.#follows(seq, text, hash))
        this.#problem(`record ${seq} does not follow the one before it: one was changed or put in`);
      if (!text.startsWith(CHAINED)) result.unchained++;
      const record = this.#record(seq, text);
      if (record?.kind === 'repair') repairs.push(record);
      if (record?.kind === 'note' && record.what.startsWith(HANDOVER_NOTE))
        remarks.push(`${new Date(record.at).toISOString()} ${record.what} (record ${seq})`);
      [last, hash] = [seq, hashOfValue(text)];
      if (seq === this.#known?.seq) seen.push({ seq, hash });
    });
    for (const [from, to] of gaps) {
      const said = repairs.find((r) => r.lost.some(([a, b]) => a === from && b === to));
      const what = from === to ? `record ${from} is` : `records ${from} to ${to} are`;
      if (said) remarks.push(`${what} lost: ${said.why} (repair ${said.seq})`);
      else this.#problem(`${what} missing`);
    }
    this.#checkHead(last, seen);
    if (base.checkpoint === undefined && base.repair === undefined && result.first > 1)
      this.#problem('nothing says where the beginning went');
    result.tickets = await this.#usages(base, result.records);
    if (this.#more > 0) this.#problem(`and ${this.#more} more`);
    return { ok: this.#problems.length === 0, ...result, head: { seq: last, hash }, problems: this.#problems, remarks };
  }

  #follows(seq: number, text: string, hash: string): boolean {
    if (!text.startsWith(CHAINED)) return true;
    try {
      return openLink(text).before === hash;
    } catch {
      this.#problem(`record ${seq} was changed: its bytes do not give its hash`);
      return true;
    }
  }

  #record(seq: number, text: string): JournalRecord | undefined {
    try {
      const record = decodeRecord(text);
      if (record.seq === seq) return record;
      this.#problem(`record ${seq} is in the place of another`);
    } catch (error) {
      this.#problem(`record ${seq}: ${describeError(error)}`);
    }
    return undefined;
  }

  #checkHead(last: number, seen: readonly Head[]): void {
    const known = this.#known;
    if (!known) return;
    if (last < known.seq) this.#problem(`the end is missing: record ${known.seq} was written, and ${last} is the last`);
    else if (seen[0] && seen[0].hash !== known.hash)
      this.#problem(`record ${known.seq} is another than the one that was noted down`);
  }

  /** Usage and outcomes are what base and records fold to; some tickets at a time. */
  async #usages({ folded, digest, checkpoint }: Base, records: number): Promise<number> {
    const forgotten = checkpoint?.through ?? 0;
    const buckets = Math.max(1, Math.ceil(records / BUCKET));
    const sum = new Digest();
    let tickets = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const mine = (barcode: string): boolean => buckets === 1 || crc32(barcode) % buckets === bucket;
      const usages = new Map<string, Usage>();
      await this.#each({ gt: 'b!', lt: 'b"' }, (key, value) => {
        const barcode = key.slice(2);
        if (!mine(barcode)) return;
        sum.add(key, value);
        const usage = this.#usage(barcode, value);
        if (usage) usages.set(barcode, usage);
      });
      await this.#each(RECORDS, (_key, value) => {
        const record = holds(() => decodeRecord(Buffer.from(value).toString('utf8')));
        if (!record) return;
        // The outcome of a check that was forgotten is in its own record alone.
        if (bucket === 0 && record.kind === 'outcome' && record.of > forgotten)
          this.#outcome(record.of, record.outcome);
        const barcode = record.seq > folded ? usageKey(record) : undefined;
        if (barcode !== undefined && mine(barcode)) usages.set(barcode, fold(usages.get(barcode) ?? NO_USAGE, record));
      });
      await this.#each({ gt: 'u!', lt: 'u"' }, (key, value) => {
        const barcode = key.slice(2);
        if (!mine(barcode)) return;
        const there = this.#usage(barcode, value);
        const wanted = usages.get(barcode) ?? NO_USAGE;
        usages.delete(barcode);
        tickets++;
        if (there && !Buffer.from(encodeUsage(there)).equals(encodeUsage(wanted)))
          this.#problem('the usage of a ticket is not what the records say');
      });
      for (const usage of usages.values()) if (usage !== NO_USAGE) this.#problem('the usage of a ticket is missing');
    }
    if (sum.toString() !== digest) this.#problem('usage that was kept from forgotten records was changed or removed');
    return tickets;
  }

  #usage(barcode: string, bytes: Uint8Array): Usage | undefined {
    const usage = holds(() => decodeUsage(bytes));
    if (!usage) this.#problem(`the usage of a ticket (${crc32(barcode).toString(16)}) is damaged`);
    return usage;
  }

  #outcome(of: number, wanted: string): void {
    const text = this.#db.getSync(keys.outcome(of));
    const there = text === undefined ? undefined : holds(() => decodeOutcome(text));
    if (there !== wanted) this.#problem(`the outcome of check ${of} is not what its record says`);
  }
}

const RECORDS = { gt: 'r!', lt: keys.recordsEnd };

const holds = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
