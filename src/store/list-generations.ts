import { sameTicket } from '../domain/page.js';
import type { Ticket } from '../domain/ticket.js';
import { keys } from './keys.js';
import type { Cursor, Operation } from './database.js';
import type { Entry } from './list-entry.js';
import { decodeEntry } from './list-entry.js';
import type { ActiveList, Building } from './list-state.js';
import type { ListWriter } from './list-writer.js';
import { decodeJson, encodeJson } from './records.js';

/** Entries that are handled between two breaths of the thread. */
const PIECE = 2_000;
/** Barcodes that a report names of each kind. */
const EXAMPLES = 20;

/** Called between two pieces: yields the thread, and throws to stop. */
export type Pace = () => Promise<void>;

export interface Difference {
  tickets: { before: number; after: number };
  new: number;
  changed: number;
  vanished: number;
  /** Some barcodes of each kind; empty where the list hides them. */
  examples: { new: string[]; changed: string[]; vanished: string[] };
}

/** What the last comparison with the server's whole list found. */
export interface ResyncReport extends Difference {
  purpose: 'resync' | 'verify';
  /** UTC milliseconds. */
  at: number;
  pages: number;
  swapped: boolean;
}

/** All tickets of a generation that can be read, piece by piece; in a sealed list in no order that means anything. */
export async function* entriesOf(list: ListWriter, generation: number): AsyncGenerator<Entry[]> {
  const iterator = list.db().iterator({ gt: keys.ticket(generation, ''), lt: keys.ticketsEnd(generation) });
  try {
    for (;;) {
      const piece = await nextPiece(list, iterator);
      if (piece.length === 0) return;
      const entries = piece.map(([key, text]) => list.tolerate(() => decodeEntry(keys.barcodeOf(key), text)));
      yield entries.filter((entry) => entry !== undefined);
    }
  } finally {
    await iterator.close();
  }
}

/** A block that cannot be read ends the list where it is; what is behind it comes with the list that is then fetched anew. */
async function nextPiece(list: ListWriter, iterator: Cursor<[string, string]>): Promise<[string, string][]> {
  try {
    return await iterator.nextv(PIECE);
  } catch (error) {
    list.tolerate(() => {
      throw error;
    });
    return [];
  }
}

export function buildingOf(list: ListWriter): Building | undefined {
  const text = list.get(keys.building);
  return text === undefined ? undefined : (decodeJson(text, 'generation') as Building);
}

const garbageOf = (list: ListWriter): number[] => {
  const text = list.get(keys.garbage);
  return text === undefined ? [] : (decodeJson(text, 'garbage') as number[]);
};

/** Starts a generation beside the one in force, or goes on with the one of the same purpose that was begun. */
export async function beginGeneration(list: ListWriter, purpose: Building['purpose'], now: number): Promise<Building> {
  const begun = buildingOf(list);
  if (begun?.purpose === purpose && purpose !== 'file' && begun.dropFirst === list.dropFirst) return begun;
  const generation = Math.max(list.generation, begun?.generation ?? 0, ...garbageOf(list)) + 1;
  const building: Building = { generation, purpose, since: now, dropFirst: list.dropFirst };
  const operations: Operation[] = [{ type: 'put', key: keys.building, value: encodeJson(building) }];
  if (begun) operations.push(garbage(list, begun.generation));
  await list.write(operations);
  return building;
}

/** The shortest pause that lets everything else go on. */
export const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const garbage = (list: ListWriter, ...generations: number[]): Operation => ({
  type: 'put',
  key: keys.garbage,
  value: encodeJson([...new Set([...garbageOf(list), ...generations])]),
});

/** The generation in the making takes the place of the one in force, in one atomic step. */
export async function swap(
  list: ListWriter,
  building: Building,
  report?: ResyncReport,
  position = list.active.p + 1,
): Promise<void> {
  const { active } = list;
  const next: ActiveList = {
    g: building.generation,
    p: position,
    ...(active.b && { b: true }),
    ...(list.dropFirst > 0 && { c: list.dropFirst }),
  };
  await list.write([
    {
      type: 'put',
      key: keys.active,
      value: encodeJson(next),
    },
    { type: 'del', key: keys.building },
    garbage(list, list.generation),
    ...(report ? [{ type: 'put' as const, key: keys.resync, value: encodeJson(report) }] : []),
  ]);
}

/** Gives the generation in the making up; the one in force was never touched. */
export async function abandon(list: ListWriter, report?: ResyncReport): Promise<void> {
  const begun = buildingOf(list);
  if (!begun) return;
  await list.write([
    { type: 'del', key: keys.building },
    garbage(list, begun.generation),
    ...(report ? [{ type: 'put' as const, key: keys.resync, value: encodeJson(report) }] : []),
  ]);
}

