/** An entry right, keyed by its barcode: opaque text, compared byte for byte (leading zeros are part of it). */
export interface Ticket {
  barcode: string;
  /** A state that cannot be read admits nobody. */
  state: 'VALID' | 'CANCELLED' | 'UNREADABLE';
  /** ID of the card or other carrier that holds it. */
  container?: string;
  cancellationCause?: string;
  season?: string;
  product?: string;
  performance?: string;
  /** Where the holder should enter; what SecuTix calls gate or area of the seat. */
  entrance?: string;
  /** UTC milliseconds, inclusive. */
  validFrom?: number;
  /** UTC milliseconds, inclusive. */
  validTo?: number;
  /** Tariff it was sold at (audience sub-category code). */
  tariff?: string;
  /** A specimen admits nobody. */
  specimen?: true;
  /** Sold at a reduced price: the steward may ask for a card. */
  reduced?: true;
  /** On the platform's black list, with its reason. */
  blocked?: string;
  /** Persons one code admits (a group ticket). */
  persons?: number;
  /** Every member of the wire item that has no place above, as it came: the list is also evidence. */
  extra?: Record<string, unknown>;
}

/** One export granularity. Each has its own cursor (SecuTix: a cursor used for another granularity silently loses tickets). */
export interface Scope {
  listType: 'GREY' | 'WHITE' | 'BLACK';
  ticketType: 'ALL' | 'THIRD_PARTY';
  season: string;
  /** Empty = all. */
  products: readonly string[];
  performances: readonly string[];
}

/** One line of an export page: a ticket, or what could not be read, kept as it came. */
export type PageItem =
  { kind: 'ticket'; ticket: Ticket } | { kind: 'unreadable'; index: number; why: string; raw: string };

export interface Page {
  items: PageItem[];
  /** To be sent back byte for byte; null = keep the old one. */
  cursor: string | null;
  /** Tickets in the page as SecuTix counts them: a VALID followed by its CANCELLED is one. */
  counted: number;
}
