import type { Account } from './auth.js';
import { sees } from './auth.js';
import type { Controls, ImportRules } from './controls.js';
import { cursorOf, fingerprint, parseCursor } from './cursor.js';
import type { Faults } from './faults.js';
import { spend } from './faults.js';
import type { Dialect, ExportShape, SimModel, SimTicket } from './model.js';
import type { Scenarios } from './scenarios.js';
import type { Validity } from './tls.js';

/** SecuTix: at most 5,000 lines an answer. */
const PAGE_CAP = 5000;

export interface ServiceState {
  model: SimModel;
  controls: Controls;
  rules: ImportRules;
  faults: Faults;
  /** Milliseconds UTC of the simulated server. */
  now: () => number;
  /** Starts of exportList runs: a call that does not continue the page before. */
  runs: number[];
  alarms: string[];
  /** By shape: readers of it that began at the beginning, newest last. A cursor belongs to the reader that got it last. */
  lineages: Map<string, Lineage[]>;
  dialect: Dialect;
  /** Times of performances, by code (UTC milliseconds). */
  performances: Map<string, SimPerformance>;
  scenarios: Scenarios;
  /** The institution's operators, by their code. */
  accounts: Map<string, Account>;
  /** Another certificate from now on; undefined = there is no TLS. */
  certify: ((validity: Partial<Validity>) => Promise<void>) | undefined;
}

export interface Lineage {
  last: string;
  full: boolean;
}

export interface SimPerformance {
  name: string;
  start: number;
  end: number;
  doors?: number;
}

export type Answer = { ok: true; data?: Record<string, unknown> } | { ok: false; detail: string };
type Body = Record<string, unknown>;

/** The methods, by their names on the wire. */
export const METHODS: Readonly<Record<string, (state: ServiceState, body: Body, account: Account) => Answer>> = {
  getTimeZone: () => ({ ok: true, data: { timeZone: 'Europe/Zurich' } }),
  getAccessControlCatalog: (state, body, account) => ({
    ok: true,
    data: { accessControlCatalogData: catalogue(state, body, account) },
  }),
  exportList,
  importControlledTicket: (state, body, account) => {
    const knows = (code: string): boolean => ticketOf(state, code, account) !== undefined;
    const refused = state.controls.import(body.controlledTickets, knows, state.rules, state.now());
    return refused === undefined ? { ok: true } : { ok: false, detail: refused };
  },
  getControlledTicket: history,
  burnTicket: (state, body, account) => {
    const code = codeOf(body);
    const ticket = ticketOf(state, code, account);
    if (!ticket) return { ok: false, detail: 'unknown ticket' };
    state.controls.book(code, ticket.state === 'VALID' ? 'OK' : 'FAIL', new Date(state.now()).toISOString());
    return history(state, body, account);
  },
};

const codeOf = (body: Body): string => (typeof body.barCodeOrTaxNumber === 'string' ? body.barCodeOrTaxNumber : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((v) => typeof v === 'string') : []);

/** A ticket as far as the operator sees it. */
function ticketOf({ model }: ServiceState, code: string, account: Account): SimTicket | undefined {
  const ticket = model.tickets.get(code);
  return ticket && sees(account, ticket.productCode) ? ticket : undefined;
}

function exportList(state: ServiceState, body: Body, account: Account): Answer {
  for (const field of ['listType', 'ticketType', 'seasonCode', 'nbMaxResults']) {
    if (body[field] === undefined || body[field] === null) return { ok: false, detail: `${field} is mandatory` };
  }
  if (!['GREY', 'BLACK', 'WHITE'].includes(String(body.listType))) return { ok: false, detail: 'listType is unknown' };
  if (!['ALL', 'THIRD_PARTY'].includes(String(body.ticketType))) return { ok: false, detail: 'ticketType is unknown' };
  const max = Number(body.nbMaxResults);
  if (!Number.isInteger(max) || max < 1) return { ok: false, detail: 'nbMaxResults must be a positive number' };
  const shape: ExportShape = {
    listType: String(body.listType),
    ticketType: String(body.ticketType),
    seasonCode: String(body.seasonCode),
    productCodes: texts(body.productCodes),
    performanceCodes: texts(body.performanceCodes),
    ...(account.products && { visible: account.products }),
  };
  const start = body.paginationStart;
  let after = 0;
  if (typeof start === 'string' && start !== '') {
    const cursor = parseCursor(start);
    if (!cursor) return { ok: false, detail: 'paginationStart is not a value of paginationEnd' };
    after = cursor.sequence;
    if (cursor.fingerprint !== fingerprint(shape)) {
      // The real service says nothing and loses tickets; the simulator does the same and raises a flag.
      state.alarms.push(`cursor of another granularity: ${start}`);
      after = Math.min(state.model.changes, after + 1);
    }
  }
  const lineage = noteRun(state, shape, typeof start === 'string' ? start : '');
  const page = state.model.export(shape, after, Math.min(max, PAGE_CAP), state.dialect);
  const { end } = page;
  let { items } = page;
  let paginationEnd = end === after && typeof start === 'string' ? start : cursorOf(shape, end);
  if (spend(state.faults, 'emptyPage')) {
    items = [];
    paginationEnd = typeof start === 'string' ? start : cursorOf(shape, 0);
  }
  if (spend(state.faults, 'sameCursor') && typeof start === 'string') paginationEnd = start;
  if (spend(state.faults, 'duplicatePage')) items = [...items, ...items];
  lineage.last = paginationEnd;
  lineage.full = items.length >= Math.min(max, PAGE_CAP);
  const at = state.faults.wrongItemAt;
  if (at >= 0 && at < items.length) items[at] = { ...items[at], barcode: [1, 2, 3] };
  const badCursor = spend(state.faults, 'badCursor');
  return {
    ok: true,
    data: {
      accessControlListData: { accessControlListItems: items, paginationEnd: badCursor ? 12345 : paginationEnd },
    },
  };
}

