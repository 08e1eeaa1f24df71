import type { Ticket } from '../domain/ticket.js';
import { keys } from './keys.js';
import type { Database, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import { decodeJson, decodeNumber, decodeTicket } from './records.js';
import type { Medium } from '../domain/credential.js';

/** What the list holds on a credential, all from one snapshot. */
export interface Found {
  via: 'ticket' | 'container' | 'none';
  tickets: Ticket[];
  /** Pages ever applied; 0 = the list was never filled. */
  position: number;
}

/** The main thread's view of the ticket list: reads only, synchronous. */
export class TicketList {
  readonly #location: string;
  readonly #storeKey: StoreKey;
  #db: Database | undefined;
  #reopening: Promise<void> | undefined;

  private constructor(location: string, storeKey: StoreKey) {
    this.#location = location;
    this.#storeKey = storeKey;
  }

  static async open(location: string, storeKey?: StoreKey): Promise<TicketList> {
    const list = new TicketList(location, storeKey);
    list.#db = await openDatabase(location, 'list', storeKey);
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
    const snapshot = db.snapshot();
    try {
      const get = (key: string): string | undefined => db.getSync(key, { snapshot });
      const positionText = get(keys.position);
      const position = positionText === undefined ? 0 : decodeNumber(positionText, 'position');
      const asTicket = (): Found | undefined => {
        const text = get(keys.ticket(code));
        return text === undefined ? undefined : { via: 'ticket', tickets: [decodeTicket(code, text)], position };
      };
      const asContainer = (): Found | undefined => {
        const text = get(keys.container(code));
        if (text === undefined) return undefined;
        const tickets: Ticket[] = [];
        for (const barcode of decodeJson(text, 'container') as string[]) {
          const ticket = get(keys.ticket(barcode));
          if (ticket !== undefined) tickets.push(decodeTicket(barcode, ticket));
        }
        return { via: 'container', tickets, position };
      };
      const found = medium === 'rfid' ? (asContainer() ?? asTicket()) : (asTicket() ?? asContainer());
      return found ?? { via: 'none', tickets: [], position };
    } finally {
      void snapshot.close();
    }
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
