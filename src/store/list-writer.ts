import type { PageChanges } from '../domain/page.js';
import { planPage } from '../domain/page.js';
import type { Page, Ticket } from '../domain/ticket.js';
import { describeError, PortillonError } from '../errors.js';
import { HeldFiles } from './held-files.js';
import { keys } from './keys.js';
import { isUnreadable } from './damage.js';
import type { Operation } from './database.js';
import type { Entry } from './list-entry.js';
import type { BlackEntry } from './list-log.js';
import { logBlack, logGone, logOperations } from './list-log.js';
import { decodeBarcodes, decodeEntry, encodeBarcodes, encodeEntry } from './list-entry.js';
import type { ActiveList, ScopeIndex } from './list-state.js';
import { activeOf, clearForeignFormat, freeTag, NO_SCOPES } from './list-state.js';
import type { Database, StoreKey } from './open.js';
import { hintFor, openDatabase } from './open.js';
import type { ScopeState } from './records.js';
import { decodeJson, encodeJson, NEW_SCOPE } from './records.js';
import { scrub, suspect } from './scrub.js';
import { assertRoom } from './space.js';

export interface PageOptions {
  generation?: number;
  trail?: string[];
  extra?: readonly Operation[];
  black?: boolean;
  /** The scope behind this page as another list has it, which this one takes the place of; and the tickets' tags there. */
  as?: ScopeState;
  tags?: ReadonlyMap<string, readonly string[]>;
}

export interface ListOptions {
  storeKey?: StoreKey;
  /** Characters that printed codes leave out at the beginning; 0 = no index of printed codes. */
  dropFirst?: number;
  /** At a gate of a venue, for its lanes: what the hub's list says in place of `dropFirst`. */
  followsHub?: boolean;
  /** At a hub: pages whose changes are kept for the gates. */
  keepLog?: number;
}

const FIRST_GENERATION = 1;

/** The sync worker's hold of the ticket list: the only writer. */
export class ListWriter {
  readonly #location: string;
  readonly #storeKey: StoreKey;
  /** A gate of a venue follows its hub's. */
  dropFirst: number;
  readonly #keepLog: number;
  #db: Database | undefined;
  #held: HeldFiles | undefined;
  /** Places that were found damaged since the start. */
  damaged = 0;

  private constructor(location: string, options: ListOptions) {
    this.#location = location;
    this.#storeKey = options.storeKey;
    this.dropFirst = options.dropFirst ?? 0;
    this.#keepLog = options.keepLog ?? 0;
  }

  static async open(location: string, options: ListOptions = {}): Promise<ListWriter> {
    const writer = new ListWriter(location, options);
    await writer.reopen();
    await clearForeignFormat(writer.db());
    return writer;
  }

  async reopen(): Promise<void> {
    await this.close();
    this.#db = await openDatabase(this.#location, 'list', this.#storeKey);
    this.#held = new HeldFiles(this.#location);
  }

  async close(): Promise<void> {
    await this.#db?.close();
    this.#db = undefined;
    this.#held?.close();
    this.#held = undefined;
  }

  /** Throws when the volume has no room for another page. */
  assertRoom(): void {
    assertRoom(this.#location);
  }

  get active(): ActiveList {
    return activeOf((key) => this.get(key));
  }

  /** The generation that lanes read, or will read once there is a first page. */
  get generation(): number {
    return this.active.g || FIRST_GENERATION;
  }

  get position(): number {
    return this.active.p;
  }

  /** Progress of a scope in a generation (the one in force unless named). A scope without a tag yet gets one that was never used. */
  scope(scopeKey: string, generation = this.generation): ScopeState {
    const text = this.get(keys.scope(generation, scopeKey));
    if (text !== undefined) return decodeJson(text, 'scope') as ScopeState;
    return { ...NEW_SCOPE, tag: freeTag(this.scopes(generation)) };
  }

  scopes(generation = this.generation): ScopeIndex {
    const text = this.get(keys.scopes(generation));
    return text === undefined ? NO_SCOPES : (decodeJson(text, 'scopes') as ScopeIndex);
  }

  entry(generation: number, barcode: string): Entry | undefined {
    return this.#unlessDamaged(keys.ticket(generation, barcode), (text) => decodeEntry(barcode, text));
  }

  barcodesOn(generation: number, container: string): string[] | undefined {
    return this.#unlessDamaged(keys.container(generation, container), (text) => decodeBarcodes(text, container));
  }

  /** A damaged value is none: the server's next word replaces it. It is counted and shown. */
  #unlessDamaged<T>(key: string, decode: (text: string) => T): T | undefined {
    return this.tolerate(() => {
      const text = this.get(key);
      return text === undefined ? undefined : decode(text);
    });
  }

