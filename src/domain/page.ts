import type { PageItem, Ticket } from './ticket.js';

/** What the list knows of the barcodes and containers of a page, asked one by one. */
export interface Known {
  ticket(barcode: string): Ticket | undefined;
  /** Barcodes on a container, sorted; undefined = never heard of it. */
  container(id: string): readonly string[] | undefined;
}

export interface PageChanges {
  tickets: Map<string, Ticket>;
  /** New content of each touched container; an emptied one stays, empty: a known card without a ticket is not unknown. */
  containers: Map<string, readonly string[]>;
  unreadable: Extract<PageItem, { kind: 'unreadable' }>[];
  /** Lines of the page. */
  items: number;
  counts: { new: number; changed: number; unchanged: number; cancelled: number; unreadable: number };
}

/**
 * Turns a page into changes. Items count in their order, the last one of a barcode wins (SecuTix: the order of items
 * matters; in a grey list a CANCELLED follows its VALID). A ticket that moved leaves its old container. A cancelled ticket
 * stays in its container, so that the refusal can be explained.
 */
export function planPage(items: readonly PageItem[], known: Known): PageChanges {
  const tickets = new Map<string, Ticket>();
  const unreadable: PageChanges['unreadable'] = [];
  for (const item of items) {
    if (item.kind === 'ticket') tickets.set(item.ticket.barcode, item.ticket);
    else unreadable.push(item);
  }

  const containers = new Map<string, Set<string>>();
  const touch = (id: string): Set<string> => {
    let set = containers.get(id);
    if (!set) {
      set = new Set(known.container(id) ?? []);
      containers.set(id, set);
    }
    return set;
  };

  const counts = { new: 0, changed: 0, unchanged: 0, cancelled: 0, unreadable: unreadable.length };
  for (const [barcode, ticket] of tickets) {
    const before = known.ticket(barcode);
    if (before === undefined) counts.new++;
    else if (sameTicket(before, ticket)) {
      counts.unchanged++;
      tickets.delete(barcode);
      continue;
    } else counts.changed++;
    if (ticket.state === 'CANCELLED') counts.cancelled++;
    if (before?.container !== undefined && before.container !== ticket.container)
      touch(before.container).delete(barcode);
    if (ticket.container !== undefined) touch(ticket.container).add(barcode);
  }
  return {
    tickets,
    containers: new Map([...containers].map(([id, set]) => [id, [...set].sort()])),
    unreadable,
    items: items.length,
    counts,
  };
}

/** Order of members does not matter inside `extra` only as far as SecuTix keeps its own order; a difference there is a harmless rewrite. */
export function sameTicket(a: Ticket, b: Ticket): boolean {
  return (
    a.state === b.state &&
    a.container === b.container &&
    a.cancellationCause === b.cancellationCause &&
    a.season === b.season &&
    a.product === b.product &&
    a.performance === b.performance &&
    a.entrance === b.entrance &&
    a.validFrom === b.validFrom &&
    a.validTo === b.validTo &&
    a.tariff === b.tariff &&
    a.specimen === b.specimen &&
    a.reduced === b.reduced &&
    a.blocked === b.blocked &&
    a.persons === b.persons &&
    JSON.stringify(a.extra) === JSON.stringify(b.extra)
  );
}
