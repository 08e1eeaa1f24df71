import type { PageChanges } from '../domain/page.js';
import { planPage } from '../domain/page.js';
import type { Page } from '../domain/ticket.js';
import { PortillonError } from '../errors.js';
import { keys } from './keys.js';
import type { Operation } from './database.js';
import type { Database, StoreKey } from './open.js';
import { hintFor, openDatabase } from './open.js';
import type { ScopeState } from './records.js';
import { decodeJson, decodeNumber, decodeTicket, encodeJson, encodeTicket, NEW_SCOPE } from './records.js';
import { assertRoom } from './space.js';

/** The sync worker's hold of the ticket list: the only writer. */
export class ListWriter {
  readonly #location: string;
  readonly #storeKey: StoreKey;
  #db: Database | undefined;

  private constructor(location: string, storeKey: StoreKey) {
    this.#location = location;
    this.#storeKey = storeKey;
  }

  static async open(location: string, storeKey?: StoreKey): Promise<ListWriter> {
    const writer = new ListWriter(location, storeKey);
    await writer.reopen();
    return writer;
  }

  async reopen(): Promise<void> {
    await this.close();
    this.#db = await openDatabase(this.#location, 'list', this.#storeKey);
  }

  async close(): Promise<void> {
    await this.#db?.close();
    this.#db = undefined;
  }

  /** Throws when the volume has no room for another page. */
  assertRoom(): void {
    assertRoom(this.#location);
  }

  get position(): number {
    const text = this.#get(keys.position);
    return text === undefined ? 0 : decodeNumber(text, 'position');
  }

  scope(key: string): ScopeState {
    const text = this.#get(keys.scope(key));
    return text === undefined ? NEW_SCOPE : (decodeJson(text, 'scope') as ScopeState);
  }

  /**
   * Applies one page: tickets, container index, lines set aside and the new cursor are one synced batch. A crash before it
   * leaves the old cursor, and the same page comes again, harmlessly.
   * `complete`: with this page the end of the list was reached (UTC milliseconds), or null.
   */
  async applyPage(
    key: string,
    page: Page,
    completeAt: number | null,
  ): Promise<{ scope: ScopeState; changes: PageChanges }> {
    this.assertRoom();
    const before = this.scope(key);
    const position = this.position + 1;
    const changes = planPage(page.items, {
      ticket: (barcode) => {
        const text = this.#get(keys.ticket(barcode));
        return text === undefined ? undefined : decodeTicket(barcode, text);
      },
      container: (id) => {
        const text = this.#get(keys.container(id));
        return text === undefined ? undefined : (decodeJson(text, 'container') as string[]);
      },
    });
    const scope: ScopeState = {
      cursor: page.cursor ?? before.cursor,
      pages: before.pages + 1,
      items: before.items + page.items.length,
      completeAt: completeAt ?? before.completeAt,
    };
    const operations: Operation[] = [];
    const put = (k: string, value: string): unknown => operations.push({ type: 'put', key: k, value });
    for (const [barcode, ticket] of changes.tickets) put(keys.ticket(barcode), encodeTicket(ticket));
    for (const [id, barcodes] of changes.containers) put(keys.container(id), encodeJson(barcodes));
    for (const item of changes.unreadable)
      put(keys.unreadable(position, item.index), encodeJson({ why: item.why, raw: item.raw }));
    put(keys.scope(key), encodeJson(scope));
    put(keys.position, encodeJson(position));
    await this.#write(operations);
    return { scope, changes };
  }

  async #write(operations: Operation[]): Promise<void> {
    try {
      await this.#open().batch(operations, { sync: true });
    } catch (cause) {
      throw new PortillonError('LIST_WRITE', `the ticket list cannot be written: ${(cause as Error).message}`, {
        cause,
        hint: hintFor(cause),
      });
    }
  }

  #get(key: string): string | undefined {
    return this.#open().getSync(key);
  }

  #open(): Database {
    if (!this.#db) throw new PortillonError('LIST_CLOSED', 'the ticket list is closed');
    return this.#db;
  }
}
