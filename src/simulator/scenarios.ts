import type { SimModel, SimTicket } from './model.js';

/** What ticketing staff and customers do, in the words of the acceptance list: each is one or more changes of the log. */
export class Scenarios {
  readonly #model: SimModel;
  constructor(model: SimModel) {
    this.#model = model;
  }

  /** The old barcode is worth nothing from now on, the new one is (reprint, exchange, sale of a posted ticket). */
  replace(barcode: string, newBarcode: string, cause: string, change: Partial<SimTicket> = {}): SimTicket {
    const old = this.#get(barcode);
    if (old.state === 'VALID') this.#model.cancel(barcode, cause);
    return this.#model.sell({
      ...old,
      ...change,
      barcode: newBarcode,
      state: 'VALID',
      cancellationCause: 'NOT_CANCELLED',
    });
  }

  reprint(barcode: string, newBarcode: string): SimTicket {
    return this.replace(barcode, newBarcode, 'REPRINT');
  }
  exchange(barcode: string, newBarcode: string, change: Partial<SimTicket> = {}): SimTicket {
    return this.replace(barcode, newBarcode, 'EXCHANGE', change);
  }
  refund(barcode: string): void {
    this.#model.cancel(barcode, 'REFUND');
  }
  /** Posted for resale: worth nothing already, sold or not (facts: state INVALIDATED when posted). */
  postForResale(barcode: string): void {
    this.#model.cancel(barcode, 'RESALE_POSTED');
  }
  sellPosted(barcode: string, newBarcode: string): SimTicket {
    return this.replace(barcode, newBarcode, 'RESALE_SOLD', { containerIdentifier: null });
  }

  /** A card with one ticket a match. */
  seasonCard(container: string, matches: Readonly<Record<string, string>>, rest: Partial<SimTicket> = {}): SimTicket[] {
    return Object.entries(matches).map(([performance, barcode]) =>
      this.addMatch(container, performance, barcode, rest),
    );
  }
  addMatch(container: string, performance: string, barcode: string, rest: Partial<SimTicket> = {}): SimTicket {
    return this.#model.sell({ ...rest, barcode, containerIdentifier: container, performanceCode: performance });
  }
  cancelMatch(container: string, performance: string): void {
    for (const { barcode } of this.#model.on(container, performance)) this.#model.cancel(barcode, 'MATCH_CANCELLED');
  }
  /** One match of the card sold on, or printed as a ticket of its own: the card is worth nothing for that match. */
  detachMatch(container: string, performance: string, newBarcode: string, cause = 'RESALE_SOLD'): SimTicket {
    const [ticket] = this.#model.on(container, performance);
    if (!ticket) throw new Error(`the card ${container} has no valid ticket for ${performance}`);
    return this.replace(ticket.barcode, newBarcode, cause, { containerIdentifier: null });
  }
  refundCard(container: string): void {
    for (const { barcode } of this.#model.on(container)) this.#model.cancel(barcode, 'REFUND');
  }
  /** A new card takes over all tickets of the old one; the barcodes stay. */
  reprintCard(container: string, newContainer: string): void {
    for (const { barcode } of this.#model.on(container)) this.#model.move(barcode, newContainer);
  }
  thirdPartySale(barcode: string, rest: Partial<SimTicket> = {}): SimTicket {
    return this.#model.sell({ ...rest, barcode, thirdParty: true });
  }

  #get(barcode: string): SimTicket {
    const ticket = this.#model.tickets.get(barcode);
    if (!ticket) throw new Error(`the simulator has no ticket ${barcode}`);
    return ticket;
  }
}
