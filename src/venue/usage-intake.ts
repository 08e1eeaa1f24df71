import type { Clock } from '../clock.js';
import { parseCheckId } from '../domain/records.js';
import type { Journal, NewRecord } from '../store/journal.js';
import type { UsageEntry } from './topics.js';

/**
 * What other gates did, as records of this gate's journal: its rules then know it, also when it is cut off later. A claim that a
 * home gate wrote down before it was granted is replaced by the check it became. `through`: the last of this gate's own checks that
 * came before in the hub's order.
 */
export function elsewhereRecords(
  entries: readonly UsageEntry[],
  own: string,
  through: number,
  clock: Clock,
): { records: NewRecord[]; through: number } {
  const at = clock.now();
  let after = through;
  const records = entries.flatMap((e): NewRecord[] => {
    const { gate, seq } = parseCheckId(e.checkId);
    if (gate === own) {
      if (e.what === 'admitted') after = Math.max(after, seq);
      return [];
    }
    const { what, barcode, checkId, lane, direction, checkedAt, slot, sector } = e;
    const base = { kind: 'elsewhere' as const, at, barcode, lane, direction, checkedAt, after };
    const record: NewRecord = {
      ...base,
      what,
      checkId,
      ...(slot !== undefined && { slot }),
      ...(sector !== undefined && { sector }),
    };
    if (e.claim === undefined || what !== 'admitted') return [record];
    return [record, { ...base, what: 'given-back', checkId: e.claim }];
  });
  return { records, through: after };
}

/** Admissions at a risk that the hub does not know of yet. */
export async function risksAfter(journal: Pick<Journal, 'readAfter'>, cursor: number): Promise<number> {
  let made = 0;
  for (let after = cursor; ;) {
    const records = await journal.readAfter(after, 1_000);
    if (records.length === 0) return made;
    for (const r of records) if (r.kind === 'check' && r.claim?.how === 'budget') made++;
    after = records.at(-1)?.seq ?? after;
  }
}