export function lastResync(list: ListWriter): ResyncReport | undefined {
  const text = list.get(keys.resync);
  return text === undefined ? undefined : (decodeJson(text, 'resync report') as ResyncReport);
}

/** Empties a range of keys in pieces, so that nothing else has to wait for it. */
async function clearPaced(list: ListWriter, range: { gt: string; lt: string }, pace: Pace): Promise<void> {
  // Asked for every time: the list may be reopened between two pieces.
  const some = async (): Promise<boolean> =>
    (
      await list
        .db()
        .keys({ ...range, limit: 1 })
        .all()
    ).length > 0;
  while (await some()) {
    await list.db().clear({ ...range, limit: PIECE });
    await pace();
  }
}

/** Removes what no longer counts, in pieces. A crash in between leaves the rest for the next time. */
export async function removeGarbage(list: ListWriter, pace: Pace): Promise<void> {
  for (const generation of garbageOf(list)) {
    const range = { gt: keys.generation(generation), lt: keys.generationEnd(generation) };
    await clearPaced(list, range, pace);
    const left = garbageOf(list).filter((g) => g !== generation);
    await list.write([
      left.length > 0
        ? { type: 'put', key: keys.garbage, value: encodeJson(left) }
        : { type: 'del', key: keys.garbage },
    ]);
  }
}

/** Everything of one generation into another: tickets, indexes, cursors. */
export async function copyGeneration(list: ListWriter, from: number, to: number, pace: Pace): Promise<void> {
  const [source, target] = [keys.generation(from), keys.generation(to)];
  const iterator = list.db().iterator({ gt: source, lt: keys.generationEnd(from) });
  try {
    for (;;) {
      const piece = await iterator.nextv(PIECE);
      if (piece.length === 0) return;
      list.assertRoom();
      await list.write(piece.map(([key, value]) => ({ type: 'put', key: target + key.slice(source.length), value })));
      await pace();
    }
  } finally {
    await iterator.close();
  }
}

/** What differs between two generations: each one's tickets, piece by piece, looked up in the other. */
export async function compare(list: ListWriter, before: number, after: number, pace: Pace): Promise<Difference> {
  const result: Difference = {
    tickets: { before: 0, after: 0 },
    new: 0,
    changed: 0,
    vanished: 0,
    examples: { new: [], changed: [], vanished: [] },
  };
  const note = (kind: 'new' | 'changed' | 'vanished', { barcode }: Ticket): void => {
    result[kind]++;
    if (result.examples[kind].length < EXAMPLES) result.examples[kind].push(barcode);
  };
  for await (const piece of entriesOf(list, after)) {
    result.tickets.after += piece.length;
    for (const { ticket } of piece) {
      const known = list.entry(before, ticket.barcode);
      if (!known) note('new', ticket);
      else if (!sameTicket(known.ticket, ticket)) note('changed', ticket);
    }
    await pace();
  }
  for await (const piece of entriesOf(list, before)) {
    result.tickets.before += piece.length;
    for (const { ticket } of piece)
      if (list.get(keys.ticket(after, ticket.barcode)) === undefined) note('vanished', ticket);
    await pace();
  }
  return result;
}

/**
 * Makes the index of printed codes for the present setting, when it was made for another one, and marks it as whole. Only a
 * complete list can say that a printed code means one ticket.
 */
export async function indexPrinted(list: ListWriter, pace: Pace): Promise<void> {
  const { active, dropFirst } = list;
  if ((active.c ?? 0) === dropFirst || active.g === 0) return;
  const generation = active.g;
  const range = { gt: keys.printed(generation, ''), lt: keys.printedEnd(generation) };
  await list.write([{ type: 'put', key: keys.active, value: encodeJson({ ...active, c: 0 }) }]);
  await clearPaced(list, range, pace);
  if (dropFirst === 0) return;
  for await (const piece of entriesOf(list, generation)) {
    const touched = new Map<string, string[]>();
    for (const { ticket } of piece) list.printedBarcodes(generation, ticket.barcode, touched)?.push(ticket.barcode);
    const operations = [...touched].map(([printed, barcodes]): Operation => {
      const [key, value] = list.printedEntry(generation, printed, barcodes);
      return { type: 'put', key, value };
    });
    if (operations.length > 0) await list.write(operations);
    await pace();
  }
  await list.write([{ type: 'put', key: keys.active, value: encodeJson({ ...list.active, c: dropFirst }) }]);
}
