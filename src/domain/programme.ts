/** What takes place when, as the ticketing platform's catalogue tells it. Plain data, kept on the gate. */
export interface Programme {
  /** UTC milliseconds of the catalogue it comes from; 0 = never fetched. */
  at: number;
  seasons: readonly { code: string; name?: string }[];
  products: readonly { code: string; season?: string; name?: string }[];
  performances: readonly Performance[];
}

/** Any fact but the code may be missing (SecuTix: the inner fields of the catalogue are not documented). */
export interface Performance {
  code: string;
  season?: string;
  product?: string;
  name?: string;
  /** UTC milliseconds. */
  start?: number;
  /** UTC milliseconds. */
  end?: number;
  /** UTC milliseconds at which doors open, when the catalogue says so; otherwise it is a matter of configuration. */
  admissionStart?: number;
}

export const NO_PROGRAMME: Programme = { at: 0, seasons: [], products: [], performances: [] };
