import type { ConflictReport } from '../../diagnostics/venue-model.js';
import type { CheckRecord, JournalRecord } from '../../domain/records.js';

/** Everything that was written down of a run: at the gates, at the hub, at SecuTix. */
export interface History {
  policy: 'refuse' | 'budget' | 'home-only';
  /** Risk admissions of a gate in one partition, at most; partitions there were, by gate. */
  budget: number;
  partitions: (gate: string) => number;
  /** Gates that are home to a ticket. */
  homesOf: (barcode: string) => readonly string[];
  /** Milliseconds. */
  deadline: number;
  /** Milliseconds by which a gate's timers were late between two moments of its clock, at most; left out: nobody has measured. */
  late?: (gate: string, from: number, to: number) => number;
  /** Double entries that were said to be possible, at most. */
  shown?: number;
  journals: ReadonlyMap<string, readonly JournalRecord[]>;
  conflicts: readonly ConflictReport[];
  /** What SecuTix got. */
  reported: readonly { acIdentifier: string; barcode: string; controlResult: string }[];
}

interface Admission {
  gate: string;
  check: CheckRecord;
}

/** Milliseconds: on a busy machine a timer is late by so much, where nobody has measured; and what a timer's own step is. */
const LATE = 2_000;
const STEP = 10;

/** What must not have happened. Empty = the venue kept its word. */
export function violations(history: History): string[] {
  const found: string[] = [];
  const admitted = new Map<string, Admission[]>();
  const risks = new Map<string, number>();
  const reported = new Map(history.reported.map((c) => [c.acIdentifier, c]));
  for (const [gate, records] of history.journals) {
    const gaveUp = new Set(records.flatMap((r) => (r.kind === 'outcome' && r.outcome === 'not-passed' ? [r.of] : [])));
    for (const check of records) {
      if (check.kind !== 'check') continue;
      const counts = check.admitted && !gaveUp.has(check.seq);
      const ms = check.claim?.ms ?? 0;
      if (ms > history.deadline + (history.late?.(gate, check.at, check.at + ms) ?? LATE) + STEP)
        found.push(`${check.checkId} waited ${ms} ms for the hub`);
      const control = reported.get(check.checkId);
      if (!control) found.push(`${check.checkId} never reached SecuTix`);
      else if ((control.controlResult.endsWith('OK') ? true : false) !== counts || control.barcode !== check.barcode)
        found.push(`${check.checkId} reached SecuTix as ${control.controlResult}`);
      if (!counts || check.direction !== 'entry') continue;
      admitted.set(check.barcode, [...(admitted.get(check.barcode) ?? []), { gate, check }]);
      if (check.claim?.how === 'budget') risks.set(gate, (risks.get(gate) ?? 0) + 1);
    }
  }
  const doubles = [...admitted].filter(([, list]) => list.length > 1);
  const excess = doubles.reduce((sum, [, list]) => sum + list.length - 1, 0);
  const names = (list: readonly Admission[]): string => list.map((a) => a.check.checkId).join(' and ');
  switch (history.policy) {
    case 'refuse':
      for (const [, list] of doubles) found.push(`one ticket entered twice: ${names(list)}`);
      break;
    case 'budget': {
      const made = [...risks.values()].reduce((a, b) => a + b, 0);
      if (excess > (history.shown ?? Infinity))
        found.push(`${excess} double entries, and ${history.shown ?? 0} were said to be possible at most`);
      if (excess > made) found.push(`${excess} double entries, and only ${made} admissions at a risk`);
      for (const [gate, n] of risks) {
        const most = history.budget * history.partitions(gate);
        if (n > most) found.push(`${gate} admitted ${n} at a risk; its budget allowed ${most}`);
      }
      break;
    }
    case 'home-only':
      for (const [barcode, list] of doubles) {
        const homes = history.homesOf(barcode);
        if (!list.every((a) => homes.includes(a.gate)))
          found.push(`one ticket entered twice, not only at its home: ${names(list)}`);
      }
      break;
  }
  const listed = new Set(history.conflicts.flatMap((c) => [c.first.checkId, c.second.checkId]));
  for (const [, list] of doubles)
    for (const { check } of list)
      if (!listed.has(check.checkId))
        found.push(`the ledger does not name ${check.checkId}, which is one of a double entry`);
  if (history.conflicts.length !== excess)
    found.push(`the ledger has ${history.conflicts.length} double entries, ${excess} happened`);
  return found;
}

export interface Totals {
  checks: number;
  admitted: number;
  refused: number;
  risk: number;
  excess: number;
}

export function totals(journals: History['journals']): Totals {
  const result: Totals = { checks: 0, admitted: 0, refused: 0, risk: 0, excess: 0 };
  const entered = new Set<string>();
  for (const records of journals.values())
    for (const r of records) {
      if (r.kind !== 'check') continue;
      result.checks++;
      if (!r.admitted) {
        result.refused++;
        continue;
      }
      result.admitted++;
      if (r.claim?.how === 'budget' || r.claim?.how === 'home') result.risk++;
      if (entered.has(r.barcode)) result.excess++;
      entered.add(r.barcode);
    }
  return result;
}
