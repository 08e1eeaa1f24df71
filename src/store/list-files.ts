import type { Operation } from './database.js';
import { keys } from './keys.js';
import type { BlackEntry } from './list-log.js';
import { blackText } from './list-log.js';
import type { ListWriter } from './list-writer.js';
import { decodeJson, encodeJson } from './records.js';

export type { BlackEntry } from './list-log.js';

// A barcode that a file black-listed outlives every resynchronisation: only a file takes it back.
const RANGE = { gt: keys.black(''), lt: keys.blackEnd };

export async function blackEntries(list: ListWriter): Promise<BlackEntry[]> {
  const all = await list.db().iterator(RANGE).all();
  return all.map(([, text]) => decodeJson(text, 'black list') as BlackEntry);
}

/** Black-lists all of them in one atomic batch; `replace`: nobody else stays black-listed. A hub's gates are told in the same batch. */
export async function addBlack(list: ListWriter, entries: readonly BlackEntry[], replace: boolean): Promise<void> {
  const before = new Map((await blackEntries(list)).map((entry) => [entry.barcode, entry]));
  const after = new Map(entries.map((entry) => [entry.barcode, entry]));
  const changed = [...after.values()].filter((e) => blackText(before.get(e.barcode)) !== blackText(e));
  const gone = replace ? [...before.keys()].filter((barcode) => !after.has(barcode)) : [];
  const changes = [
    ...gone.map((barcode) => ({ barcode, before: before.get(barcode), after: undefined })),
    ...changed.map((entry) => ({ barcode: entry.barcode, before: before.get(entry.barcode), after: entry })),
  ];
  await list.write([
    ...changes.flatMap(({ barcode, after: entry }) => blackOperation(barcode, entry)),
    ...list.logBlack(changes),
  ]);
}

export function blackOperation(barcode: string, entry: BlackEntry | undefined): Operation[] {
  const key = keys.black(barcode);
  return [entry ? { type: 'put', key, value: encodeJson(entry) } : { type: 'del', key }];
}
