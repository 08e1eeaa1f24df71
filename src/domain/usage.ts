import type { Counted, Sums } from './sums.js';
import { NO_SUMS, sumsOf, sumsWith, widened } from './sums.js';

/**
 * What is known of one ticket's use, in a form that answers every rule and is small: columns with one place per movement
 * (an entry or an exit of one person), in the order they are to be understood in, and their sums. What is read from the disk opens its
 * columns when they are first asked for, so nothing may be copied out of it member by member: `changed` does.
 *
 * Bounded: at most `MAX_MOVEMENTS` are kept one by one. Older ones are only counted (`older`): entries in all and the first entry stay
 * exact, questions about a day, a sector or a performance see the kept ones. Whether somebody is inside goes by the order, not by the
 * clock, so a clock that jumps opens no second way in.
 */
export interface Usage {
  readonly older: OlderUsage;
  /** On this gate's own black list. */
  readonly blocked?: Blocked;
  /** Movements that are kept, those given back included. */
  readonly size: number;
  readonly sums: Sums;
  /** Names of gates, lanes, sectors and slots, each between line feeds; `where` and `refs` point into it, 0 = none. */
  readonly names: string;
  /** UTC milliseconds. */
  readonly at: Float64Array;
  /** Sequence at the gate that decided; with the gate's name it is the check's ID. 0 = not known (an earlier format). */
  readonly seq: Float64Array;
  /** Sector of each movement. */
  readonly where: Uint16Array;
  /** Three a movement: gate, lane, slot. */
  readonly refs: Uint16Array;
  readonly flags: Uint8Array;
}

/** Entries and exits that are counted and not kept one by one: beyond the bound, and those of counter products. */
export interface OlderUsage {
  readonly entries: number;
  readonly exits: number;
  /** UTC milliseconds of the first and last such entry; 0 = none. */
  readonly from: number;
  readonly to: number;
}

export interface Blocked {
  /** UTC milliseconds. */
  at: number;
  why: string;
  who: string;
}

/** One person's way through a gate, as a plain object: what is folded, and what screens show. */
export interface Movement {
  gate: string;
  seq: number;
  /** UTC milliseconds. */
  at: number;
  lane: string;
  direction: 'entry' | 'exit';
  sector?: string;
  slot?: string;
  /** Given back: it does not count. */
  void?: true;
  /** Learnt from another gate. */
  elsewhere?: true;
  /** Only on the way in: this gate's own movements up to this sequence were before it. */
  after?: number;
  /** The clock was not to be trusted. */
  doubtful?: true;
  /** A steward let the person in. */
  forced?: true;
}

export const MAX_MOVEMENTS = 1_000;
/** Offsets are 16 bits wide. */
const MAX_NAMES = 60_000;

export const FLAG = { exit: 1, void: 2, elsewhere: 4, doubtful: 8, forced: 16 } as const;

/** Slots of what is only counted (counter products), in and out: no movement is kept. */
export const COUNTED_IN = '#';
export const COUNTED_OUT = '#out';

export const NO_USAGE: Usage = {
  older: { entries: 0, exits: 0, from: 0, to: 0 },
  size: 0,
  sums: NO_SUMS,
  names: '\n',
  at: new Float64Array(0),
  seq: new Float64Array(0),
  where: new Uint16Array(0),
  refs: new Uint16Array(0),
  flags: new Uint8Array(0),
};

/**
 * What a single entry is single for: the ticket's own performance; a ticket without one (a pass, or a trimmed export)
 * counts for the lane's performance when the lane admits exactly one, and as a whole otherwise.
 */
export function slotOf(ticketPerformance: string | undefined, lanePerformances: readonly string[] | undefined): string {
  if (ticketPerformance !== undefined) return ticketPerformance;
  return lanePerformances?.length === 1 ? (lanePerformances[0] as string) : '*';
}

/** As a name is kept: bounded, and without the separator. */
export const plain = (name: string): string =>
  name.length <= 256 && !name.includes('\n') ? name : name.slice(0, 256).replaceAll('\n', ' ');

/** Where a name is in `names`; 0 = this ticket has never met it. */
export function refOf(usage: Usage, name: string | undefined): number {
  return name === undefined || name === '' ? 0 : usage.names.indexOf(`\n${plain(name)}\n`) + 1;
}

export function nameAt(usage: Pick<Usage, 'names'>, ref: number): string | undefined {
  return ref === 0 ? undefined : usage.names.slice(ref, usage.names.indexOf('\n', ref));
}

