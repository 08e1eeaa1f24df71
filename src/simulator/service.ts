import type { Controls, ImportRules } from './controls.js';
import { cursorOf, fingerprint, parseCursor } from './cursor.js';
import type { Faults } from './faults.js';
import { spend } from './faults.js';
import type { ExportShape, SimModel } from './model.js';

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
  /** Last cursor given out, by shape: continuing from it within a run is paging. */
  lineages: Map<string, { last: string; full: boolean }>;
}

export type Answer = { ok: true; data?: Record<string, unknown> } | { ok: false; detail: string };
type Body = Record<string, unknown>;

/** The methods, by their names on the wire. */
export const METHODS: Readonly<Record<string, (state: ServiceState, body: Body) => Answer>> = {
  getTimeZone: () => ({ ok: true, data: { timeZone: 'Europe/Zurich' } }),
  getAccessControlCatalog: (state, body) => ({ ok: true, data: { accessControlCatalogData: catalogue(state, body) } }),
  exportList,
  importControlledTicket: (state, body) => {
    const refused = state.controls.import(body.controlledTickets, state.model, state.rules);
    return refused === undefined ? { ok: true } : { ok: false, detail: refused };
  },
  getControlledTicket: (state, body) => history(state, body),
  burnTicket: (state, body) => {
    const code = codeOf(body);
    const ticket = state.model.tickets.get(code);
    if (!ticket) return { ok: false, detail: 'unknown ticket' };
    state.controls.book(code, ticket.state === 'VALID' ? 'OK' : 'FAIL', new Date(state.now()).toISOString());
    return history(state, body);
  },
};

const codeOf = (body: Body): string => (typeof body.barCodeOrTaxNumber === 'string' ? body.barCodeOrTaxNumber : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((v) => typeof v === 'string') : []);

function exportList(state: ServiceState, body: Body): Answer {
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
  noteRun(state, shape, typeof start === 'string' ? start : '');
  const { items, end } = state.model.export(shape, after, Math.min(max, PAGE_CAP));
  const paginationEnd = end === after && typeof start === 'string' ? start : cursorOf(shape, end);
  state.lineages.set(fingerprint(shape), { last: paginationEnd, full: items.length >= Math.min(max, PAGE_CAP) });
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

/** SecuTix: a run at most once a minute; the pages of one run follow each other. */
function noteRun(state: ServiceState, shape: ExportShape, start: string): void {
  const lineage = state.lineages.get(fingerprint(shape));
  const continues = lineage?.full && lineage.last === start;
  if (!continues) state.runs.push(state.now());
  if (lineage && start !== '' && start !== lineage.last)
    state.alarms.push('two clients seem to read one product: the cursor is not the last one given');
}

function catalogue({ model, now }: ServiceState, body: Body): unknown {
  const seasons = new Map<string, Map<string, Set<string>>>();
  for (const t of model.tickets.values()) {
    if (body.seasonCode !== undefined && body.seasonCode !== null && t.seasonCode !== body.seasonCode) continue;
    const products = seasons.get(t.seasonCode) ?? new Map<string, Set<string>>();
    seasons.set(t.seasonCode, products);
    const performances = products.get(t.productCode) ?? new Set<string>();
    products.set(t.productCode, performances.add(t.performanceCode));
  }
  const start = new Date(now()).toISOString();
  return {
    seasons: [...seasons].map(([code, products]) => ({
      code,
      products: [...products].map(([productCode, performances]) => ({
        code: productCode,
        performances: [...performances].sort().map((performance) => ({ code: performance, startDate: start })),
      })),
    })),
  };
}

function history(state: ServiceState, body: Body): Answer {
  const code = codeOf(body);
  const ticket = state.model.tickets.get(code);
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
    containerIdentifier: ticket.containerIdentifier,
    containerTicket: ticket.containerIdentifier !== null,
    controlOperations: operations,
    duplicate: false,
    state: ticket.state,
    ticketMedium: ticket.containerIdentifier === null ? 'E_TICKET' : 'CONTENT',
  };
  return { ok: true, data: { controlledTicketData: data } };
}
