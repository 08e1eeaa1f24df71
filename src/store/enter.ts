import { fold, usageKey } from '../domain/fold.js';
import type { JournalRecord } from '../domain/records.js';
import type { Usage } from '../domain/usage.js';
import { NO_USAGE } from '../domain/usage.js';
import { readBase } from './base.js';
import type { Database, Operation } from './database.js';
import { keys } from './keys.js';
import { openDatabase } from './open.js';
import { decodeRecord } from './records.js';
import { decodeUsage, encodeUsage } from './usage-bytes.js';

const AT_ONCE = 1_000;

async function* each(db: Database, prefix: string): AsyncGenerator<[string, Uint8Array][]> {
  const cursor = db.bytes({ gt: `${prefix}!`, lt: `${prefix}"` });
  try {
    for (let some = await cursor.nextv(AT_ONCE); some.length > 0; some = await cursor.nextv(AT_ONCE)) yield some;
  } finally {
    await cursor.close();
  }
}

/** A record that was left as a note for an older release is what it was again. */
function restored(record: JournalRecord): JournalRecord | undefined {
  if (record.kind !== 'note' || !('was' in record)) return undefined;
  const { was, ...rest } = record as typeof record & { was: string };
  return { ...rest, kind: was } as unknown as JournalRecord;
}

/**
 * A journal of format 1 in the forms of this release: usage is folded from the records again, for format 1 knew less of it than they tell. The
 * records stay as they are. May be cut off at any instant and done again.
 */
export async function enterFromFirst(location: string): Promise<void> {
  const db = await openDatabase(location, 'journal');
  try {
    for await (const some of each(db, 'r')) {
      const back = some.flatMap(([key, value]): Operation[] => {
        const record = restored(decodeRecord(Buffer.from(value).toString('utf8')));
        return record ? [{ type: 'put', key, value: `1${JSON.stringify(record)}` }] : [];
      });
      if (back.length > 0) await db.batch(back, { sync: true });
    }
    const { folded } = await readBase(db);
    const usages = new Map<string, Usage>();
    for await (const some of each(db, 'b'))
      for (const [key, value] of some) usages.set(key.slice(2), decodeUsage(value));
    for await (const some of each(db, 'r'))
      for (const [, value] of some) {
        const record = decodeRecord(Buffer.from(value).toString('utf8'));
        const barcode = record.seq > folded ? usageKey(record) : undefined;
        if (barcode !== undefined) usages.set(barcode, fold(usages.get(barcode) ?? NO_USAGE, record));
      }
    let batch: Operation[] = [];
    for (const [barcode, usage] of usages) {
      batch.push({ type: 'put', key: keys.usage(barcode), value: encodeUsage(usage) });
      if (batch.length < AT_ONCE) continue;
      await db.batch(batch, { sync: true });
      batch = [];
    }
    await db.batch(batch, { sync: true });
  } finally {
    await db.close();
  }
}
