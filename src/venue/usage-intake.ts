import type { Clock } from '../clock.js';
import { parseCheckId } from '../domain/records.js';
import type { NewRecord } from '../store/journal.js';
import type { UsageEntry } from './topics.js';

/**
 * What other gates did, as records of this gate's journal: its rules then know it, also when it is cut off later. A claim that a
 * home gate wrote down before it was granted is replaced by the check it became.
 */
export function elsewhereRecords(entries: readonly UsageEntry[], own: string, clock: Clock): NewRecord[] {
  const at = clock.now();
  return entries.flatMap((e): NewRecord[] => {
    if (parseCheckId(e.checkId).gate === own) return [];
    const { what, barcode, checkId, lane, direction, checkedAt, slot, sector } = e;
    const base = { kind: 'elsewhere' as const, at, barcode, lane, direction, checkedAt };
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
}