  /** Undefined where the files are not what was written. */
  tolerate<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#noteDamage(describeError(error));
      return undefined;
    }
  }

  /** Compares every block on the disk with its checksum; what is wrong is counted, and makes the next start set the list aside. */
  async scrub(pace: () => Promise<void>): Promise<void> {
    for (const problem of await scrub(this.#location, pace)) this.#noteDamage(problem);
  }

  #noteDamage(why: string): void {
    if (this.damaged++ === 0) suspect(this.#location, why);
  }

  /**
   * Applies one page to a scope: tickets, container index and cursor in one atomic batch. In the generation in force the lanes
   * see it at once.
   */
  async applyPage(
    scopeKey: string,
    page: Page,
    completeAt: number | null,
    options: PageOptions = {},
  ): Promise<{ scope: ScopeState; changes: PageChanges }> {
    this.assertRoom();
    const active = this.active;
    const generation = options.generation ?? this.generation;
    const before = options.as ?? this.scope(scopeKey, generation);
    const known = new Map<string, Entry>();
    const changes = planPage(page.items, {
      ticket: (barcode) => {
        const entry = this.entry(generation, barcode);
        if (entry) known.set(barcode, entry);
        return entry?.ticket;
      },
      container: (id) => this.barcodesOn(generation, id),
    });
    const trail = options.trail ?? before.trail;
    const scope: ScopeState = options.as ?? {
      tag: before.tag,
      cursor: page.cursor ?? before.cursor,
      pages: before.pages + 1,
      items: before.items + page.items.length,
      completeAt: completeAt ?? before.completeAt,
      ...(trail && { trail }),
    };
    const operations: Operation[] = [...(options.extra ?? [])];
    const put = (key: string, value: string): unknown => operations.push({ type: 'put', key, value });
    const write = (ticket: Ticket, tags: readonly string[]): void => {
      const entry = { ticket, tags: options.tags?.get(ticket.barcode) ?? withTag(tags, before.tag) };
      put(keys.ticket(generation, ticket.barcode), encodeEntry(entry));
    };
    for (const [barcode, ticket] of changes.tickets) write(ticket, known.get(barcode)?.tags ?? []);
    // Known and unchanged, but new to this scope: it must outlive the other one.
    const touched = [...known].filter(([barcode, e]) => !e.tags.includes(before.tag) && !changes.tickets.has(barcode));
    for (const [, { ticket, tags }] of touched) write(ticket, tags);
    for (const [id, barcodes] of changes.containers) put(keys.container(generation, id), encodeBarcodes(barcodes, id));
    if (this.dropFirst > 0) this.#indexPrinted(generation, changes, known, put);
    for (const item of changes.unreadable) {
      const key = keys.unreadable(generation, before.tag, scope.pages, item.index);
      put(key, encodeJson({ why: item.why, raw: item.raw }));
    }
    put(keys.scope(generation, scopeKey), encodeJson(scope));
    const index = this.scopes(generation);
    if (before.pages === 0 || index.tags[scopeKey] !== scope.tag) {
      const tags = { ...index.tags, [scopeKey]: scope.tag };
      put(keys.scopes(generation), encodeJson({ ...index, tags } satisfies ScopeIndex));
    }
    if (generation === (active.g || FIRST_GENERATION)) {
      const position = active.p + 1;
      const next: ActiveList = { ...active, g: generation, p: position, ...(options.black && { b: true as const }) };
      put(keys.active, encodeJson(next));
      if (this.#keepLog > 0)
        operations.push(
          ...logOperations({ generation, position }, changes.tickets, known, this.#keepLog, {
            scope: { key: scopeKey, state: scope },
            ...(touched.length > 0 && { touched: touched.map(([barcode]) => barcode) }),
          }),
        );
    } else if (options.black) put(keys.active, encodeJson({ ...active, b: true } satisfies ActiveList));
    await this.write(operations);
    return { scope, changes };
  }

  /** What goes with taking tickets out of a generation: in the one in force the list is at another position then, and a hub's gates are told. */
  logGone(generation: number, gone: readonly Ticket[]): Operation[] {
    const { active } = this;
    if (gone.length === 0 || generation !== (active.g || FIRST_GENERATION)) return [];
    const position = active.p + 1;
    return [
      { type: 'put', key: keys.active, value: encodeJson({ ...active, p: position } satisfies ActiveList) },
      ...(this.#keepLog > 0 ? logGone({ generation, position }, gone, this.#keepLog) : []),
    ];
  }

  /** What goes with a change of the black list. A list that was never filled has no position: its gates get everything anyway. */
  logBlack(changes: Parameters<typeof logBlack>[1]): Operation[] {
    const { active } = this;
    const logs = changes.length > 0 && active.g > 0;
    const position = logs ? active.p + 1 : active.p;
    return [
      { type: 'put', key: keys.active, value: encodeJson({ ...active, p: position, b: true } satisfies ActiveList) },
      ...(logs && this.#keepLog > 0 ? logBlack({ generation: active.g, position }, changes, this.#keepLog) : []),
    ];
  }

  black(barcode: string): BlackEntry | undefined {
    const text = this.get(keys.black(barcode));
    return text === undefined ? undefined : (decodeJson(text, 'black list') as BlackEntry);
  }

  /** New tickets enter the index of printed codes. */
  #indexPrinted(
    generation: number,
    changes: PageChanges,
    known: ReadonlyMap<string, Entry>,
    put: (key: string, value: string) => unknown,
  ): void {
    const touched = new Map<string, string[]>();
    for (const barcode of changes.tickets.keys()) {
      if (known.has(barcode)) continue;
      this.printedBarcodes(generation, barcode, touched)?.push(barcode);
    }
    for (const [printed, barcodes] of touched) put(...this.printedEntry(generation, printed, barcodes));
  }

  /** The barcodes that are printed like this one, from `touched` or from the disk; undefined = too short to be cut. */
  printedBarcodes(generation: number, barcode: string, touched: Map<string, string[]>): string[] | undefined {
    const printed = barcode.slice(this.dropFirst);
    if (printed === '') return undefined;
    let list = touched.get(printed);
    if (!list) {
      const text = this.get(keys.printed(generation, printed));
      list = text === undefined ? [] : decodeBarcodes(text, printed);
      touched.set(printed, list);
    }
    return list;
  }

  printedEntry(generation: number, printed: string, barcodes: readonly string[]): [string, string] {
    const sorted = [...new Set(barcodes)].sort();
    return [keys.printed(generation, printed), encodeBarcodes(sorted, printed)];
  }

  async write(operations: Operation[]): Promise<void> {
    try {
      await this.db().batch(operations, { sync: true });
    } catch (cause) {
      throw new PortillonError('LIST_WRITE', `the ticket list cannot be written: ${(cause as Error).message}`, {
        cause,
        hint: hintFor(cause),
      });
    }
  }

  get(key: string): string | undefined {
    return this.db().getSync(key);
  }

  db(): Database {
    if (!this.#db) throw new PortillonError('LIST_CLOSED', 'the ticket list is closed');
    return this.#db;
  }
}

const withTag = (tags: readonly string[], tag: string): readonly string[] =>
  tags.includes(tag) ? tags : [...tags, tag].sort();