/**
 * SecuTix: a run at most once a minute; the pages of one run follow each other; one client a product. Whoever begins at the
 * beginning is a reader of its own. Reading everything anew and going on with that is one client; going on with an older cursor
 * afterwards is a second one.
 */
function noteRun(state: ServiceState, shape: ExportShape, start: string): Lineage {
  const key = fingerprint(shape);
  const readers = state.lineages.get(key) ?? [];
  state.lineages.set(key, readers);
  const mine = start === '' ? undefined : readers.findLast((r) => r.last === start);
  if (!(mine?.full ?? false)) state.runs.push(state.now());
  if (start === '' || !mine) {
    if (start !== '' && readers.length > 0)
      state.alarms.push('two clients seem to read one product: the cursor is not the last one given');
    const begun = { last: '', full: false };
    readers.push(begun);
    return begun;
  }
  if (mine !== readers.at(-1) && readers.at(-1)?.last !== start)
    state.alarms.push('two clients seem to read one product: an older reader goes on');
  return mine;
}

function catalogue({ model, performances: times }: ServiceState, body: Body, account: Account): unknown {
  const seasons = new Map<string, Map<string, Set<string>>>();
  for (const t of model.tickets.values()) {
    if (body.seasonCode !== undefined && body.seasonCode !== null && t.seasonCode !== body.seasonCode) continue;
    if (!sees(account, t.productCode)) continue;
    const products = seasons.get(t.seasonCode) ?? new Map<string, Set<string>>();
    seasons.set(t.seasonCode, products);
    const performances = products.get(t.productCode) ?? new Set<string>();
    products.set(t.productCode, performances.add(t.performanceCode));
  }
  const iso = (ms: number): string => new Date(ms).toISOString();
  const timesOf = (code: string): object => {
    const known = times.get(code);
    if (!known) return {};
    const { name, start, end, doors } = known;
    return { name, startDate: iso(start), endDate: iso(end), ...(doors !== undefined && { openingDate: iso(doors) }) };
  };
  return {
    seasons: [...seasons].map(([code, products]) => ({
      code,
      products: [...products].map(([productCode, performances]) => ({
        code: productCode,
        performances: [...performances].sort().map((performance) => ({ code: performance, ...timesOf(performance) })),
      })),
    })),
  };
}

function history(state: ServiceState, body: Body, account: Account): Answer {
  const code = codeOf(body);
  const ticket = ticketOf(state, code, account);
  if (!ticket) return { ok: false, detail: 'unknown ticket' };
  const operations = state.controls
    .of(code)
    .map((c) => ({ controlOperationType: c.controlResult, operationDateTime: c.controlDate }));
  if (ticket.state === 'CANCELLED') {
    operations.push({
      controlOperationType: 'CANCELLED_TICKET',
      operationDateTime: new Date(state.now()).toISOString(),
    });
  }
  const data = {
    barcode: ticket.barcode,
    [state.dialect.rename.containerIdentifier ?? 'containerIdentifier']: ticket.containerIdentifier,
    containerTicket: ticket.containerIdentifier !== null,
    controlOperations: operations,
    duplicate: false,
    state: ticket.state,
    ticketMedium: ticket.containerIdentifier === null ? 'E_TICKET' : 'CONTENT',
  };
  return { ok: true, data: { controlledTicketData: data } };
}
