import type { JournalRecord } from './records.js';

/** What is known of one ticket's use: admissions by slot (see `slotOf`). */
export interface Usage {
  slots: Readonly<Record<string, SlotUsage>>;
}
export interface SlotUsage {
  entries: number;
  /** UTC milliseconds and lane of the last admission. */
  lastAt: number;
  lastLane: string;
}

export const NO_USAGE: Usage = { slots: {} };

/**
 * What a single entry is single for: the ticket's own performance; a ticket without one (a pass, or a trimmed export)
 * counts for the lane's performance when the lane admits exactly one, and as a whole otherwise.
 */
export function slotOf(ticketPerformance: string | undefined, lanePerformances: readonly string[] | undefined): string {
  if (ticketPerformance !== undefined) return ticketPerformance;
  return lanePerformances?.length === 1 ? (lanePerformances[0] as string) : '*';
}

/** Entries in the slot; an admission counted as a whole counts for every slot, and the other way round. */
export function entriesIn(usage: Usage, slot: string): SlotUsage | undefined {
  const direct = usage.slots[slot] ?? usage.slots['*'];
  if (direct || slot !== '*') return direct;
  return Object.values(usage.slots)[0];
}

/** The journal's meaning: folding all records in order gives every ticket's usage. */
export function fold(usage: Usage, record: JournalRecord): Usage {
  if (record.kind === 'check') {
    if (!record.admitted || record.direction !== 'entry' || record.slot === undefined) return usage;
    const before = usage.slots[record.slot];
    return {
      slots: {
        ...usage.slots,
        [record.slot]: { entries: (before?.entries ?? 0) + 1, lastAt: record.at, lastLane: record.lane },
      },
    };
  }
  // An admission that never opened the barrier gives the entry back.
  if (record.kind === 'outcome' && record.outcome === 'not-passed' && record.slot !== undefined) {
    const before = usage.slots[record.slot];
    if (!before) return usage;
    const slots = { ...usage.slots };
    if (before.entries <= 1) delete slots[record.slot];
    else slots[record.slot] = { ...before, entries: before.entries - 1 };
    return { slots };
  }
  return usage;
}

/** Barcode whose usage a record changes, if any. */
export function usageKey(record: JournalRecord): string | undefined {
  if (record.kind === 'check') return record.admitted && record.slot !== undefined ? record.barcode : undefined;
  return record.kind === 'outcome' && record.slot !== undefined ? record.barcode : undefined;
}
