import { createHash } from 'node:crypto';
import type { JournalRecord } from '../domain/records.js';
import type { Scope, Ticket } from '../domain/ticket.js';
import { PortillonError } from '../errors.js';

/** Every value starts with a version character, so that a later release can read what an earlier one wrote. */
const VERSION = '1';

function encode(value: unknown): string {
  return VERSION + JSON.stringify(value);
}

function decode(text: string, what: string): unknown {
  if (!text.startsWith(VERSION)) {
    throw new PortillonError('STORE_FORMAT', `${what}: unknown format version ${JSON.stringify(text.slice(0, 1))}`, {
      hint: 'the data folder was written by a newer Portillon: run that version, or move the folder away',
    });
  }
  try {
    return JSON.parse(text.slice(1)) as unknown;
  } catch (cause) {
    throw new PortillonError('STORE_DAMAGED', `${what}: damaged value`, { cause });
  }
}

export const encodeRecord = (record: JournalRecord): string => encode(record);
export const decodeRecord = (text: string): JournalRecord => decode(text, 'journal record') as JournalRecord;
export const encodeJson = encode;
export const decodeJson = (text: string, what: string): unknown => decode(text, what);

/** Short member names: a million of these are read into one 4 kB block cache at a time. */
interface StoredTicket {
  s: 'V' | 'C' | 'U';
  c?: string;
  cc?: string;
  se?: string;
  p?: string;
  pf?: string;
  e?: string;
  vf?: number;
  vt?: number;
  tf?: string;
  sp?: true;
  rd?: true;
  bl?: string;
  n?: number;
  x?: Record<string, unknown>;
}
const STATES = { V: 'VALID', C: 'CANCELLED', U: 'UNREADABLE' } as const;

export function encodeTicket(t: Ticket): string {
  // Undefined members vanish in JSON.
  return encode({
    s: t.state === 'VALID' ? 'V' : t.state === 'CANCELLED' ? 'C' : 'U',
    c: t.container,
    cc: t.cancellationCause,
    se: t.season,
    p: t.product,
    pf: t.performance,
    e: t.entrance,
    vf: t.validFrom,
    vt: t.validTo,
    tf: t.tariff,
    sp: t.specimen,
    rd: t.reduced,
    bl: t.blocked,
    n: t.persons,
    x: t.extra,
  });
}

export function decodeTicket(barcode: string, text: string): Ticket {
  const v = decode(text, 'ticket') as StoredTicket;
  const ticket: Ticket = { barcode, state: STATES[v.s] };
  if (v.c !== undefined) ticket.container = v.c;
  if (v.cc !== undefined) ticket.cancellationCause = v.cc;
  if (v.se !== undefined) ticket.season = v.se;
  if (v.p !== undefined) ticket.product = v.p;
  if (v.pf !== undefined) ticket.performance = v.pf;
  if (v.e !== undefined) ticket.entrance = v.e;
  if (v.vf !== undefined) ticket.validFrom = v.vf;
  if (v.vt !== undefined) ticket.validTo = v.vt;
  if (v.tf !== undefined) ticket.tariff = v.tf;
  if (v.sp !== undefined) ticket.specimen = v.sp;
  if (v.rd !== undefined) ticket.reduced = v.rd;
  if (v.bl !== undefined) ticket.blocked = v.bl;
  if (v.n !== undefined) ticket.persons = v.n;
  if (v.x !== undefined) ticket.extra = v.x;
  return ticket;
}

/** Progress of one scope. */
export interface ScopeState {
  /** Byte for byte what SecuTix returned; null before the first page. */
  cursor: string | null;
  pages: number;
  /** Items read since the cursor began. */
  items: number;
  /** UTC milliseconds of the last time the end of the list was reached; null = never yet. */
  completeAt: number | null;
}

export const NEW_SCOPE: ScopeState = { cursor: null, pages: 0, items: 0, completeAt: null };

/** SecuTix: a cursor belongs to its granularity; mixing silently loses tickets. So everything that shapes it is in the key. */
export function scopeKey(
  account: { url: string; version: string; institution: string; operator: string },
  scope: Scope,
): string {
  const shape = [
    account.url,
    account.version,
    account.institution,
    account.operator,
    scope.listType,
    scope.ticketType,
    scope.season,
    [...scope.products].sort(),
    [...scope.performances].sort(),
  ];
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 24);
}
