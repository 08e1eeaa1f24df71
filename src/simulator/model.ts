import { seededRandom } from '../clock.js';

/** A ticket as the simulated ticketing system knows it, in the names of the wire. */
export interface SimTicket {
  barcode: string;
  containerIdentifier: string | null;
  state: 'VALID' | 'CANCELLED';
  cancellationCause: string;
  seasonCode: string;
  productCode: string;
  performanceCode: string;
  entranceCode: string | null;
  audienceSubCategoryCode: string;
  /** Persons of a group ticket; the two flags are sent only where they are set. */
  groupSize?: number;
  reducedPrice?: boolean;
  isSpecimen?: boolean;
  /** Sold by a partner: in the list of `ticketType` THIRD_PARTY. */
  thirdParty: boolean;
  printed: boolean;
}

/** One state change; the log is append-only, the index is the hidden sequence of the cursors. */
interface Change {
  barcode: string;
  state: 'VALID' | 'CANCELLED';
  cause: string;
  container: string | null;
}

/** A change of a ticket that was never there: it keeps the places of the others. */
const NOTHING: Change = { barcode: '', state: 'CANCELLED', cause: '', container: null };

export const FIRST_TICKET = '24282035061813972260';
const SHARE = { cancelled: 0.03, otherProduct: 0.05, rfid: 0.1, reduced: 0.15 };

export interface ExportShape {
  listType: string;
  ticketType: string;
  seasonCode: string;
  productCodes: readonly string[];
  performanceCodes: readonly string[];
  /** Products the operator sees; left out: all. */
  visible?: readonly string[];
}

/** Tickets and the log of their changes. Everything follows from the seed. */
export class SimModel {
  readonly tickets = new Map<string, SimTicket>();
  readonly #log: Change[] = [];

  constructor(count: number, seed: number) {
    const random = seededRandom(seed);
    if (count > 0) this.sell({ barcode: FIRST_TICKET });
    while (this.tickets.size < count) this.#generate(random, count - this.tickets.size);
  }

  get changes(): number {
    return this.#log.length;
  }

  #generate(random: () => number, room: number): void {
    const digits = (n: number): string => String(Math.floor(random() * 10 ** n)).padStart(n, '0');
    const barcode = (): string => digits(10) + digits(10);
    const roll = random();
    if (roll < SHARE.rfid && room >= 2) {
      const card = `04${Math.floor(random() * 2 ** 44)
        .toString(16)
        .toUpperCase()
        .padStart(12, '0')
        .slice(-12)}`;
      const two = random() < 0.5;
      this.sell({ barcode: barcode(), containerIdentifier: card });
      if (two) this.sell({ barcode: barcode(), containerIdentifier: card });
      return;
    }
    const other = roll > 1 - SHARE.otherProduct;
    const ticket = this.sell({
      barcode: barcode(),
      ...(other && { productCode: 'P2', performanceCode: 'PERF2' }),
      audienceSubCategoryCode: random() < SHARE.reduced ? 'CHILD' : 'ADULT',
    });
    if (random() < SHARE.cancelled) this.cancel(ticket.barcode, 'REFUND');
  }

  sell(ticket: Partial<SimTicket> & { barcode: string }): SimTicket {
    const sold: SimTicket = {
      containerIdentifier: null,
      state: 'VALID',
      cancellationCause: 'NOT_CANCELLED',
      seasonCode: 'S26',
      productCode: 'P1',
      performanceCode: 'PERF1',
      entranceCode: null,
      audienceSubCategoryCode: 'ADULT',
      thirdParty: false,
      printed: true,
      ...ticket,
    };
    this.tickets.set(sold.barcode, sold);
    this.#append(sold);
    return sold;
  }

  cancel(barcode: string, cause = 'REFUND'): void {
    const ticket = this.#get(barcode);
    ticket.state = 'CANCELLED';
    ticket.cancellationCause = cause;
    this.#append(ticket);
  }

  revalidate(barcode: string): void {
    const ticket = this.#get(barcode);
    ticket.state = 'VALID';
    ticket.cancellationCause = 'NOT_CANCELLED';
    this.#append(ticket);
  }

  /** To another card, or off it. */
  move(barcode: string, container: string | null): void {
    const ticket = this.#get(barcode);
    ticket.containerIdentifier = container;
    this.#append(ticket);
  }

  /** The old barcode is cancelled, a new one is valid in its place. */
  reprint(barcode: string, newBarcode: string): SimTicket {
    const old = this.#get(barcode);
    this.cancel(barcode, 'REPRINT');
    return this.sell({ ...old, barcode: newBarcode, state: 'VALID', cancellationCause: 'NOT_CANCELLED' });
  }

  /** The ticket was never there: what a list that lost its way looks like from the other side. */
  forget(barcode: string): void {
    this.tickets.delete(barcode);
    for (const [i, change] of this.#log.entries()) if (change.barcode === barcode) this.#log[i] = NOTHING;
  }

  /** Tickets on a card that are for one performance (or any), valid ones only. */
  on(container: string, performance?: string): SimTicket[] {
    return [...this.tickets.values()].filter(
      (t) =>
        t.containerIdentifier === container &&
        t.state === 'VALID' &&
        (performance === undefined || t.performanceCode === performance),
    );
  }

  #get(barcode: string): SimTicket {
    const ticket = this.tickets.get(barcode);
    if (!ticket) throw new Error(`the simulator has no ticket ${barcode}`);
    return ticket;
  }

  #append({ barcode, state, cancellationCause, containerIdentifier }: SimTicket): void {
    this.#log.push({ barcode, state, cause: cancellationCause, container: containerIdentifier });
  }

  /**
   * Items after a position, at most `max` tickets as SecuTix counts them: in a grey list a VALID followed by its CANCELLED
   * is one and is never split; a CANCELLED always comes with its VALID right before it.
   */
  export(
    shape: ExportShape,
    after: number,
    max: number,
    dialect: Dialect = PLAIN_DIALECT,
  ): { items: Record<string, unknown>[]; end: number } {
    const items: Record<string, unknown>[] = [];
    let counted = 0;
    let at = after;
    while (at < this.#log.length && counted < max) {
      const change = this.#log[at] as Change;
      at++;
      const ticket = this.tickets.get(change.barcode);
      if (!ticket || !matches(ticket, shape)) continue;
      const next = this.#log[at];
      const cancelledNext = change.state === 'VALID' && next?.barcode === change.barcode && next.state === 'CANCELLED';
      if (cancelledNext) at++;
      const line = (state: 'VALID' | 'CANCELLED', c: Change): void =>
        void items.push(spoken(wireItem(ticket, c, state, at - 1), dialect));
      if (shape.listType === 'GREY') {
        line('VALID', change.state === 'VALID' ? change : { ...change, cause: 'NOT_CANCELLED' });
        if (cancelledNext) line('CANCELLED', next);
        else if (change.state === 'CANCELLED') line('CANCELLED', change);
      } else {
        const last = cancelledNext ? next : change;
        if ((last.state === 'VALID') !== (shape.listType === 'WHITE')) continue;
        line(last.state, last);
      }
      counted++;
    }
    return { items, end: at };
  }
}

