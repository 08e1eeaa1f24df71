import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { JournalRecord, OutcomeRecord } from '../domain/records.js';
import type { Scope, Ticket } from '../domain/ticket.js';
import { PortillonError } from '../errors.js';
import { CHAINED, openLink } from './chain.js';

/**
 * Every value starts with a character that names its form, so that a later release can read what an earlier one wrote:
 * `1` JSON alone (releases before the checksum), `c` checksum and JSON, `r` a record of the chain (see `chain.ts`).
 */
const PLAIN = '1';
const CHECKED = 'c';
const SUM = 8;

const sumOf = (json: string): string => crc32(json).toString(16).padStart(SUM, '0');

function encode(value: unknown): string {
  const json = JSON.stringify(value);
  return CHECKED + sumOf(json) + json;
}

function decode(text: string, what: string): unknown {
  const form = text.slice(0, 1);
  if (form !== CHECKED && form !== PLAIN) {
    throw new PortillonError('STORE_FORMAT', `${what}: unknown format version ${JSON.stringify(form)}`, {
      hint: 'the data folder was written by a newer Portillon: run that version, or move the folder away',
    });
  }
  const json = text.slice(form === PLAIN ? 1 : 1 + SUM);
  if (form === CHECKED && sumOf(json) !== text.slice(1, 1 + SUM))
    throw new PortillonError('STORE_DAMAGED', `${what}: damaged value`);
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    throw new PortillonError('STORE_DAMAGED', `${what}: damaged value`, { cause });
  }
}

/** A bare number as releases before the checksum wrote it, or one with a checksum. */
export function decodeNumber(text: string, what: string): number {
  const value: unknown = text.startsWith(CHECKED) ? decode(text, what) : /^\d+$/.test(text) ? Number(text) : undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new PortillonError('STORE_DAMAGED', `${what}: damaged value`);
  return value;
}

/** A record of the chain, or one of before it. */
export function decodeRecord(text: string): JournalRecord {
  return (text.startsWith(CHAINED) ? openLink(text).record : decode(text, 'journal record')) as JournalRecord;
}

const OUTCOMES: readonly OutcomeRecord['outcome'][] = ['passed', 'not-passed', 'kept', 'unknown'];

/** The bare word as releases before the checksum wrote it, or one with a checksum. */
export function decodeOutcome(text: string): OutcomeRecord['outcome'] {
  const word: unknown = text.startsWith(CHECKED) ? decode(text, 'outcome') : text;
  const known = OUTCOMES.find((o) => o === word);
  if (known === undefined) throw new PortillonError('STORE_DAMAGED', 'outcome: damaged value');
  return known;
}
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
