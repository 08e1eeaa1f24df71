import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { JournalRecord, OutcomeRecord } from '../domain/records.js';
import type { Scope } from '../domain/ticket.js';
import { PortillonError } from '../errors.js';
import { CHAINED, openLink } from './chain.js';

/**
 * Every value starts with a character that names its form, so that a later release can read what an earlier one wrote:
 * `1` JSON alone (releases before the checksum), `c` checksum and JSON, `k` the same with a checksum over code and JSON, `r` a record of the
 * chain (see `chain.ts`).
 */
const PLAIN = '1';
const CHECKED = 'c';
const BOUND = 'k';
const SUM = 8;

const sumOf = (json: string, code = ''): string =>
  crc32(code + json)
    .toString(16)
    .padStart(SUM, '0');

function encode(value: unknown): string {
  const json = JSON.stringify(value);
  return CHECKED + sumOf(json) + json;
}

/**
 * Bound to the code it is kept under: LevelDB does not check what it reads, and a flipped bit in a key would give one ticket's right to
 * another code.
 */
export function encodeBound(value: unknown, code: string): string {
  const json = JSON.stringify(value);
  return BOUND + sumOf(json, code) + json;
}

function decode(text: string, what: string, code?: string): unknown {
  const form = text.slice(0, 1);
  if (form !== CHECKED && form !== PLAIN && (form !== BOUND || code === undefined)) {
    throw new PortillonError('STORE_FORMAT', `${what}: unknown format version ${JSON.stringify(form)}`, {
      hint: 'the data folder was written by a newer Portillon: run that version, or move the folder away',
    });
  }
  const json = text.slice(form === PLAIN ? 1 : 1 + SUM);
  if (form !== PLAIN && sumOf(json, form === BOUND ? code : '') !== text.slice(1, 1 + SUM))
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
export const decodeBound = (text: string, what: string, code: string): unknown => decode(text, what, code);

/** Progress of one scope. */
export interface ScopeState {
  /** Short name of the scope inside this generation: tickets carry it. */
  tag: string;
  /** Byte for byte what SecuTix returned; null before the first page. */
  cursor: string | null;
  pages: number;
  /** Items read since the cursor began. */
  items: number;
  /** UTC milliseconds of the last time the end of the list was reached; null = never yet. */
  completeAt: number | null;
  /** Fingerprints of the last cursors, newest last: one that comes back means that somebody else moves it. */
  trail?: string[];
}

export const NEW_SCOPE: Omit<ScopeState, 'tag'> = { cursor: null, pages: 0, items: 0, completeAt: null };

/** Tickets that came by file belong to a scope of their own, which has no cursor. */
export const FILE_SCOPE = 'file';

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