/** Whether a place in `names` holds this name (`plain`); 0 holds ''. */
export function nameIs(usage: Usage, ref: number, name: string): boolean {
  return ref === 0 ? name === '' : usage.names.startsWith(`${name}\n`, ref);
}

export function movementAt(usage: Usage, i: number): Movement {
  const flags = usage.flags[i] as number;
  const name = (column: number): string | undefined => nameAt(usage, usage.refs[3 * i + column] as number);
  const [sector, slot] = [nameAt(usage, usage.where[i] as number), name(2)];
  return {
    gate: name(0) ?? '',
    seq: usage.seq[i] as number,
    at: usage.at[i] as number,
    lane: name(1) ?? '',
    direction: flags & FLAG.exit ? 'exit' : 'entry',
    ...(sector !== undefined && { sector }),
    ...(slot !== undefined && { slot }),
    ...(flags & FLAG.void && { void: true as const }),
    ...(flags & FLAG.elsewhere && { elsewhere: true as const }),
    ...(flags & FLAG.doubtful && { doubtful: true as const }),
    ...(flags & FLAG.forced && { forced: true as const }),
  };
}

/** All movements that are kept, those given back included, for people and for tests. */
export function movements(usage: Usage): Movement[] {
  return Array.from(usage.at, (_, i) => movementAt(usage, i));
}

/** What a screen shows of a ticket's use. */
export interface UsageSummary {
  entries: number;
  exits: number;
  inside: boolean;
  /** Newest last; those given back included. */
  movements: Movement[];
  blocked?: Blocked;
}

export function summarise(usage: Usage): UsageSummary {
  const all = movements(usage);
  const counted = all.filter((m) => !m.void);
  const entries = counted.filter((m) => m.direction === 'entry').length;
  return {
    entries: entries + usage.older.entries,
    exits: counted.length - entries + usage.older.exits,
    inside: counted.at(-1)?.direction === 'entry',
    movements: all,
    ...(usage.blocked && { blocked: usage.blocked }),
  };
}

/** Index of a check's movement; -1 = none. */
function indexOf(usage: Usage, seq: number, matches: (i: number) => boolean): number {
  for (let i = usage.seq.length - 1; i >= 0; i--) if (usage.seq[i] === seq && matches(i)) return i;
  return -1;
}

export const indexOfCheck = (usage: Usage, gate: string, seq: number): number => {
  const ref = refOf(usage, gate);
  return ref === 0 ? -1 : indexOf(usage, seq, (i) => usage.refs[3 * i] === ref);
};

/** A check of this gate, known by its sequence alone. */
export const indexOfOwn = (usage: Usage, seq: number): number =>
  indexOf(usage, seq, (i) => !((usage.flags[i] as number) & FLAG.elsewhere));

/**
 * Puts a movement in. Its own gate's movements follow each other; another gate's comes before those of this gate that the hub had not
 * heard of then (without a hub's word: where its time belongs).
 */
export function insert(usage: Usage, m: Movement): Usage {
  const n = usage.size;
  if (n >= MAX_MOVEMENTS || usage.names.length > MAX_NAMES) return insert(shorten(usage), m);
  let names = usage.names;
  const intern = (name: string | undefined): number => {
    if (name === undefined || name === '') return 0;
    const text = plain(name);
    const found = names.indexOf(`\n${text}\n`);
    if (found >= 0) return found + 1;
    names += `${text}\n`;
    return names.length - text.length - 1;
  };
  let place = n;
  if (m.elsewhere) {
    const { after } = m;
    const isLater = (i: number): boolean =>
      after === undefined
        ? (usage.at[i] as number) > m.at
        : !((usage.flags[i] as number) & FLAG.elsewhere) && (usage.seq[i] as number) > after;
    while (place > 0 && isLater(place - 1)) place--;
  }
  const [gate, lane, sector, slot] = [intern(m.gate), intern(m.lane), intern(m.sector), intern(m.slot)];
  const columns: Columns = {
    ...columnsOf(usage),
    names,
    at: widened(usage.at, place, [m.at]),
    seq: widened(usage.seq, place, [m.seq]),
    where: widened(usage.where, place, [sector]),
    refs: widened(usage.refs, 3 * place, [gate, lane, slot]),
    flags: widened(usage.flags, place, [flagsOf(m)]),
  };
  if (place < n) return usageOf(columns);
  return usageOf(columns, m.void ? usage.sums : sumsWith(usage.sums, countedAt(columns, n)));
}

