import type { Page, Ticket } from '../domain/ticket.js';
import type { Operation } from './database.js';
import { keys } from './keys.js';
import { EMPTY_HASH } from './list-hash.js';
import { removals } from './list-drop.js';
import { blackEntries, blackOperation } from './list-files.js';
import { abandon, beginGeneration, buildingOf, oneTurn, removeGarbage, swap } from './list-generations.js';
import type { Line } from './list-log.js';
import { blackOf, entryOf, GONE, isBlack, ticketOf } from './list-log.js';
import type { FollowedList, PageFacts, SnapshotProgress } from './list-mirror.js';
import { followDropFirst } from './list-mirror.js';
import type { CopiedScopes, ListSource } from './list-source.js';
import type { ListWriter } from './list-writer.js';
import type { ScopeState } from './records.js';
import { decodeJson, encodeJson } from './records.js';

/**
 * A standby's list: the hub's to the last cursor, so that whoever takes over reads on where the hub was. It has the hub's page numbers and the
 * hub's log too: gates that followed the one follow the other.
 *
 * Invariants: a cursor is never here before the tickets of its pages; a list that is fetched whole is built beside the one in force and
 * takes its place at the end, for half a list with a whole cursor would lose tickets for ever.
 */
export class ListCopy implements FollowedList {
  readonly #list: ListWriter;
  /** The same files, for the sum over them. */
  readonly #source: ListSource;
  #hash = EMPTY_HASH;

  constructor(list: ListWriter, source: ListSource) {
    this.#list = list;
    this.#source = source;
    if (list.dropFirst === 0) list.dropFirst = list.active.c ?? 0;
  }

  get position(): number {
    return this.#list.position;
  }
  get hash(): string {
    return this.#hash;
  }

  get scope(): Pick<ScopeState, 'items' | 'pages' | 'completeAt'> {
    const list = this.#list;
    const states = Object.keys(list.scopes().tags).map((key) => list.scope(key));
    const times = states.map((s) => s.completeAt);
    return {
      items: states.reduce((sum, s) => sum + s.items, 0),
      pages: states.reduce((sum, s) => sum + s.pages, 0),
      completeAt: times.length > 0 && !times.includes(null) ? Math.min(...(times as number[])) : null,
    };
  }

  get #building() {
    const building = buildingOf(this.#list);
    return building?.purpose === 'copy' ? building : undefined;
  }

  get snapshot(): SnapshotProgress | undefined {
    if (!this.#building) return undefined;
    const text = this.#list.get(keys.copy);
    return text === undefined ? undefined : (decodeJson(text, 'copy') as SnapshotProgress);
  }

  get startingOver(): boolean {
    return this.#building !== undefined && this.snapshot === undefined;
  }

  /** A page that was written and not counted is written again: nothing changes by it. */
  async applyPage(lines: readonly Line[], position: number, page: PageFacts = {}): Promise<void> {
    const list = this.#list;
    const black = lines.filter(isBlack);
    const gone = lines.filter((line) => !isBlack(line) && line[1] === GONE);
    if (black.length > 0) await this.#black(black);
    else if (page.scope) await this.#tickets(lines, page.scope, page.touched);
    else if (gone.length > 0) await this.#gone(gone.map(([barcode]) => barcode));
    if (list.position === position) return;
    await list.write([{ type: 'put', key: keys.active, value: encodeJson({ ...list.active, p: position }) }]);
  }

  async #tickets(
    lines: readonly Line[],
    scope: NonNullable<PageFacts['scope']>,
    touched: readonly string[] = [],
  ): Promise<void> {
    const list = this.#list;
    const known = touched.flatMap((barcode) => list.entry(list.generation, barcode)?.ticket ?? []);
    await list.applyPage(scope.key, pageOf([...lines.map(ticketOf), ...known]), null, { as: scope.state });
  }

  async #gone(barcodes: readonly string[]): Promise<void> {
    const list = this.#list;
    const { generation } = list;
    const tickets = barcodes.flatMap((barcode) => list.entry(generation, barcode)?.ticket ?? []);
    const operations = new Map<string, Operation>();
    removals(list, generation, tickets, operations);
    await list.write([...operations.values(), ...list.logGone(generation, tickets)]);
  }

  async #black(lines: readonly Line[]): Promise<void> {
    const list = this.#list;
    const changes = lines.map((line) => ({ barcode: line[0], before: list.black(line[0]), after: blackOf(line) }));
    const operations = changes.flatMap(({ barcode, after }) => blackOperation(barcode, after));
    await list.write([...operations, ...list.logBlack(changes)]);
  }

  async applySnapshot(
    lines: readonly Line[],
    from: SnapshotProgress,
    next: SnapshotProgress | undefined,
    now: number,
    scopes?: CopiedScopes,
  ): Promise<void> {
    const list = this.#list;
    // One that was begun before this is another list.
    if (from.after === '' && this.snapshot) await abandon(list);
    const { generation } = await beginGeneration(list, 'copy', now);
    if (from.after === '' && scopes) await this.#begin(generation, scopes);
    const entries = lines.filter((line) => !isBlack(line)).map(entryOf);
    const [key] = Object.keys(list.scopes(generation).tags);
    const progress: Operation[] = next ? [{ type: 'put', key: keys.copy, value: encodeJson(next) }] : [];
    if (key !== undefined)
      await list.applyPage(key, pageOf(entries.map((e) => e.ticket)), null, {
        generation,
        as: list.scope(key, generation),
        tags: new Map(entries.map((e) => [e.ticket.barcode, e.tags])),
        extra: progress,
      });
    if (next) return;
    const black = lines.filter(isBlack);
    const old = (await blackEntries(list)).flatMap(({ barcode }) => blackOperation(barcode, undefined));
    const flag = encodeJson({ ...list.active, b: true });
    await list.write([
      ...old,
      ...black.flatMap((line) => blackOperation(line[0], blackOf(line))),
      ...(black.length > 0 ? [{ type: 'put' as const, key: keys.active, value: flag }] : []),
    ]);
    const building = this.#building;
    if (building) await swap(list, building, undefined, from.position);
    await list.write([{ type: 'del', key: keys.copy }]);
    await removeGarbage(list, oneTurn);
  }

  async #begin(generation: number, { index, states }: CopiedScopes): Promise<void> {
    await this.#list.write([
      { type: 'put', key: keys.scopes(generation), value: encodeJson(index) },
      ...states.map(({ key, state }): Operation => ({
        type: 'put',
        key: keys.scope(generation, key),
        value: encodeJson(state),
      })),
    ]);
  }

  followDropFirst(dropFirst: number): Promise<boolean> {
    return followDropFirst(this.#list, dropFirst);
  }

  /** Every scope has its own with its pages. */
  async confirm(): Promise<void> {}

  async startOver(now: number): Promise<void> {
    await abandon(this.#list);
    await beginGeneration(this.#list, 'copy', now);
    await this.#list.write([{ type: 'del', key: keys.copy }]);
  }

  async sum(): Promise<string | undefined> {
    const sum = await this.#source.hash();
    if (sum?.position !== this.position) return undefined;
    this.#hash = sum.hash;
    return sum.hash;
  }

  close(): Promise<void> {
    return this.#list.close();
  }
}

const pageOf = (tickets: readonly Ticket[]): Page => ({
  items: tickets.map((ticket) => ({ kind: 'ticket', ticket })),
  cursor: null,
  counted: tickets.length,
});
