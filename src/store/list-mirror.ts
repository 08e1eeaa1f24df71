import type { Page, Ticket } from '../domain/ticket.js';
import type { Operation } from './database.js';
import { keys } from './keys.js';
import { addHash, EMPTY_HASH, partOf } from './list-hash.js';
import {
  abandon,
  beginGeneration,
  buildingOf,
  indexPrinted,
  oneTurn,
  removeGarbage,
  swap,
} from './list-generations.js';
import { removals } from './list-drop.js';
import { blackEntries, blackOperation } from './list-files.js';
import type { Line, LoggedPage } from './list-log.js';
import type { CopiedScopes } from './list-source.js';
import { blackChange, blackOf, GONE, isBlack, textOf, ticketOf } from './list-log.js';
import type { ListWriter } from './list-writer.js';
import type { ScopeState } from './records.js';
import { decodeJson, encodeJson } from './records.js';

/** A snapshot that is being fetched: the hub's position it started at, and the last barcode that is here. */
export interface SnapshotProgress {
  position: number;
  after: string;
}

interface MirrorCursor {
  /** The hub's position that this list is at. */
  position: number;
  snapshot?: SnapshotProgress;
}

/** A list that follows the hub's, page by page. */
export interface FollowedList {
  readonly position: number;
  /** As last known. */
  readonly hash: string;
  readonly scope: Pick<ScopeState, 'items' | 'pages' | 'completeAt'>;
  readonly snapshot: SnapshotProgress | undefined;
  readonly startingOver: boolean;
  /** `page`: what else the hub's log has of it, for a standby. */
  applyPage(lines: readonly Line[], position: number, page?: PageFacts): Promise<void>;
  applySnapshot(
    lines: readonly Line[],
    from: SnapshotProgress,
    next: SnapshotProgress | undefined,
    now: number,
    scopes?: CopiedScopes,
  ): Promise<void>;
  followDropFirst(dropFirst: number): Promise<boolean>;
  confirm(completeAt: number | null): Promise<void>;
  startOver(now: number): Promise<void>;
  /** Sum over this list; undefined = it cannot be said now. */
  sum(): Promise<string | undefined>;
  close(): Promise<void>;
}

export type PageFacts = Pick<LoggedPage, 'scope' | 'touched'>;

const HUB_SCOPE = 'hub';

/**
 * A gate's copy of the hub's list, kept as a scope whose cursor is the hub's position. A gate with a list fetches a
 * snapshot beside it and swaps at the end: lanes never see half of one.
 */
export class ListMirror implements FollowedList {
  readonly #list: ListWriter;

  constructor(list: ListWriter) {
    this.#list = list;
    if (list.dropFirst === 0) list.dropFirst = list.active.c ?? 0;
  }

