import type { Operation } from './database.js';
import { keys } from './keys.js';
import type { ListWriter } from './list-writer.js';
import { decodeJson, encodeJson } from './records.js';

/** A barcode that a file black-listed. It outlives every resynchronisation: only a file takes it back. */
export interface BlackEntry {
  barcode: string;
  /** SecuTix's black list files: CANCELLED, TECHNICAL or STOLEN; others are kept as they came. */
  reason: string;
  season?: string;
  product?: string;
  /** As the file had it. */
  date?: string;
}

const RANGE = { gt: keys.black(''), lt: keys.blackEnd };

export async function blackEntries(list: ListWriter): Promise<BlackEntry[]> {
  const all = await list.db().iterator(RANGE).all();
  return all.map(([, text]) => decodeJson(text, 'black list') as BlackEntry);
}

/** Black-lists all of them in one atomic batch; `replace`: nobody else stays black-listed. */
export async function addBlack(list: ListWriter, entries: readonly BlackEntry[], replace: boolean): Promise<void> {
  const operations = new Map<string, Operation>();
  if (replace)
    for (const { barcode } of await blackEntries(list))
      operations.set(keys.black(barcode), { type: 'del', key: keys.black(barcode) });
  for (const entry of entries) {
    const key = keys.black(entry.barcode);
    operations.set(key, { type: 'put', key, value: encodeJson(entry) });
  }
  const { active } = list;
  await list.write([
    ...operations.values(),
    { type: 'put', key: keys.active, value: encodeJson({ ...active, b: true }) },
  ]);
}
