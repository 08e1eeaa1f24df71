import type { Page, PageItem, Ticket } from '../domain/ticket.js';
import type { ReportRow, SecutixSettings } from './settings.js';
import type { ControlHistory, ControlReport } from './types.js';

/**
 * The mapping of the ticket list and the checks, versions 1.2 to 1.6: names on the wire to ours and back (1.0 wrote containerId
 * and no later version does, but both are taken from all). Of the list item only the barcode's, state's and
 * container's existence is documented, so every field has several names, the configuration may add more, and what has
 * no place is kept as it came.
 */
const FIELDS = {
  barcode: ['barcode'],
  container: ['containerIdentifier', 'containerId'],
  state: ['state', 'ticketState'],
  cancellationCause: ['cancellationCause'],
  season: ['seasonCode'],
  product: ['productCode'],
  performance: ['performanceCode'],
  entrance: ['entranceCode', 'entrance', 'gate', 'gateCode'],
  validFrom: ['validityStartTime', 'validityStart'],
  validTo: ['validityEndTime', 'validityEnd'],
  tariff: ['audienceSubCategoryCode', 'tariffCode'],
  // The number stands in SecuTix's web hook for access controls; the two flags are columns of its list files (reduced_price, is_specimen).
  persons: ['groupSize'],
  reduced: ['reducedPrice', 'reduced_price'],
  specimen: ['isSpecimen', 'is_specimen', 'specimen'],
} as const;
type Field = keyof typeof FIELDS;

export type WireItem = Record<string, unknown>;
export type ItemMapper = (item: unknown, index: number) => PageItem;

/** How much of a line that cannot be read is kept. */
const RAW_LIMIT = 2_000;
/** Barcodes and IDs longer than this were never scanned by anybody (a read is at most as long). */
const CODE_LIMIT = 256;
/** No code lets more persons in, whatever the list says. */
const MAX_PERSONS = 10_000;

export function createItemMapper(aliases: SecutixSettings['aliases']): ItemMapper {
  const fieldOf = new Map<string, Field>();
  for (const [field, names] of Object.entries(FIELDS) as [Field, readonly string[]][]) {
    for (const name of [...names, ...(aliases?.[field] ?? [])]) fieldOf.set(name, field);
  }
  return (item, index) => mapItem(item, index, fieldOf);
}

function mapItem(item: unknown, index: number, fieldOf: ReadonlyMap<string, Field>): PageItem {
  const unreadable = (why: string): PageItem => ({
    kind: 'unreadable',
    index,
    why,
    raw: (JSON.stringify(item) ?? '').slice(0, RAW_LIMIT),
  });
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return unreadable('not an object');
  const ticket: Ticket = { barcode: '', state: 'UNREADABLE' };
  let extra: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(item)) {
    if (value === null || value === undefined) continue;
    const field = fieldOf.get(name);
    if (field !== undefined && assign(ticket, field, value)) continue;
    // A member of any name may come, `__proto__` too: it is data like the others.
    extra ??= {};
    Object.defineProperty(extra, name, { value, enumerable: true, configurable: true, writable: true });
  }
  if (ticket.barcode === '') return unreadable('no readable barcode');
  if (ticket.barcode.length > CODE_LIMIT) return unreadable(`the barcode has more than ${CODE_LIMIT} characters`);
  if (extra) ticket.extra = extra;
  return { kind: 'ticket', ticket };
}

/** False = the value is not what the field holds: it is kept beside, and the field counts as absent. */
function assign(ticket: Ticket, field: Field, value: unknown): boolean {
  if (field === 'state') {
    // An unknown word admits nobody, and is kept.
    if (value !== 'VALID' && value !== 'CANCELLED') return false;
    ticket.state = value;
    return true;
  }
  if (field === 'validFrom' || field === 'validTo') {
    const at = instant(value);
    if (at === undefined) return false;
    ticket[field] = at;
    return true;
  }
  if (field === 'reduced' || field === 'specimen') {
    const on = flag(value);
    if (on) ticket[field] = true;
    return on !== undefined;
  }
  if (field === 'persons') {
    const persons = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
    if (!Number.isSafeInteger(persons) || (persons as number) < 1 || (persons as number) > MAX_PERSONS) return false;
    ticket.persons = persons as number;
    return true;
  }
  const text = asText(value);
  if (text === undefined) return false;
  ticket[field] = text;
  return true;
}

