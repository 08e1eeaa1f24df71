import type { Limit } from '../domain/shared.js';
import type { Answer, Claim, Conflict, Remembered, ReportedCheck, Use } from './claim-types.js';
import { rightId } from './claim-types.js';

/**
 * The hub's half of the claim protocol: pure functions from what is remembered to what must be remembered.
 *
 * Invariants, kept by whoever runs these:
 * - one ticket at a time: nothing else of the same ticket is computed between reading and applying (`serialised`);
 * - an answer leaves the hub only after what it rests on is durable;
 * - a claim's ID is answered once: every repeat gets the same answer, also after a restart;
 * - a claim that has ended unadmitted never counts again, however late its copies arrive;
 * - a right counts from the moment it is granted until the gate that holds it has given it back for ever.
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
  ended?: readonly string[];
  uses?: { barcode: string; uses: readonly Use[] };
  conflicts?: readonly Conflict[];
}

export interface HubView {
  /** False after a rollback of the disk, until every gate has delivered its journal again. */
  sure: boolean;
  /** What the home gates said, when the claim asks for them; left out: not asked yet. */
  home?: HomeSaid;
  /** What the gates said that hold rights of this ticket; left out: not asked yet. */
  holders?: HoldersSaid;
}

/**
 * A home gate that is cut off may admit its ticket at any moment, and may have done so already. So before another gate is
 * granted, every home gate writes down that the ticket is used elsewhere and says so; one that does not answer, or that
 * has used the ticket itself, prevents the grant. No clock and no time-out is part of this promise.
 */
export type HomeSaid =
  { said: 'agreed' } | { said: 'silent' } | { said: 'used'; at: number; gate: string; lane: string };

/** Rights that their gates will never spend, and those they have spent. A gate that is silent may still spend its own. */
export interface HoldersSaid {
  returned: readonly string[];
  spent: readonly string[];
}

/** An admission counted as a whole counts for every slot, and the other way round (`domain/usage.entriesIn`). */
const overlap = (a: string, b: string): boolean => a === b || a === '*' || b === '*';
const either = <T>(a: T | undefined, b: T | undefined): boolean => a === undefined || b === undefined || a === b;
const counts = (use: Use, { slot, sector, day }: Limit): boolean =>
  (slot === undefined || overlap(use.slot, slot)) && either(use.sector, sector) && either(use.day, day);

const ONE = (slot: string): readonly Limit[] => [{ max: 1, slot }];
const limitsOf = ({ limits, slot }: { limits?: readonly Limit[]; slot: string }): readonly Limit[] =>
  limits ?? ONE(slot);
const countedBy = (uses: readonly Use[], limit: Limit): Use[] => uses.filter((u) => counts(u, limit));
/** The first limit that is reached, with the uses it counts. */
const fullOf = (
  of: { limits?: readonly Limit[]; slot: string; day?: number },
  uses: readonly Use[],
): { limit: Limit; counted: Use[] } | undefined =>
  limitsOf(of)
    .map((limit) => ({ limit, counted: countedBy(uses, limit) }))
    .find(({ limit, counted }) => (limit.days ? noDayLeft(limit.max, of.day, counted) : counted.length >= limit.max));
/**
 * A further entry on a day that is counted is on no new one, and neither is one before the newest: the gate's clock is behind there
 * (the gate's own rule: `domain/rules`, `days`).
 */
function noDayLeft(max: number, day: number | undefined, uses: readonly Use[]): boolean {
  const days = new Set(uses.flatMap((u) => u.day ?? []));
  if (day === undefined || Math.max(...days) >= day) return false;
  return days.size >= max;
}
const useOf = ({ id, gate, lane, slot, at, sector, day }: Omit<Held, 'barcode'>): Use => ({
  id,
  gate,
  lane,
  slot,
  at,
  ...(sector !== undefined && { sector }),
  ...(day !== undefined && { day }),
});
const unspent = (use: Use): boolean => use.right === true && use.checkId === undefined;

export type Ask = { ask: 'home' } | { ask: 'holders'; rights: readonly Use[] };

