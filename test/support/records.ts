import type { JournalRecord } from '../../src/domain/records.js';
import type { NewRecord } from '../../src/store/journal.js';

export const note = (seq: number): JournalRecord => ({ seq, at: 1000 + seq, kind: 'note', what: `note ${seq}` });

/** A check as a lane writes it; an admission uses the slot PERF1 up. */
export const check = (barcode: string, admitted = true, at = 1000): Extract<NewRecord, { kind: 'check' }> => ({
  kind: 'check',
  at,
  lane: 'lane-1',
  direction: 'entry',
  credential: { code: barcode, medium: 'barcode' },
  barcode,
  admitted,
  reason: admitted ? 'admitted' : 'unknown',
  ...(admitted && { slot: 'PERF1' }),
  list: '1',
  config: 'c',
});
