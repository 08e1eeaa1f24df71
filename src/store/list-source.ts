import { keys } from './keys.js';
import { addHash, EMPTY_HASH, partOf } from './list-hash.js';
import type { BlackEntry, Line, LoggedPage } from './list-log.js';
import { blackText, lineText, taggedText } from './list-log.js';
import type { ActiveList, ScopeIndex } from './list-state.js';
import { activeOf, NO_SCOPES } from './list-state.js';
import type { Database, StoreKey } from './open.js';
import { openDatabase } from './open.js';
import type { ScopeState } from './records.js';
import { decodeJson } from './records.js';

export interface SourceState {
  position: number;
  /** The oldest last complete fetch of all scopes; null = one was never complete. */
  completeAt: number | null;
  /** Characters that printed codes leave out, as the hub's index has it; 0 = no index. */
  dropFirst: number;
}

/** What a list is read on with, by whoever takes the place of the one that read it so far. */
export interface CopiedScopes {
  index: ScopeIndex;
  states: readonly { key: string; state: ScopeState }[];
}

/** Tickets between two breaths while the sum is made anew. */
const PIECE = 2_000;

/**
 * The hub's list as it is handed to gates. It is opened for a moment only: a list that must be reopened after a full disk
 * must not find it open.
 */
export class ListSource {
  readonly #location: string;
  readonly #storeKey: StoreKey;
  #db: Promise<Database> | undefined;
  #users = 0;
  #sum: { g: number; p: number; hash: string } | undefined;

  constructor(location: string, storeKey?: StoreKey) {
    this.#location = location;
    this.#storeKey = storeKey;
  }

  async #use<T>(work: (db: Database) => T | Promise<T>): Promise<T> {
    this.#users++;
    this.#db ??= openDatabase(this.#location, 'list', this.#storeKey);
    const opened = this.#db;
    try {
      return await work(await opened);
    } finally {
      if (--this.#users === 0) {
        this.#db = undefined;
        await opened.then(
          (db) => db.close(),
          () => {},
        );
      }
    }
  }

  state(): Promise<SourceState> {
    return this.#use(async (db) => {
      const { g, p, c = 0 } = active(db);
      const scopes = await db.values({ gt: keys.scope(g, ''), lt: keys.scope(g, '\uffff') }).all();
      const times = scopes.map((text) => (decodeJson(text, 'scope') as ScopeState).completeAt);
      const complete = times.length > 0 && !times.includes(null);
      return { position: p, completeAt: complete ? Math.min(...(times as number[])) : null, dropFirst: c };
    });
  }

  /** One page as the log has it; undefined = no longer kept. */
  page(position: number): Promise<LoggedPage | undefined> {
    return this.#use((db) => {
      const page = pageOf(db, position);
      return page?.g === active(db).g ? page : undefined;
    });
  }

  /** Tickets behind a barcode, in the order of the store; `tagged`: each with its scopes. Fewer than `limit` = the end. */
  tickets(after: string, limit: number, tagged = false): Promise<readonly Line[]> {
    return this.#use(async (db) => {
      const { g } = active(db);
      const found = await db.iterator({ gt: keys.ticket(g, after), lt: keys.ticketsEnd(g), limit }).all();
      return found.map(([key, text]): Line => [keys.barcodeOf(key), (tagged ? taggedText : lineText)(text)]);
    });
  }

  /** Cursor and progress of every scope. Read before any ticket: then no ticket of before a cursor can be missing. */
  scopes(): Promise<CopiedScopes> {
    return this.#use((db) => {
      const { g } = active(db);
      const text = db.getSync(keys.scopes(g));
      const index = text === undefined ? NO_SCOPES : (decodeJson(text, 'scopes') as ScopeIndex);
      const states = Object.keys(index.tags).flatMap((key) => {
        const state = db.getSync(keys.scope(g, key));
        return state === undefined ? [] : [{ key, state: decodeJson(state, 'scope') as ScopeState }];
      });
      return { index, states };
    });
  }

  /** The whole black list. */
  black(): Promise<readonly Line[]> {
    return this.#use(blackLines);
  }

  /**
   * The sum over the list with the position it is of. It follows the log; where that has a gap (a swap, a start) the sum is made
   * anew, piece by piece.
   */
  hash(): Promise<{ position: number; hash: string } | undefined> {
    return this.#use(async (db) => {
      const now = active(db);
      if (now.g === 0) return { position: 0, hash: EMPTY_HASH };
      let at = this.#sum?.g === now.g ? this.#sum : undefined;
      while (at && at.p < now.p) {
        const page = pageOf(db, at.p + 1);
        at = page?.g === now.g ? { g: now.g, p: at.p + 1, hash: addHash(at.hash, page.change) } : undefined;
      }
      this.#sum = at ?? (await scan(db, now));
      return this.#sum && { position: this.#sum.p, hash: this.#sum.hash };
    });
  }
}

async function blackLines(db: Database): Promise<Line[]> {
  const texts = await db.values({ gt: keys.black(''), lt: keys.blackEnd }).all();
  const entries = texts.map((text) => decodeJson(text, 'black list') as BlackEntry);
  return entries.map((entry): Line => [entry.barcode, blackText(entry)]);
}

const active = (db: Database): ActiveList => activeOf((key) => db.getSync(key));

function pageOf(db: Database, position: number): LoggedPage | undefined {
  const text = db.getSync(keys.listLog(position));
  return text === undefined ? undefined : (decodeJson(text, 'list log') as LoggedPage);
}

/** Undefined = the list changed meanwhile: another time. */
async function scan(db: Database, { g, p }: ActiveList): Promise<{ g: number; p: number; hash: string } | undefined> {
  let sum = 0n;
  const iterator = db.iterator({ gt: keys.ticket(g, ''), lt: keys.ticketsEnd(g) });
  try {
    for (let piece = await iterator.nextv(PIECE); piece.length > 0; piece = await iterator.nextv(PIECE))
      for (const [key, text] of piece) sum += partOf(keys.barcodeOf(key), lineText(text));
  } finally {
    await iterator.close();
  }
  for (const [barcode, text] of await blackLines(db)) sum += partOf(barcode, text);
  return active(db).p === p ? { g, p, hash: addHash(EMPTY_HASH, sum) } : undefined;
}
