import { hash } from 'node:crypto';
import type { JournalRecord } from '../domain/records.js';
import { PortillonError } from '../errors.js';

/** First character of a chained value. */
export const CHAINED = 'r';
/** Characters of a hash: the first 132 bits of SHA-256 in base64url. */
const LENGTH = 22;
/** What the first record of a journal refers to. */
export const GENESIS = '-'.repeat(LENGTH);

const sha = (text: string): string => hash('sha256', text, 'base64url').slice(0, LENGTH);

export interface Link {
  /** Hash of the record before. */
  before: string;
  /** Hash of this one together with `before`: what the next one refers to. */
  hash: string;
  record: unknown;
}

/**
 * A record as it is stored: the hash of the record before, its own hash over that and its bytes, its bytes. So every value
 * proves itself when it is read alone, and a run of them proves that nothing between was taken out or put in.
 */
export function link(record: JournalRecord, before: string): { text: string; hash: string } {
  const body = before + JSON.stringify(record);
  const own = sha(body);
  return { text: CHAINED + own + body, hash: own };
}

/** Throws `STORE_DAMAGED` when the value is not what was written. */
export function openLink(text: string): Link {
  const own = text.slice(1, 1 + LENGTH);
  const body = text.slice(1 + LENGTH);
  if (sha(body) !== own) throw new PortillonError('STORE_DAMAGED', 'a journal record is damaged');
  return { before: body.slice(0, LENGTH), hash: own, record: JSON.parse(body.slice(LENGTH)) as unknown };
}

/** What the record after this value refers to. Values of before the chain are bound by their text. */
export function hashOfValue(text: string | undefined): string {
  if (text === undefined) return GENESIS;
  return text.startsWith(CHAINED) ? text.slice(1, 1 + LENGTH) : sha(text);
}
