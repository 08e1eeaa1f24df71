import { fold, usageKey } from '../domain/fold.js';
import type { Usage } from '../domain/usage.js';
import { NO_USAGE } from '../domain/usage.js';
import { readBase } from './base.js';
import type { Database, Operation } from './database.js';
import { keys } from './keys.js';
import { decodeRecord } from './records.js';
import { decodeUsage, encodeUsage } from './usage-bytes.js';

/** Entries written at once. */
const PIECE = 1_000;

export interface Rebuilt {
  records: number;
  tickets: number;
  /** Tickets whose stored usage was not what the records say. */
  changed: number;
}

/**
 * Usage is derived: this throws it away and folds it again from what the checkpoints kept and the records behind them. Of a gate that does
 * not run; cut off in the middle it is simply run again.
 */
export async function rebuildUsage(db: Database): Promise<Rebuilt> {
  const { folded } = await readBase(db);
  const usages = new Map<string, Usage>();
  for await (const [key, bytes] of db.bytes({ gt: 'b!', lt: 'b"' })) usages.set(key.slice(2), decodeUsage(bytes));
  let records = 0;
  for await (const text of db.values({ gt: keys.record(folded), lt: keys.recordsEnd })) {
    const record = decodeRecord(text);
    records++;
    const barcode = usageKey(record);
    if (barcode !== undefined) usages.set(barcode, fold(usages.get(barcode) ?? NO_USAGE, record));
  }
  let changed = 0;
  let operations: Operation[] = [];
  const write = async (operation: Operation): Promise<void> => {
    if (operations.push(operation) < PIECE) return;
    await db.batch(operations, { sync: true });
    operations = [];
  };
  for await (const key of db.keys({ gt: 'u!', lt: 'u"' })) {
    if (usages.has(key.slice(2))) continue;
    changed++;
    await write({ type: 'del', key });
  }
  for (const [barcode, usage] of usages) {
    const key = keys.usage(barcode);
    const value = encodeUsage(usage);
    const before = db.bytesSync(key);
    if (before && Buffer.compare(before, value) === 0) continue;
    changed++;
    await write({ type: 'put', key, value });
  }
  if (operations.length > 0) await db.batch(operations, { sync: true });
  return { records, tickets: usages.size, changed };
}