function matches(ticket: SimTicket, shape: ExportShape): boolean {
  if (shape.ticketType === 'THIRD_PARTY' && !ticket.thirdParty) return false;
  if (shape.visible && !shape.visible.includes(ticket.productCode)) return false;
  return (
    ticket.seasonCode === shape.seasonCode &&
    (shape.productCodes.length === 0 || shape.productCodes.includes(ticket.productCode)) &&
    (shape.performanceCodes.length === 0 || shape.performanceCodes.includes(ticket.performanceCode))
  );
}

/** How an institution's interface differs. */
export interface Dialect {
  /** Members that are sent as null: never the barcode. */
  trim: ReadonlySet<string>;
  /** Other names of members, by their usual one. */
  rename: Readonly<Record<string, string>>;
}
const PLAIN_DIALECT: Dialect = { trim: new Set(), rename: {} };

function spoken(item: Record<string, unknown>, { trim, rename }: Dialect): Record<string, unknown> {
  if (trim.size === 0 && Object.keys(rename).length === 0) return item;
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      rename[name] ?? name,
      trim.has(name) && name !== 'barcode' ? null : value,
    ]),
  );
}

/** Now and then a member that no document names: a client must carry it along. */
function wireItem(
  ticket: SimTicket,
  change: Change,
  state: 'VALID' | 'CANCELLED',
  index: number,
): Record<string, unknown> {
  return {
    barcode: ticket.barcode,
    containerIdentifier: change.container,
    state,
    cancellationCause: state === 'VALID' ? 'NOT_CANCELLED' : change.cause,
    seasonCode: ticket.seasonCode,
    productCode: ticket.productCode,
    performanceCode: ticket.performanceCode,
    entranceCode: ticket.entranceCode,
    audienceSubCategoryCode: ticket.audienceSubCategoryCode,
    ...(ticket.groupSize !== undefined && { groupSize: ticket.groupSize }),
    ...(ticket.reducedPrice !== undefined && { reducedPrice: ticket.reducedPrice }),
    ...(ticket.isSpecimen !== undefined && { isSpecimen: ticket.isSpecimen }),
    ...(index % 97 === 0 && { futureField: { version: 2 } }),
  };
}

export interface ModelCases {
  valid: string[];
  cancelled: string[];
  wrongEvent: string[];
  twoOnOneCard: { container: string; barcodes: string[] }[];
}

/** What a crowd may carry, at most `limit` of each kind. */
export function casesOf(model: SimModel, product: string, performance: string, limit: number): ModelCases {
  const cases: ModelCases = { valid: [], cancelled: [], wrongEvent: [], twoOnOneCard: [] };
  const cards = new Map<string, string[]>();
  const add = <T>(list: T[], item: T): void => void (list.length < limit && list.push(item));
  for (const t of model.tickets.values()) {
    if (t.containerIdentifier !== null) {
      const on = cards.get(t.containerIdentifier) ?? [];
      on.push(t.barcode);
      cards.set(t.containerIdentifier, on);
      if (on.length === 2) add(cases.twoOnOneCard, { container: t.containerIdentifier, barcodes: on });
    } else if (t.state === 'CANCELLED') add(cases.cancelled, t.barcode);
    else if (t.productCode === product && t.performanceCode === performance) add(cases.valid, t.barcode);
    else add(cases.wrongEvent, t.barcode);
  }
  return cases;
}
