import type { Ticket } from '../domain/ticket.js';
import { decodeBound, encodeBound } from './records.js';

/** A ticket as the list keeps it, with the tags of the scopes that sent it. */
export interface Entry {
  ticket: Ticket;
  tags: readonly string[];
}

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
  /** Tags of scopes, joined by commas; absent = the first scope's alone. */
  g?: string;
}
export const FIRST_TAG = '1';
const STATES = { V: 'VALID', C: 'CANCELLED', U: 'UNREADABLE' } as const;

export function encodeEntry({ ticket: t, tags }: Entry): string {
  const joined = tags.join();
  // Undefined members vanish in JSON.
  const stored: { [K in keyof StoredTicket]: StoredTicket[K] | undefined } = {
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
    g: joined === FIRST_TAG ? undefined : joined,
  };
  return encodeBound(stored, t.barcode);
}

export function decodeEntry(barcode: string, text: string): Entry {
  const v = decodeBound(text, 'ticket', barcode) as StoredTicket;
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
  return { ticket, tags: v.g === undefined ? [FIRST_TAG] : v.g === '' ? [] : v.g.split(',') };
}

/** `code`: of the card, or as it is printed. */
export const encodeBarcodes = (barcodes: readonly string[], code: string): string => encodeBound(barcodes, code);
export const decodeBarcodes = (text: string, code: string): string[] =>
  decodeBound(text, 'container', code) as string[];
