import type { Answer, Claim, Conflict, Remembered, ReportedCheck, Use } from './claim-types.js';

/**
 * The hub's half of the claim protocol: pure functions from what is remembered to what must be remembered.
 *
 * Invariants, kept by whoever runs these:
 * - one ticket at a time: nothing else of the same ticket is computed between reading and applying (`serialised`);
 * - an answer leaves the hub only after what it rests on is durable;
 * - a claim's ID is answered once: every repeat gets the same answer, also after a restart;
 * - a claim that has ended unadmitted never counts again, however late its copies arrive.
 */
export interface HubMemory {
  claim(id: string): Remembered | undefined;
  /** True when the gate has said that this claim admitted nobody. */
  ended(id: string): boolean;
  uses(barcode: string): readonly Use[];
}

/** What an input changes. Applied whole or not at all. */
export interface HubChange {
  claim?: { id: string; remembered: Remembered };
  ended?: string;
  uses?: { barcode: string; uses: readonly Use[] };
  conflicts?: readonly Conflict[];
}

export interface HubView {
  /** False after a rollback of the disk, until every gate has delivered its journal again. */
  sure: boolean;
  /** What the home gates said, when the claim asks for them; left out: not asked yet. */
  home?: HomeSaid;
}

/**
 * A home gate that is cut off may admit its ticket at any moment, and may have done so already. So before another gate is
 * granted, every home gate writes down that the ticket is used elsewhere and says so; one that does not answer, or that
 * has used the ticket itself, prevents the grant. No clock and no time-out is part of this promise.
 */
export type HomeSaid =
  { said: 'agreed' } | { said: 'silent' } | { said: 'used'; at: number; gate: string; lane: string };

/** An admission counted as a whole counts for every slot, and the other way round (`domain/usage.entriesIn`). */
const overlap = (a: string, b: string): boolean => a === b || a === '*' || b === '*';

/** `ask-home`: ask the home gates, then call again with what they said. */
export function answerClaim(
  memory: HubMemory,
  claim: Claim,
  view: HubView,
): { answer: Answer; change: HubChange } | 'ask-home' {
  if (memory.ended(claim.id)) return { answer: { result: 'unknown', why: 'ended' }, change: {} };
  const known = memory.claim(claim.id);
  // An ID belongs to one ticket: a copy that names another was not made by a gate that keeps the rules.
  if (known) return { answer: known.barcode === claim.barcode ? known.answer : UNSURE, change: {} };
  if (!view.sure) return { answer: UNSURE, change: {} };
  const uses = memory.uses(claim.barcode);
  const counted = uses.filter((u) => overlap(u.slot, claim.slot));
  const last = counted.at(-1);
  const { id, gate, lane, slot, at, barcode } = claim;
  if (last !== undefined && counted.length >= (claim.max ?? 1)) {
    const answer = { result: 'used', at: last.at, gate: last.gate, lane: last.lane } as const;
    return { answer, change: { claim: { id, remembered: { answer, barcode, gate } } } };
  }
  if (claim.entrance !== undefined) {
    if (view.home === undefined) return 'ask-home';
    if (view.home.said === 'silent') return { answer: { result: 'unknown', why: 'home-cut-off' }, change: {} };
    if (view.home.said === 'used') {
      const answer = { result: 'used', at: view.home.at, gate: view.home.gate, lane: view.home.lane } as const;
      return { answer, change: { claim: { id, remembered: { answer, barcode, gate } } } };
    }
  }
  const answer = { result: 'granted' } as const;
  return {
    answer,
    change: {
      claim: { id, remembered: { answer, barcode, gate } },
      uses: { barcode, uses: [...uses, { id, gate, lane, slot, at }] },
    },
  };
}

const UNSURE = { result: 'unknown', why: 'not-sure' } as const;

/** The gate says that a claim ended and admitted nobody. Also for a claim that never arrived: its late copy must not count. */
export function endClaim(memory: HubMemory, id: string, barcode: string): HubChange {
  if (memory.ended(id)) return {};
  const uses = memory.uses(barcode);
  const left = uses.filter((u) => u.id !== id || u.checkId !== undefined);
  return { ended: id, ...(left.length < uses.length && { uses: { barcode, uses: left } }) };
}

/** A check arrives with a gate's journal: the truth about a claim, or an admission that was never asked for. Idempotent. */
export function takeCheck(memory: HubMemory, check: ReportedCheck): HubChange {
  const id = check.claim ?? check.checkId;
  if (check.slot === undefined || !check.counts) {
    if (check.claim === undefined) return {};
    return endClaim(memory, id, check.barcode);
  }
  const uses = memory.uses(check.barcode);
  if (uses.some((u) => u.checkId === check.checkId)) return {};
  const { checkId, gate, lane, slot, at, barcode, risk } = check;
  const use: Use = { id, gate, lane, slot, at, checkId, ...(risk && { risk }) };
  const promised = uses.findIndex((u) => u.id === id && u.checkId === undefined);
  const before = uses.filter((u) => u.checkId !== undefined && overlap(u.slot, slot));
  const after = promised < 0 ? [...uses, use] : uses.map((u, i) => (i === promised ? use : u));
  const first = before.at(-1);
  const conflict = first !== undefined && before.length >= (check.max ?? 1);
  return {
    uses: { barcode, uses: after },
    ...(conflict && { conflicts: [{ barcode, slot, first, second: use }] }),
  };
}

/** The check was given back after it had been reported as counting (a correction by the staff). */
export function takeBack(memory: HubMemory, checkId: string, barcode: string): HubChange {
  const uses = memory.uses(barcode);
  const left = uses.filter((u) => u.checkId !== checkId);
  return left.length === uses.length ? {} : { uses: { barcode, uses: left } };
}
