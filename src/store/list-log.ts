import type { Ticket } from '../domain/ticket.js';
import type { Operation } from './database.js';
import { keys } from './keys.js';
import type { Entry } from './list-entry.js';
import { decodeEntry, encodeEntry } from './list-entry.js';
import { addHash, EMPTY_HASH, partOf } from './list-hash.js';
import type { ScopeState } from './records.js';
import { encodeJson } from './records.js';

/**
 * `[barcode, ticket]`, as gates of a venue exchange it; an empty text = the ticket is no longer in the list. `!` and an entry of the black
 * list = the barcode is on it; `!` alone = it is not any more.
 */
export type Line = readonly [string, string];

/** What one page changed. */
export interface LoggedPage {
  /** Generation of the hub's list. */
  g: number;
  lines: readonly Line[];
  /** Difference of the sum over the list. */
  change: string;
  /** For the hub's standby: the scope this page belongs to, with its cursor behind the page. */
  scope?: { key: string; state: ScopeState };
  /** Tickets that were known and unchanged, and are of this scope too from here on. */
  touched?: readonly string[];
}

const TAGS = /,"g":"[^"]*"\}$/;
/** Form and checksum in front of a stored ticket, and the form of a text without one. */
const HEAD = 1 + 8;
const PLAIN = '1';
/** What a line has in a ticket's place when it went. */
export const GONE = '';

const BLACK = '!';

/** An entry of the black list, as a file made it. */
export interface BlackEntry {
  barcode: string;
  /** SecuTix's black list files: CANCELLED, TECHNICAL or STOLEN; others are kept as they came. */
  reason: string;
  season?: string;
  product?: string;
  /** As the file had it. */
  date?: string;
}

export const isBlack = ([, text]: Line): boolean => text.startsWith(BLACK);
export const blackText = (entry: BlackEntry | undefined): string => BLACK + (entry ? JSON.stringify(entry) : '');
export const blackOf = ([, text]: Line): BlackEntry | undefined =>
  text === BLACK ? undefined : (JSON.parse(text.slice(BLACK.length)) as BlackEntry);

/** Difference that a change of the black list makes to the sum over a list. */
export function blackChange(barcode: string, before: BlackEntry | undefined, after: BlackEntry | undefined): bigint {
  return (after ? partOf(barcode, blackText(after)) : 0n) - (before ? partOf(barcode, blackText(before)) : 0n);
}

/** A stored ticket without what belongs to this list alone: the checksum and the tags of the scopes. */
export const lineText = (stored: string): string => stored.slice(HEAD).replace(TAGS, '}');
/** The same with the tags, for a list that takes the place of this one. */
export const taggedText = (stored: string): string => stored.slice(HEAD);
export const entryOf = ([barcode, text]: Line): Entry => decodeEntry(barcode, PLAIN + text);
export const textOf = (ticket: Ticket): string => lineText(encodeEntry({ ticket, tags: [] }));
export const ticketOf = ([barcode, text]: Line): Ticket => decodeEntry(barcode, PLAIN + text).ticket;

/**
 * The hub's numbered log of list changes: a page's changes under the page's position, in the same batch as the page itself.
 * `keep` pages are held; a gate that is further behind gets a snapshot.
 */
export function logOperations(
  at: { generation: number; position: number },
  tickets: ReadonlyMap<string, Ticket>,
  known: ReadonlyMap<string, Entry>,
  keep: number,
  more: Pick<LoggedPage, 'scope' | 'touched'>,
): Operation[] {
  const lines: Line[] = [];
  let change = 0n;
  for (const [barcode, ticket] of tickets) {
    const text = textOf(ticket);
    const before = known.get(barcode);
    if (before) change -= partOf(barcode, textOf(before.ticket));
    change += partOf(barcode, text);
    lines.push([barcode, text]);
  }
  return logged(at, lines, change, keep, more);
}

/** The same for tickets that went. */
export function logGone(
  at: { generation: number; position: number },
  gone: readonly Ticket[],
  keep: number,
): Operation[] {
  const change = gone.reduce((sum, ticket) => sum - partOf(ticket.barcode, textOf(ticket)), 0n);
  return logged(
    at,
    gone.map(({ barcode }): Line => [barcode, GONE]),
    change,
    keep,
  );
}

/** The same for the black list; an `after` that is undefined = taken off. */
export function logBlack(
  at: { generation: number; position: number },
  changes: readonly { barcode: string; before: BlackEntry | undefined; after: BlackEntry | undefined }[],
  keep: number,
): Operation[] {
  const change = changes.reduce((sum, { barcode, before, after }) => sum + blackChange(barcode, before, after), 0n);
  return logged(
    at,
    changes.map(({ barcode, after }): Line => [barcode, blackText(after)]),
    change,
    keep,
  );
}

function logged(
  at: { generation: number; position: number },
  lines: readonly Line[],
  change: bigint,
  keep: number,
  more: Pick<LoggedPage, 'scope' | 'touched'> = {},
): Operation[] {
  const page: LoggedPage = { g: at.generation, lines, change: addHash(EMPTY_HASH, change), ...more };
  const operations: Operation[] = [{ type: 'put', key: keys.listLog(at.position), value: encodeJson(page) }];
  if (at.position > keep) operations.push({ type: 'del', key: keys.listLog(at.position - keep) });
  return operations;
}
