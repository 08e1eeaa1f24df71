import type { Ticket } from '../domain/ticket.js';
import { keys } from './keys.js';
import type { Database, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { decodeBarcodes, decodeEntry } from './list-entry.js';
import type { ActiveList } from './list-state.js';
import { activeOf, rememberActive } from './list-state.js';
import type { Medium } from '../domain/credential.js';
import type { ListOptions } from './list-writer.js';
import type { BlackEntry } from './list-files.js';
import { decodeJson } from './records.js';

/** What the list holds on a credential, all from one snapshot. */
export interface Found {
  via: 'ticket' | 'container' | 'none';
  /** The code is what a ticket shows in print, without the beginning of its barcode. */
  printed?: true;
  tickets: Ticket[];
  /** Pages ever applied; 0 = the list was never filled. */
  position: number;
}

type Get = (key: string) => string | undefined;

function ticketOf(get: Get, active: ActiveList, barcode: string): Ticket | undefined {
  const text = get(keys.ticket(active.g, barcode));
  if (text === undefined) return undefined;
  const { ticket } = decodeEntry(barcode, text);
  const black = active.b && get(keys.black(barcode));
  if (black) ticket.blocked = (decodeJson(black, 'black list') as BlackEntry).reason;
  return ticket;
}

/** The main thread's view of the ticket list: reads only, synchronous. */
export class TicketList {
  readonly #location: string;
  #db: Database | undefined;
  #reopening: Promise<void> | undefined;

  readonly #active = rememberActive();
  readonly #storeKey: StoreKey;
  readonly #dropFirst: number;
  readonly #follows: boolean;

  private constructor(location: string, options: ListOptions) {
    this.#location = location;
    this.#storeKey = options.storeKey;
    this.#dropFirst = options.dropFirst ?? 0;
    this.#follows = options.followsHub ?? false;
  }

  static async open(location: string, options: ListOptions = {}): Promise<TicketList> {
    const list = new TicketList(location, options);
    list.#db = await openDatabase(location, 'list', options.storeKey);
    return list;
  }

  /** True during the few milliseconds of a reopening. */
  get reopening(): boolean {
    return this.#reopening !== undefined;
  }

  /**
   * Finds the tickets of a credential. A barcode is looked up as a ticket first, an RFID ID as a container first
   * (SecuTix: the ticket's key is its barcode also when it sits on a card).
   */
  find(code: string, medium: Medium): Found {
    const db = this.#db;
    // Nothing to decide from: fails closed as an empty list until a reopening succeeds.
    if (!db) return { via: 'none', tickets: [], position: 0 };
    // A ticket's value is one piece, so what is found without a snapshot is what was in force a moment ago. What is not found may have been
    // taken away by a swap of generations in between, and a card's tickets belong together: those are read from a snapshot.
    const plain = (key: string): string | undefined => db.getSync(key);
    const direct = medium === 'barcode' ? this.#asTicket(plain, this.#active(plain), code) : undefined;
    if (direct) return direct;
    const snapshot = db.snapshot();
    try {
      return this.#look((key) => db.getSync(key, { snapshot }), code, medium);
    } finally {
      void snapshot.close();
    }
  }

  #look(get: Get, code: string, medium: Medium): Found {
    const active = this.#active(get);
    const at = { position: active.p };
    const asContainer = (): Found | undefined => {
      const text = get(keys.container(active.g, code));
      if (text === undefined) return undefined;
      const tickets = decodeBarcodes(text, code).map((barcode) => ticketOf(get, active, barcode));
      return { via: 'container', tickets: tickets.filter((t) => t !== undefined), ...at };
    };
    const asTicket = (): Found | undefined => this.#asTicket(get, active, code);
    // A hit only where it can mean one ticket, in an index that is whole.
    const asPrinted = (): Found | undefined => {
      const cut = this.#follows ? (active.c ?? 0) : this.#dropFirst;
      if (cut === 0 || active.c !== cut || medium !== 'barcode') return undefined;
      const text = get(keys.printed(active.g, code));
      const barcodes = text === undefined ? [] : decodeBarcodes(text, code);
      const ticket = barcodes.length === 1 ? ticketOf(get, active, barcodes[0] as string) : undefined;
      return ticket && { via: 'ticket', printed: true, tickets: [ticket], ...at };
    };
    const found = medium === 'rfid' ? (asContainer() ?? asTicket()) : (asTicket() ?? asContainer() ?? asPrinted());
    return found ?? { via: 'none', tickets: [], ...at };
  }

  #asTicket(get: Get, active: ActiveList, code: string): Found | undefined {
    const ticket = ticketOf(get, active, code);
    return ticket && { via: 'ticket', tickets: [ticket], position: active.p };
  }

  /**
   * Whether any ticket is what is looked for. Reads until the first one, in portions; a list that is taken away meanwhile counts as having
   * one, for nothing is known.
   */
  async some(wanted: (ticket: Ticket) => boolean): Promise<boolean> {
    const db = this.#db;
    if (!db) return true;
    try {
      const { g } = activeOf((key) => db.getSync(key));
      for await (const [key, text] of db.iterator({ gt: keys.ticket(g, ''), lt: keys.ticketsEnd(g) }))
        if (wanted(decodeEntry(keys.barcodeOf(key), text).ticket)) return true;
    } catch {
      return true;
    }
    return false;
  }

  /** After a failed write of the worker LevelDB refuses all further ones until every handle was closed. */
  async reopen(): Promise<void> {
    this.#reopening ??= (async () => {
      try {
        await this.#db?.close();
        this.#db = undefined;
        this.#db = await openDatabase(this.#location, 'list', this.#storeKey);
      } finally {
        this.#reopening = undefined;
      }
    })();
    await this.#reopening;
  }

  /** Waits for a reopening, whether it succeeds or not. */
  async settled(): Promise<void> {
    await this.#reopening?.catch(() => {});
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#db?.close();
    this.#db = undefined;
  }
}
