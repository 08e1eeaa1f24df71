import type { Ticket } from '../domain/ticket.js';
import type { Operation } from './database.js';
import { keys } from './keys.js';
import type { Entry } from './list-entry.js';
import { decodeBarcodes, encodeBarcodes, encodeEntry } from './list-entry.js';
import type { Pace } from './list-generations.js';
import { entriesOf } from './list-generations.js';
import type { ScopeIndex } from './list-state.js';
import type { ListWriter } from './list-writer.js';
import { decodeJson, encodeJson } from './records.js';

/** What becomes of an entry: itself = it stays as it is, another one = it is rewritten, undefined = it goes. */
type Fate = (entry: Entry) => Entry | undefined;

/**
 * Takes tickets out of a generation, piece by piece, each piece atomic with the indexes and, at a hub, with the line of the log by which its gates do
 * the same. A crash in between leaves whole pieces. Returns the tickets that went.
 */
async function dropTickets(list: ListWriter, generation: number, fate: Fate, pace: Pace): Promise<number> {
  let dropped = 0;
  for await (const piece of entriesOf(list, generation)) {
    const operations = new Map<string, Operation>();
    const gone: Ticket[] = [];
    for (const entry of piece) {
      const left = fate(entry);
      if (left === entry) continue;
      const key = keys.ticket(generation, entry.ticket.barcode);
      if (left) operations.set(key, { type: 'put', key, value: encodeEntry(left) });
      else gone.push(entry.ticket);
    }
    removals(list, generation, gone, operations);
    dropped += gone.length;
    if (operations.size > 0) await list.write([...operations.values(), ...list.logGone(generation, gone)]);
    await pace();
  }
  return dropped;
}

/** Adds what takes these tickets out of a generation: themselves, their cards, their printed codes. */
export function removals(
  list: ListWriter,
  generation: number,
  gone: readonly Ticket[],
  operations: Map<string, Operation>,
): void {
  for (const ticket of gone) {
    const key = keys.ticket(generation, ticket.barcode);
    operations.set(key, { type: 'del', key });
    leaveContainer(list, generation, ticket, operations);
    leavePrinted(list, generation, ticket, operations);
  }
}

/**
 * Drops the scopes that are not `inForce` any more: their cursors at once, their tickets piece by piece unless another scope
 * holds them. Called only when every scope in force is complete, so nothing that is still sold is ever missing. A crash in
 * between goes on with the retired tags. Returns the tickets dropped.
 */
export async function dropRetired(list: ListWriter, inForce: ReadonlySet<string>, pace: Pace): Promise<number> {
  const { generation } = list;
  const index = list.scopes(generation);
  const gone = Object.entries(index.tags).filter(([key]) => !inForce.has(key));
  const retired = new Set([...index.retired, ...gone.map(([, tag]) => tag)]);
  if (retired.size === 0) return 0;
  const tags = Object.fromEntries(Object.entries(index.tags).filter(([key]) => inForce.has(key)));
  await list.write([
    {
      type: 'put',
      key: keys.scopes(generation),
      value: encodeJson({ tags, retired: [...retired] } satisfies ScopeIndex),
    },
    ...gone.map(([key]) => ({ type: 'del' as const, key: keys.scope(generation, key) })),
  ]);
  const fate: Fate = (entry) => {
    const kept = entry.tags.filter((tag) => !retired.has(tag));
    if (kept.length === entry.tags.length) return entry;
    return kept.length > 0 ? { ticket: entry.ticket, tags: kept } : undefined;
  };
  const dropped = await dropTickets(list, generation, fate, pace);
  const after = list.scopes(generation);
  await list.write([
    { type: 'put', key: keys.scopes(generation), value: encodeJson({ ...after, retired: [] } satisfies ScopeIndex) },
  ]);
  return dropped;
}

/** Drops the tickets that are over for long. Returns how many. */
export function purgeTickets(
  list: ListWriter,
  isOver: (ticket: Ticket) => boolean,
  pace: Pace,
  generation = list.generation,
): Promise<number> {
  return dropTickets(list, generation, (entry) => (isOver(entry.ticket) ? undefined : entry), pace);
}

/** UTC milliseconds of the last purge that came to its end; 0 = none. */
export function purgedAt(list: ListWriter): number {
  const text = list.get(keys.purged);
  return text === undefined ? 0 : (decodeJson(text, 'purge') as { at: number }).at;
}

export async function notePurge(list: ListWriter, at: number): Promise<void> {
  await list.write([{ type: 'put', key: keys.purged, value: encodeJson({ at }) }]);
}

/** The dropped ticket leaves its card; a card of dropped scopes only is forgotten with its last ticket. */
function leaveContainer(
  list: ListWriter,
  generation: number,
  { barcode, container }: Ticket,
  operations: Map<string, Operation>,
): void {
  if (container === undefined) return;
  const key = keys.container(generation, container);
  const pending = operations.get(key);
  const on =
    pending?.type === 'put'
      ? decodeBarcodes(pending.value as string, container)
      : pending?.type === 'del'
        ? []
        : (list.barcodesOn(generation, container) ?? []);
  const left = on.filter((b) => b !== barcode);
  operations.set(
    key,
    left.length > 0 ? { type: 'put', key, value: encodeBarcodes(left, container) } : { type: 'del', key },
  );
}

function leavePrinted(
  list: ListWriter,
  generation: number,
  { barcode }: Ticket,
  operations: Map<string, Operation>,
): void {
  if (list.dropFirst === 0) return;
  const printed = barcode.slice(list.dropFirst);
  const key = keys.printed(generation, printed);
  const pending = operations.get(key);
  const touched = new Map<string, string[]>();
  if (pending?.type === 'put') touched.set(printed, decodeBarcodes(pending.value as string, printed));
  const on = list.printedBarcodes(generation, barcode, touched);
  if (!on) return;
  const left = on.filter((b) => b !== barcode);
  const [, value] = list.printedEntry(generation, printed, left);
  operations.set(key, left.length > 0 ? { type: 'put', key, value } : { type: 'del', key });
}
