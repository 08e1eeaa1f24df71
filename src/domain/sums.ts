/**
 * What rules ask of a ticket's movements, worked out when a movement is folded in and stored beside them: a decision looks at a few rows
 * here instead of at every movement. Only what counts is in it (nothing that was given back). It says nothing that the movements do not say.
 */
export interface Sums {
  /** Entries made while the clock was not to be trusted. */
  readonly doubtful: number;
  /** UTC milliseconds of the first entry; 0 = none. */
  readonly firstAt: number;
  /** Sectors that were moved in or out of, in order of appearance; '' = without one. Names are in `sectors`, places in `names` in `sectorRefs`. */
  readonly sectors: readonly string[];
  readonly sectorRefs: Uint16Array;
  /** Four a sector: entries, exits, 1 + index of the last entry, of the last exit. */
  readonly bySector: Uint16Array;
  /** UTC milliseconds of the newest entry in each `BLOCK` movements; -Infinity = none. */
  readonly newest: Float64Array;
  /** `hashOf` the slot of each row of `bySlot`, sorted. */
  readonly hashes: Uint32Array;
  /** Four a sector and slot that was entered: sector's number, slot's place in `names`, entries, 1 + index of the last. */
  readonly bySlot: Uint16Array;
}

export const BLOCK = 32;

export const NO_SUMS: Sums = {
  doubtful: 0,
  firstAt: 0,
  sectors: [],
  sectorRefs: new Uint16Array(0),
  bySector: new Uint16Array(0),
  newest: new Float64Array(0),
  hashes: new Uint32Array(0),
  bySlot: new Uint16Array(0),
};

/** FNV-1a. Only narrows a search down: whoever finds a row compares the name. */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** One entry or exit that counts, with its place among the movements. */
export interface Counted {
  index: number;
  at: number;
  exit: boolean;
  doubtful: boolean;
  /** Names and their places. */
  sector: string;
  sectorRef: number;
  slot: string;
  slotRef: number;
}

/** The sums with one more movement, which is the last. */
export function sumsWith(sums: Sums, m: Counted): Sums {
  let { sectors, sectorRefs, bySector } = sums;
  let sector = sectors.indexOf(m.sector);
  if (sector < 0) {
    sector = sectors.length;
    sectors = [...sectors, m.sector];
    sectorRefs = widened(sectorRefs, sector, [m.sectorRef]);
    bySector = widened(bySector, 4 * sector, [0, 0, 0, 0]);
  } else bySector = bySector.slice();
  raise(bySector, 4 * sector + (m.exit ? 1 : 0), 1);
  bySector[4 * sector + (m.exit ? 3 : 2)] = m.index + 1;
  const newest = sums.newest;
  const last = Math.floor(m.index / BLOCK);
  const grown = widened(
    newest,
    newest.length,
    new Array<number>(Math.max(0, last + 1 - newest.length)).fill(-Infinity),
  );
  const { doubtful, firstAt } = sums;
  if (m.exit)
    return {
      doubtful,
      firstAt,
      sectors,
      sectorRefs,
      bySector,
      newest: grown,
      hashes: sums.hashes,
      bySlot: sums.bySlot,
    };

  grown[last] = Math.max(grown[last] as number, m.at);
  let { hashes, bySlot } = sums;
  const hash = hashOf(m.slot);
  let row = firstOf(hashes, hash);
  while (hashes[row] === hash && !(bySlot[4 * row] === sector && bySlot[4 * row + 1] === m.slotRef)) row++;
  if (hashes[row] === hash) bySlot = bySlot.slice();
  else {
    hashes = widened(hashes, row, [hash]);
    bySlot = widened(bySlot, 4 * row, [sector, m.slotRef, 0, 0]);
  }
  raise(bySlot, 4 * row + 2, 1);
  bySlot[4 * row + 3] = m.index + 1;
  return {
    doubtful: doubtful + (m.doubtful ? 1 : 0),
    firstAt: firstAt === 0 ? m.at : Math.min(firstAt, m.at),
    sectors,
    sectorRefs,
    bySector,
    newest: grown,
    hashes,
    bySlot,
  };
}

const raise = (column: Uint16Array, i: number, by: number): void => void (column[i] = (column[i] as number) + by);

/** The same for all movements at once, in order. */
export function sumsOf(all: Iterable<Counted>): Sums {
  let [doubtful, firstAt] = [0, 0];
  const sectors = new Map<string, { ref: number; row: number[] }>();
  const slots = new Map<string, { hash: number; row: number[] }>();
  const newest: number[] = [];
  const numbers = new Map<string, number>();
  for (const m of all) {
    let sector = sectors.get(m.sector);
    if (!sector) {
      numbers.set(m.sector, sectors.size);
      sectors.set(m.sector, (sector = { ref: m.sectorRef, row: [0, 0, 0, 0] }));
    }
    const [entries = 0, exits = 0, lastEntry = 0, lastExit = 0] = sector.row;
    sector.row = m.exit ? [entries, exits + 1, lastEntry, m.index + 1] : [entries + 1, exits, m.index + 1, lastExit];
    const last = Math.floor(m.index / BLOCK);
    while (newest.length <= last) newest.push(-Infinity);
    if (m.exit) continue;
    newest[last] = Math.max(newest[last] as number, m.at);
    if (m.doubtful) doubtful++;
    firstAt = firstAt === 0 ? m.at : Math.min(firstAt, m.at);
    const number = numbers.get(m.sector) as number;
    const key = `${number} ${m.slotRef}`;
    const before = slots.get(key)?.row[2] ?? 0;
    slots.set(key, { hash: hashOf(m.slot), row: [number, m.slotRef, before + 1, m.index + 1] });
  }
  // Sorting keeps the order of appearance among equals, as adding one by one does.
  const rows = [...slots.values()].sort((a, b) => a.hash - b.hash);
  return {
    doubtful,
    firstAt,
    sectors: [...sectors.keys()],
    sectorRefs: Uint16Array.from([...sectors.values()].map((s) => s.ref)),
    bySector: Uint16Array.from([...sectors.values()].flatMap((s) => s.row)),
    newest: Float64Array.from(newest),
    hashes: Uint32Array.from(rows.map((r) => r.hash)),
    bySlot: Uint16Array.from(rows.flatMap((r) => r.row)),
  };
}

/** A copy with some more in a place. */
export function widened<T extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  from: T,
  place: number,
  values: readonly number[],
): T {
  const more = values.length;
  const to = new (from.constructor as new (n: number) => T)(from.length + more);
  // Nearly always at the end. Views of a column cost more than all the rest, and this is on the way to the barrier nine times.
  if (from.length > 0) to.set(from);
  if (place < from.length) to.copyWithin(place + more, place, from.length);
  for (let i = 0; i < more; i++) to[place + i] = values[i] as number;
  return to;
}

/** Index of the first that is not below; the length when there is none. */
export function firstOf(sorted: Uint32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