/** An `ask`: ask those gates, then call again with what they said. */
export function answerClaim(
  memory: HubMemory,
  claim: Claim,
  view: HubView,
): { answer: Answer; change: HubChange } | Ask {
  if (memory.ended(claim.id)) return { answer: { result: 'unknown', why: 'ended' }, change: {} };
  const known = memory.claim(claim.id);
  // An ID belongs to one ticket: a copy that names another was not made by a gate that keeps the rules.
  if (known) return { answer: known.barcode === claim.barcode ? known.answer : UNSURE, change: {} };
  if (!view.sure) return { answer: UNSURE, change: {} };
  const { id, gate, lane, at, barcode } = claim;
  const returned = view.holders?.returned ?? [];
  const before = memory.uses(barcode);
  const uses = before.filter((u) => !(unspent(u) && returned.includes(u.id)));
  const given: HubChange =
    uses.length < before.length ? { ended: before.filter((u) => !uses.includes(u)).map((u) => u.id) } : {};
  /** What was given back is kept, whatever the answer. */
  const refuse = (answer: Answer): { answer: Answer; change: HubChange } => ({
    answer,
    change: {
      ...given,
      ...(given.ended && { uses: { barcode, uses } }),
      ...(answer.result !== 'unknown' && { claim: { id, remembered: { answer, barcode, gate } } }),
    },
  });
  const where = (u: Pick<Use, 'at' | 'gate' | 'lane'>): { at: number; gate: string; lane: string } => ({
    at: u.at,
    gate: u.gate,
    lane: u.lane,
  });

  const full = fullOf(claim, uses);
  if (full) {
    const open = full.counted.filter((u) => unspent(u) && !view.holders?.spent.includes(u.id));
    if (open.length > 0 && view.holders === undefined) return { ask: 'holders', rights: open };
    if (open.length > 0) return refuse({ result: 'unknown', why: 'right-elsewhere' });
    const last = full.counted.at(-1);
    return refuse({ result: 'used', ...(last ? where(last) : { at, gate, lane }) });
  }
  if (claim.outside) {
    const { outside } = claim;
    const inside = uses.filter((u) => !unspent(u) && u.left !== true && either(u.sector, outside.sector)).at(-1);
    if (inside) return refuse({ result: 'inside', ...where(inside) });
  }
  if (claim.entrance !== undefined) {
    if (view.home === undefined) return { ask: 'home' };
    if (view.home.said === 'silent') return refuse({ result: 'unknown', why: 'home-cut-off' });
    if (view.home.said === 'used') {
      return refuse({ result: 'used', ...where(view.home) });
    }
  }
  const use = useOf(claim);
  const rights = Array.from({ length: rightsFor(claim, [...uses, use]) }, (_, i): Use => ({
    ...use,
    id: rightId(id, i + 1),
    right: true,
  }));
  const answer = { result: 'granted' as const, ...(rights.length > 0 && { rights: rights.length }) };
  return {
    answer,
    change: {
      ...given,
      claim: { id, remembered: { answer, barcode, gate } },
      uses: { barcode, uses: [...uses, use, ...rights] },
    },
  };
}

const UNSURE = { result: 'unknown', why: 'not-sure' } as const;

/** Half of what is left at most, so that the gates share it; a ticket whose holder must be outside first has none in advance. */
function rightsFor(claim: Claim, uses: readonly Use[]): number {
  if (!claim.rights || claim.outside) return 0;
  const left = limitsOf(claim)
    .filter((limit) => !limit.days)
    .map((limit) => limit.max - countedBy(uses, limit).length);
  const room = Math.min(...left);
  return room === Infinity ? 0 : Math.min(claim.rights, Math.ceil(Math.max(0, room) / 2));
}

/**
 * The gate says that a claim ended and admitted nobody, or gives a right back. Also for a claim that never arrived: its late copy must
 * not count.
 */
export function endClaim(memory: HubMemory, id: string, barcode: string): HubChange {
  if (memory.ended(id)) return {};
  const uses = memory.uses(barcode);
  const left = uses.filter((u) => u.id !== id || u.checkId !== undefined);
  return { ended: [id], ...(left.length < uses.length && { uses: { barcode, uses: left } }) };
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
  const { checkId, slot, barcode, risk, doubtful } = check;
  const promised = uses.findIndex((u) => u.id === id && u.checkId === undefined);
  const use: Use = {
    ...useOf({ ...check, id, slot }),
    checkId,
    ...(risk && { risk }),
    ...(doubtful && { doubtful }),
    // Its exit may have come before it.
    ...(uses[promised]?.left && { left: true as const }),
  };
  const after = promised < 0 ? [...uses, use] : uses.map((u, i) => (i === promised ? use : u));
  const confirmed = uses.filter((u) => u.checkId !== undefined);
  const { limits, day } = check;
  const full = fullOf({ slot, ...(limits && { limits }), ...(day !== undefined && { day }) }, confirmed);
  const first = full?.counted.at(-1);
  return {
    uses: { barcode, uses: after },
    ...(first && { conflicts: [{ barcode, slot, first, second: use }] }),
  };
}

/**
 * Somebody has gone out: nobody is inside on the ticket any more (in this sector). In the order in which the hub hears of it, for no
 * gate's clock is another's.
 */
export function takeExit(memory: HubMemory, barcode: string, sector: string | undefined): HubChange {
  const uses = memory.uses(barcode);
  const inside = (u: Use): boolean => !unspent(u) && u.left !== true && either(u.sector, sector);
  if (!uses.some(inside)) return {};
  return { uses: { barcode, uses: uses.map((u) => (inside(u) ? { ...u, left: true as const } : u)) } };
}

/**
 * A gate names a right it holds, to a hub that may have forgotten it. `gone`: it must not be spent, for the hub knows that it was
 * given back or spent already (the gate's disk is an older copy).
 */
export function takeRight(memory: HubMemory, right: Held): { gone: boolean; change: HubChange } {
  const { id, barcode } = right;
  const uses = memory.uses(barcode);
  const known = uses.find((u) => u.id === id);
  if (memory.ended(id) || known?.checkId !== undefined) return { gone: true, change: {} };
  if (known) return { gone: false, change: {} };
  const use: Use = { ...useOf(right), right: true };
  return { gone: false, change: { uses: { barcode, uses: [...uses, use] } } };
}

/** A right as its gate holds it. */
export type Held = Pick<Use, 'id' | 'gate' | 'lane' | 'slot' | 'at' | 'sector' | 'day'> & { barcode: string };

/** The check was given back after it had been reported as counting (a correction by the staff). */
export function takeBack(memory: HubMemory, checkId: string, barcode: string): HubChange {
  const uses = memory.uses(barcode);
  const left = uses.filter((u) => u.checkId !== checkId);
  return left.length === uses.length ? {} : { uses: { barcode, uses: left } };
}
