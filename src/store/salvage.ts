import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ClassicLevel } from 'classic-level';
import { fold, usageKey } from '../domain/fold.js';
import type { JournalRecord, RepairRecord } from '../domain/records.js';
import type { Usage } from '../domain/usage.js';
import { COUNTED_IN, COUNTED_OUT, NO_USAGE } from '../domain/usage.js';
import { GENESIS, hashOfValue, link } from './chain.js';
import type { Database, Operation } from './database.js';
import { marks } from './journal.js';
import { keys } from './keys.js';
import type { StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { decodeOutcome, decodeRecord } from './records.js';
import { Seal } from './seal.js';
import { decodeUsage, encodeUsage } from './usage-bytes.js';
import { Digest } from './usage-digest.js';

/**
 * Sequences left free behind the highest one known: more than a gate writes between two marks of its head, so that no check
 * ID is ever given twice.
 */
const MARGIN = 10_000;
const AT_ONCE = 500;

export interface Salvage {
  lost: RepairRecord['lost'];
  kept: number;
  /** Sequence of the record that says so. */
  seq: number;
}

interface SalvageOptions {
  /** The damaged journal; it is only read. */
  from: string;
  /** A folder that is not there yet: the new journal. */
  to: string;
  /** A file that is not there yet: the readable records, a line each. */
  exportFile: string;
  storeKey: StoreKey;
  /** Highest sequence that is known from elsewhere (the head's mark, SecuTix's acknowledgement). */
  seenElsewhere: number;
  now: number;
  why: string;
  /** Name the damaged folder will have. */
  aside: string;
}

/**
 * Carries what can be read over into a new journal. The damaged files are not touched: LevelDB's own repair works on links
 * to them, and it makes new files only. Each record must prove itself. Usage is what survived of it, and the records
 * folded over it: whoever is known to have used a ticket in either has used it.
 */
export async function salvageJournal(o: SalvageOptions): Promise<Salvage> {
  const work = `${o.to}.work`;
  for (const folder of [work, o.to]) rmSync(folder, { recursive: true, force: true });
  await linkAndRepair(o.from, work);
  const source = await openDatabase(work, 'journal', o.storeKey, 'for repair');
  const target = await openDatabase(o.to, 'journal', o.storeKey);
  try {
    await copyTables(source, target);
    return await copyRecords(source, target, o);
  } finally {
    await source.close();
    await target.close();
    rmSync(work, { recursive: true, force: true });
  }
}

async function linkAndRepair(from: string, work: string): Promise<void> {
  mkdirSync(work);
  for (const name of readdirSync(from, { withFileTypes: true })) {
    if (!name.isFile() || name.name === 'LOCK') continue;
    const [a, b] = [path.join(from, name.name), path.join(work, name.name)];
    try {
      linkSync(a, b);
    } catch {
      copyFileSync(a, b);
    }
  }
  // When even this fails, there is nothing that LevelDB could read.
  await ClassicLevel.repair(work).catch(() => rmSync(work, { recursive: true }));
}

/** Usage and outcomes that can be read. */
async function copyTables(source: Database, target: Database): Promise<void> {
  const copy = async (range: { gt: string; lt: string }, valid: (value: Uint8Array) => unknown): Promise<void> => {
    for await (const batch of readable(source, range)) {
      const good = batch.filter(([, value]) => holds(() => valid(value)));
      await target.batch(
        good.map(([key, value]) => ({ type: 'put', key, value })),
        { sync: false },
      );
    }
  };
  await copy({ gt: 'u!', lt: 'u"' }, decodeUsage);
  await copy({ gt: 'b!', lt: 'b"' }, decodeUsage);
  await copy({ gt: 'o!', lt: 'o"' }, (v) => decodeOutcome(Buffer.from(v).toString('utf8')));
}

async function copyRecords(source: Database, target: Database, o: SalvageOptions): Promise<Salvage> {
  // Named after a folder that is not there yet: one of this name is the half of a repair that was cut off in the same second.
  const file = openSync(o.exportFile, 'w', 0o600);
  const seal = o.storeKey && new Seal(o.storeKey, 'export');
  const missing: [number, number][] = [];
  let [last, kept, gone, hash] = [0, 0, 0, GENESIS];
  try {
    for await (const batch of readable(source, { gt: 'r!', lt: keys.recordsEnd })) {
      const operations: Operation[] = [];
      const usages = new Map<string, Usage>();
      for (const [key, bytes] of batch) {
        const seq = keys.seqOf(key);
        const value = Buffer.from(bytes).toString('utf8');
        const record = holds(() => decodeRecord(value));
        if (record?.seq !== seq) continue;
        if (seq > last + 1) missing.push([last + 1, seq - 1]);
        if (record.kind === 'checkpoint') gone = Math.max(gone, record.through);
        [last, hash] = [seq, hashOfValue(value)];
        kept++;
        operations.push({ type: 'put', key, value }, ...marks(record).filter((m) => !isSettled(m, target)));
        foldOver(target, usages, record);
        writeSync(
          file,
          `${seal ? seal.close(Buffer.from(JSON.stringify(record)), 'line').toString('base64') : JSON.stringify(record)}\n`,
        );
      }
      for (const [barcode, usage] of usages)
        operations.push({ type: 'put', key: keys.usage(barcode), value: encodeUsage(usage) });
      await target.batch(operations, { sync: false });
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const seq = Math.max(last, o.seenElsewhere) + MARGIN;
  if (seq > last + 1) missing.push([last + 1, seq - 1]);
  kept -= await forgetAgain(target, gone);
  // What a checkpoint says is gone was not lost.
  const lost = missing.flatMap(([a, b]): [number, number][] => (b > gone ? [[Math.max(a, gone + 1), b]] : []));
  const usage = await rebase(target);
  const aside = path.basename(o.aside);
  const record: RepairRecord = { kind: 'repair', seq, at: o.now, lost, kept, why: o.why, aside, usage };
  await target.batch([{ type: 'put', key: keys.record(seq), value: link(record, hash).text }, ...marks(record)], {
    sync: true,
  });
  return { lost, kept, seq };
}

/** From here on the usage of now is the base: what survived of it cannot be folded from the records any more. */
async function rebase(target: Database): Promise<string> {
  const digest = new Digest();
  // Usage of which only the base survived, and no record.
  for await (const batch of readable(target, { gt: 'b!', lt: 'b"' })) {
    const alone = batch.filter(([key]) => !target.bytesSync(keys.usage(key.slice(2))));
    await target.batch(
      alone.map(([key, value]) => ({ type: 'put', key: keys.usage(key.slice(2)), value })),
      { sync: false },
    );
  }
  for await (const batch of readable(target, { gt: 'u!', lt: 'u"' })) {
    const rows = batch.map(([key, value]) => ({ type: 'put' as const, key: keys.baseUsage(key.slice(2)), value }));
    for (const { key, value } of rows) digest.add(key, value);
    await target.batch(rows, { sync: false });
  }
  return digest.toString();
}

/** A lost file can bring back what was forgotten after its time. */
async function forgetAgain(target: Database, through: number): Promise<number> {
  const gone = await target.keys({ gt: 'r!', lte: keys.record(through) }).all();
  const operations = gone.map(keys.seqOf).flatMap((seq): Operation[] => [
    { type: 'del', key: keys.record(seq) },
    { type: 'del', key: keys.outcome(seq) },
    { type: 'del', key: keys.awaiting(seq) },
  ]);
  await target.batch(operations, { sync: false });
  return gone.length;
}

/** An admission whose outcome survived is not waited for. */
const isSettled = (mark: Operation, target: Database): boolean =>
  mark.type === 'put' && mark.key.startsWith('w!') && target.getSync(keys.outcome(keys.seqOf(mark.key))) !== undefined;

/** Folding twice is harmless, but for entries that are only counted: of those the surviving usage is trusted. */
function foldOver(target: Database, usages: Map<string, Usage>, record: JournalRecord): void {
  const barcode = usageKey(record);
  if (barcode === undefined) return;
  const bytes = target.bytesSync(keys.usage(barcode));
  const counted = 'slot' in record && (record.slot === COUNTED_IN || record.slot === COUNTED_OUT);
  if (counted && bytes) return;
  const base = target.bytesSync(keys.baseUsage(barcode));
  const before = usages.get(barcode) ?? (bytes ? decodeUsage(bytes) : base ? decodeUsage(base) : NO_USAGE);
  usages.set(barcode, fold(before, record));
}

const holds = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** Reads a range over places that cannot be read: behind them it is sought with growing steps where keys are numbers. */
async function* readable(db: Database, range: { gt: string; lt: string }): AsyncGenerator<[string, Uint8Array][]> {
  const numbered = range.gt === 'r!' || range.gt === 'o!';
  let after = range.gt;
  for (let step = 1; step < 2 ** 40; step *= 2) {
    const cursor = db.bytes({ ...range, gt: after });
    try {
      for (let batch = await cursor.nextv(AT_ONCE); batch.length > 0; batch = await cursor.nextv(AT_ONCE)) {
        [after] = batch.at(-1) as [string, Uint8Array];
        step = 1;
        yield batch;
      }
      return;
    } catch {
      if (!numbered) return;
      const seq = after === range.gt ? 0 : keys.seqOf(after);
      after = range.gt + keys.record(seq + step).slice(2);
    } finally {
      await cursor.close();
    }
  }
}
