import type { CheckRecord, ElsewhereRecord, JournalRecord, OutcomeRecord } from './records.js';
import { parseCheckId } from './records.js';
import type { Movement, Usage } from './usage.js';
import {
  changed,
  COUNTED_IN,
  COUNTED_OUT,
  count,
  FLAG,
  giveBack,
  indexOfCheck,
  indexOfOwn,
  insert,
  nameAt,
} from './usage.js';

/** The journal's meaning: folding all records of a ticket in order gives its usage. Idempotent per check ID. */
export function fold(usage: Usage, record: JournalRecord): Usage {
  switch (record.kind) {
    case 'check':
      return foldCheck(usage, record);
    case 'outcome':
      return record.outcome === 'not-passed' ? foldNotPassed(usage, record) : usage;
    case 'elsewhere':
      return foldElsewhere(usage, record);
    case 'block': {
      const { at, why, who } = record;
      return changed(usage, { blocked: record.blocked ? { at, why, who } : null });
    }
    case 'event':
    case 'note':
    case 'checkpoint':
    case 'repair':
    case 'remote':
      return usage;
  }
}

/** Barcode whose usage a record changes, if any. */
export function usageKey(record: JournalRecord): string | undefined {
  switch (record.kind) {
    case 'check':
      return record.givesBack !== undefined || isMovement(record) ? record.barcode : undefined;
    case 'outcome':
      return record.outcome === 'not-passed' ? record.barcode : undefined;
    case 'elsewhere':
    case 'block':
      return record.barcode;
    case 'event':
    case 'note':
    case 'checkpoint':
    case 'repair':
    case 'remote':
      return undefined;
  }
}

/** An admission to an entry lane always uses a slot; an exit uses none. */
function isMovement(r: CheckRecord): boolean {
  return r.admitted && (r.direction === 'exit' || r.slot !== undefined);
}

function foldCheck(usage: Usage, r: CheckRecord): Usage {
  if (r.givesBack !== undefined) return foldGivenBack(usage, r.givesBack);
  if (!isMovement(r)) return usage;
  if (isCounted(r.slot)) return changed(usage, { older: count(usage.older, r.direction, r.at) });
  const { gate, seq } = parseCheckId(r.checkId);
  if (indexOfCheck(usage, gate, seq) >= 0) return usage;
  return insert(usage, movementOf(r, gate, seq, r.at));
}

const isCounted = (slot: string | undefined): boolean => slot === COUNTED_IN || slot === COUNTED_OUT;

function movementOf(r: CheckRecord | ElsewhereRecord, gate: string, seq: number, at: number): Movement {
  return {
    gate,
    seq,
    at,
    lane: r.lane,
    direction: r.direction,
    ...(r.sector !== undefined && { sector: r.sector }),
    ...(r.slot !== undefined && { slot: r.slot }),
    ...(r.doubtful && { doubtful: true as const }),
    ...(r.reason === 'forced' && { forced: true as const }),
  };
}

function foldElsewhere(usage: Usage, r: ElsewhereRecord): Usage {
  const { gate, seq } = parseCheckId(r.checkId);
  // Counters are added up by the platform; another gate's do not matter here, and could not be told apart.
  if (isCounted(r.slot)) return usage;
  const known = indexOfCheck(usage, gate, seq);
  const movement: Movement = {
    ...movementOf(r, gate, seq, r.checkedAt),
    elsewhere: true,
    ...(r.after !== undefined && { after: r.after }),
  };
  if (r.what === 'given-back') {
    if (known >= 0) return isVoid(usage, known) ? usage : giveBack(usage, known);
    // Came before the admission it takes back: kept, so that the admission will not count.
    return insert(usage, { ...movement, void: true });
  }
  if (known >= 0) return usage;
  return insert(usage, movement);
}

/** Nobody went through: the entry is given back. Kept ones are not written as `not-passed`. */
function foldNotPassed(usage: Usage, r: OutcomeRecord): Usage {
  if (isCounted(r.slot))
    return changed(usage, { older: count(usage.older, r.slot === COUNTED_IN ? 'entry' : 'exit', r.at, -1) });
  let i = indexOfOwn(usage, r.of);
  // An entry of an earlier format has no sequence.
  if (i < 0 && r.slot !== undefined) i = lastOfSlot(usage, r.slot);
  return i < 0 || isVoid(usage, i) ? usage : giveBack(usage, i);
}

function lastOfSlot(usage: Usage, slot: string): number {
  for (let i = usage.size - 1; i >= 0; i--) {
    const gone = (usage.flags[i] as number) & (FLAG.void | FLAG.elsewhere);
    if (usage.seq[i] === 0 && !gone && nameAt(usage, usage.refs[3 * i + 2] as number) === slot) return i;
  }
  return -1;
}

function foldGivenBack(usage: Usage, checkId: string): Usage {
  const { gate, seq } = parseCheckId(checkId);
  const i = indexOfCheck(usage, gate, seq);
  return i < 0 || isVoid(usage, i) ? usage : giveBack(usage, i);
}

const isVoid = (usage: Usage, i: number): boolean => ((usage.flags[i] as number) & FLAG.void) !== 0;

/** Whether this gate's check with that sequence was given back. */
export function isGivenBack(usage: Usage, seq: number): boolean {
  const i = indexOfOwn(usage, seq);
  return i >= 0 && isVoid(usage, i);
}