export type Columns = Omit<Usage, 'size' | 'sums'>;

export const columnsOf = ({ older, blocked, names, at, seq, where, refs, flags }: Usage): Columns => ({
  older,
  ...(blocked && { blocked }),
  names,
  at,
  seq,
  where,
  refs,
  flags,
});

/** A usage of these columns, with the sums they give. */
export function usageOf(columns: Columns, sums = sumsOf(counted(columns))): Usage {
  return { ...columns, size: columns.at.length, sums };
}

function* counted(columns: Columns): Generator<Counted> {
  for (let i = 0; i < columns.at.length; i++)
    if (!((columns.flags[i] as number) & FLAG.void)) yield countedAt(columns, i);
}

function countedAt(columns: Columns, index: number): Counted {
  const flags = columns.flags[index] as number;
  const sectorRef = columns.where[index] as number;
  const slotRef = columns.refs[3 * index + 2] as number;
  return {
    index,
    at: columns.at[index] as number,
    exit: (flags & FLAG.exit) !== 0,
    doubtful: (flags & FLAG.doubtful) !== 0,
    sector: nameAt(columns, sectorRef) ?? '',
    sectorRef,
    slot: nameAt(columns, slotRef) ?? '',
    slotRef,
  };
}

/** With other counts, or put on or taken off (null) the gate's black list. */
export function changed(usage: Usage, { older, blocked }: { older?: OlderUsage; blocked?: Blocked | null }): Usage {
  const { blocked: before, ...columns } = columnsOf(usage);
  const now = blocked === undefined ? before : (blocked ?? undefined);
  return usageOf({ ...columns, ...(older && { older }), ...(now && { blocked: now }) }, usage.sums);
}

function flagsOf(m: Movement): number {
  return (
    (m.direction === 'exit' ? FLAG.exit : 0) |
    (m.void ? FLAG.void : 0) |
    (m.elsewhere ? FLAG.elsewhere : 0) |
    (m.doubtful ? FLAG.doubtful : 0) |
    (m.forced ? FLAG.forced : 0)
  );
}

/** Marks a movement as given back. It stays: what is told twice must not count again. */
export function giveBack(usage: Usage, i: number): Usage {
  const flags = usage.flags.slice();
  flags[i] = (flags[i] as number) | FLAG.void;
  return usageOf({ ...columnsOf(usage), flags });
}

/** Makes room for a tenth: what was given back goes first, then the oldest, which stays counted. */
function shorten(usage: Usage): Usage {
  const all = movements(usage);
  let drop = Math.ceil(all.length / 10);
  const kept = all.filter((m) => !(m.void && drop > 0 && drop--));
  const gone = kept.splice(0, drop);
  let { older } = usage;
  for (const m of gone) older = count(older, m.direction, m.at);
  let short = changed(NO_USAGE, { older, ...(usage.blocked && { blocked: usage.blocked }) });
  // Sorted in already; the place of a movement from elsewhere is kept by putting every one at the end.
  for (const m of kept) short = append(short, m);
  return short;
}

function append(usage: Usage, m: Movement): Usage {
  const { elsewhere, ...own } = m;
  const next = insert(usage, own);
  if (elsewhere) next.flags[next.size - 1] = flagsOf(m);
  return next;
}

/** One more that is only counted. */
export function count(older: OlderUsage, direction: 'entry' | 'exit', at: number, by: 1 | -1 = 1): OlderUsage {
  if (direction === 'exit') return { ...older, exits: Math.max(0, older.exits + by) };
  const entries = Math.max(0, older.entries + by);
  if (by < 0) return { ...older, entries };
  return {
    ...older,
    entries,
    from: older.from === 0 ? at : Math.min(older.from, at),
    to: Math.max(older.to, at),
  };
}

/** UTC milliseconds of the last that is known of it; 0 = nothing. */
export function lastMoment(usage: Usage): number {
  return usage.at.reduce((max, at) => Math.max(max, at), usage.older.to);
}

/** Movements, those given back, those only counted, blocked: a fold of another history differs in it. */
export function digestOf({ size, sums, older, blocked }: Usage): string {
  let gone = size;
  const { bySector } = sums;
  for (let i = 0; i < bySector.length; i += 4) gone -= (bySector[i] as number) + (bySector[i + 1] as number);
  return `${size}.${gone}.${older.entries + older.exits}${blocked ? 'b' : ''}`;
}