/** Undefined = neither yes nor no. */
function flag(value: unknown): boolean | undefined {
  if (value === true || value === 1 || value === 'true' || value === 'TRUE') return true;
  return value === false || value === 0 || value === 'false' || value === 'FALSE' ? false : undefined;
}

/** Codes and IDs are text; a whole number that fits is taken as its digits (SecuTix: ids are integers of 11 to 14 digits). */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/** SecuTix sends ISO 8601 with an offset. A time without one could be any of 24 hours: it is not guessed. */
export function instant(value: unknown): number | undefined {
  if (typeof value !== 'string' || !ISO.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

/** Undefined = the answer is not a page; `why` for the technician. */
export function mapPage(data: unknown, map: ItemMapper): { page: Page } | { why: string } {
  if (typeof data !== 'object' || data === null) return { why: 'accessControlListData is missing' };
  const { accessControlListItems: items, paginationEnd } = data as Record<string, unknown>;
  if (items !== null && items !== undefined && !Array.isArray(items))
    return { why: 'accessControlListItems is not a list' };
  if (paginationEnd !== null && paginationEnd !== undefined && typeof paginationEnd !== 'string') {
    return { why: `paginationEnd is not a text but a ${typeof paginationEnd}` };
  }
  const mapped = ((items ?? []) as unknown[]).map(map);
  return { page: { items: mapped, cursor: paginationEnd ? paginationEnd : null, counted: countTickets(mapped) } };
}

/** SecuTix: in a grey list a VALID followed by its CANCELLED counts as one. */
function countTickets(items: readonly PageItem[]): number {
  let count = 0;
  let before: PageItem | undefined;
  for (const item of items) {
    const pair =
      item.kind === 'ticket' &&
      item.ticket.state === 'CANCELLED' &&
      before?.kind === 'ticket' &&
      before.ticket.state === 'VALID' &&
      before.ticket.barcode === item.ticket.barcode;
    if (!pair) count++;
    before = item;
  }
  return count;
}

export interface WireControl {
  acIdentifier: string;
  barcode: string;
  controlDate: string;
  controlResult: string;
  failureReason?: string;
}

/** The row of the configured table for a check: its reason's own, or the one of all refusals. */
function rowOf(report: ControlReport, rows: Readonly<Record<string, ReportRow>>): ReportRow {
  const named = Object.hasOwn(rows, report.reason) ? rows[report.reason] : undefined;
  if (named) return named;
  const other = rows[report.admitted ? 'admitted' : '*'];
  return (
    other ?? (report.admitted ? { online: 'OK', offline: 'OFFLINE_OK' } : { online: 'FAIL', offline: 'OFFLINE_FAIL' })
  );
}

/**
 * The enum of failure reasons is not public, so for a refusal the field is left out unless the configuration maps it.
 * Times carry a Z: SecuTix shifts hours for access controls that send none.
 */
export function toWireControl(report: ControlReport, rows: Readonly<Record<string, ReportRow>>): WireControl {
  const row = rowOf(report, rows);
  const failureReason = report.plain ? undefined : row.failureReason;
  return {
    acIdentifier: report.checkId,
    barcode: report.barcode,
    controlDate: new Date(report.at).toISOString(),
    controlResult: report.offline ? row.offline : row.online,
    ...(failureReason !== undefined && { failureReason }),
  };
}

export function mapHistory(data: unknown): ControlHistory | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const d = data as Record<string, unknown>;
  const operations = Array.isArray(d.controlOperations) ? (d.controlOperations as unknown[]) : [];
  return {
    barcode: asText(d.barcode) ?? '',
    state: asText(d.state) ?? null,
    container: asText(d.containerIdentifier) ?? asText(d.containerId) ?? null,
    operations: operations
      .filter((o): o is Record<string, unknown> => typeof o === 'object' && o !== null)
      .map((o) => ({ type: asText(o.controlOperationType) ?? '?', at: asText(o.operationDateTime) ?? '?' })),
    raw: data,
  };
}