  #cursor(generation: number): MirrorCursor {
    const { cursor } = this.#list.scope(HUB_SCOPE, generation);
    return cursor === null ? { position: 0 } : (JSON.parse(cursor) as MirrorCursor);
  }

  #hash(generation: number): string {
    const text = this.#list.get(keys.listHash(generation));
    return text === undefined ? EMPTY_HASH : (decodeJson(text, 'list hash') as string);
  }

  /** The hub's position that the lanes decide by. */
  get position(): number {
    return this.#cursor(this.#list.generation).position;
  }
  get hash(): string {
    return this.#hash(this.#list.generation);
  }
  get scope(): ScopeState {
    return this.#list.scope(HUB_SCOPE);
  }

  /** Where a snapshot is built: beside a list in force, or in its place when there is none. */
  #snapshotGeneration(): number {
    const building = buildingOf(this.#list);
    if (building) return building.generation;
    return this.#list.generation;
  }

  get snapshot(): SnapshotProgress | undefined {
    return this.#cursor(this.#snapshotGeneration()).snapshot;
  }

  async applyPage(lines: readonly Line[], position: number): Promise<void> {
    await this.#apply(this.#list.generation, lines, { position });
  }

  /** `next` undefined = this piece ends the snapshot. */
  async applySnapshot(
    lines: readonly Line[],
    from: SnapshotProgress,
    next: SnapshotProgress | undefined,
    now: number,
  ): Promise<void> {
    const list = this.#list;
    const begins = from.after === '';
    // A list that is whole stays in force until the new one is.
    const beside = this.#cursor(list.generation).position > 0;
    if (begins && beside && !buildingOf(list)) await beginGeneration(list, 'resync', now);
    const building = buildingOf(list);
    const generation = building?.generation ?? list.generation;
    const { position } = this.#cursor(generation);
    await this.#apply(generation, lines, next ? { position, snapshot: next } : { position: from.position }, !next);
    if (next || !building) return;
    await swap(list, building);
    await removeGarbage(list, oneTurn);
  }

  /** `whole`: the lines hold the whole black list. */
  async #apply(generation: number, all: readonly Line[], cursor: MirrorCursor, whole = false): Promise<void> {
    const list = this.#list;
    const lines = all.filter((line) => !isBlack(line));
    const black = await this.#black(all.filter(isBlack), whole);
    let { change } = black;
    const gone: Ticket[] = [];
    for (const [barcode, text] of lines) {
      const before = list.entry(generation, barcode);
      if (before) change -= partOf(barcode, textOf(before.ticket));
      if (text !== GONE) change += partOf(barcode, text);
      else if (before) gone.push(before.ticket);
    }
    const page: Page = {
      items: lines.filter(([, text]) => text !== GONE).map((line) => ({ kind: 'ticket', ticket: ticketOf(line) })),
      cursor: JSON.stringify(cursor),
      counted: lines.length,
    };
    const hash = addHash(this.#hash(generation), change);
    // A page of a hub's log has either tickets or such that went.
    const dropped = new Map<string, Operation>();
    removals(list, generation, gone, dropped);
    const extra: Operation[] = [
      ...black.operations,
      ...dropped.values(),
      { type: 'put', key: keys.listHash(generation), value: encodeJson(hash) },
    ];
    await list.applyPage(HUB_SCOPE, page, null, {
      generation,
      extra,
      ...(black.operations.length > 0 && { black: true }),
    });
  }

  /** A list in the making has the black list in its sum from its last piece on, and then whole. */
  async #black(lines: readonly Line[], whole: boolean): Promise<{ change: bigint; operations: Operation[] }> {
    const list = this.#list;
    const operations: Operation[] = [];
    let change = 0n;
    if (whole)
      for (const { barcode } of await blackEntries(list)) operations.push(...blackOperation(barcode, undefined));
    for (const line of lines) {
      const [barcode] = line;
      const after = blackOf(line);
      change += blackChange(barcode, whole ? undefined : list.black(barcode), after);
      operations.push(...blackOperation(barcode, after));
    }
    return { change, operations };
  }

  /**
   * Characters that printed codes leave out, as the hub has it: the index is made anew when that has changed. True = a snapshot in the
   * making was given up, so the answer in hand belongs to nothing.
   */
  followDropFirst(dropFirst: number): Promise<boolean> {
    return followDropFirst(this.#list, dropFirst);
  }

  sum(): Promise<string> {
    return Promise.resolve(this.hash);
  }

  /** The hub's list was complete at this time: nothing newer was to be had. */
  async confirm(completeAt: number | null): Promise<void> {
    const scope = this.#list.scope(HUB_SCOPE);
    if (scope.completeAt === completeAt || scope.pages === 0) return;
    const key = keys.scope(this.#list.generation, HUB_SCOPE);
    await this.#list.write([{ type: 'put', key, value: encodeJson({ ...scope, completeAt } satisfies ScopeState) }]);
  }

  /** The list differs from the hub's and nobody knows where: it is fetched whole, beside this one. */
  async startOver(now: number): Promise<void> {
    const building = await beginGeneration(this.#list, 'resync', now);
    const scope = this.#list.scope(HUB_SCOPE, building.generation);
    const cursor = JSON.stringify({ position: 0 } satisfies MirrorCursor);
    const key = keys.scope(building.generation, HUB_SCOPE);
    await this.#list.write([{ type: 'put', key, value: encodeJson({ ...scope, cursor } satisfies ScopeState) }]);
  }

  /** A snapshot is to be fetched from its beginning. */
  get startingOver(): boolean {
    const building = buildingOf(this.#list);
    return building !== undefined && this.snapshot === undefined;
  }

  close(): Promise<void> {
    return this.#list.close();
  }
}

export async function followDropFirst(list: ListWriter, dropFirst: number): Promise<boolean> {
  if (list.dropFirst === dropFirst && (list.active.c ?? 0) === dropFirst) return false;
  list.dropFirst = dropFirst;
  // One in the making was indexed in another way: it begins again.
  const building = buildingOf(list);
  const stale = building !== undefined && building.dropFirst !== dropFirst;
  if (stale) await abandon(list);
  await indexPrinted(list, oneTurn);
  return stale;
}
