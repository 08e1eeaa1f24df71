import type { Ticket } from '../domain/ticket.js';

/**
 * The lines of SecuTix's list files (facts: white and black list of access control). No header, `;` between the columns; the
 * first three columns of a white line and the first of a black one are mandatory, later ones may be missing altogether.
 */
export type ListKind = 'white' | 'black';

export interface BlackLine {
  barcode: string;
  /** CANCELLED, TECHNICAL or STOLEN; others are kept. */
  reason: string;
  season?: string;
  product?: string;
  date?: string;
}

export type Line<T> = { ok: true; value: T } | { ok: false; why: string };
const bad = (why: string): { ok: false; why: string } => ({ ok: false, why });

const WHITE_COLUMNS = 9;
const BLACK_COLUMNS = 5;
const BLACK_REASONS: ReadonlySet<string> = new Set(['CANCELLED', 'TECHNICAL', 'STOLEN']);
const MAX_TEXT = 256;
const DATE = /^\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?$/;

function textProblem(columns: readonly string[]): string | undefined {
  for (const [i, text] of columns.entries()) {
    if (text.length > MAX_TEXT) return `column ${i + 1} has more than ${MAX_TEXT} characters`;

    if (/[\x00-\x1c\x1e\x1f\x7f\ufffd]/.test(text)) return `column ${i + 1} holds control or broken characters`;
  }
  return undefined;
}

/** TRUE or FALSE in any case; empty = false; undefined = neither. */
function flag(text: string | undefined): boolean | undefined {
  if (text === undefined || text === '') return false;
  return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
}

/**
 * barcode; season_code; product_code; category_id; reduced_price; is_specimen; validity_date; tag; entranceBarcodeId. What a
 * validity date means is not documented: it is kept with the ticket and decides nothing.
 */
export function readWhite(columns: readonly string[]): Line<Ticket> {
  if (columns.length > WHITE_COLUMNS) return bad(`${columns.length} columns; at most ${WHITE_COLUMNS}`);
  const problem = textProblem(columns);
  if (problem !== undefined) return bad(problem);
  const [barcode, season, product, category, reducedText, specimenText, validity, tag, entrance] = columns;
  if (!barcode) return bad('no barcode');
  if (!season) return bad('no season code');
  if (!product) return bad('no product code');
  // Taken as a white list, a black one would make every cancelled ticket valid.
  if (BLACK_REASONS.has(season)) return bad(`${season} where a season code is expected: a line of a black list`);
  const reduced = flag(reducedText);
  if (reduced === undefined) return bad(`reduced_price is ${JSON.stringify(reducedText)}, not TRUE or FALSE`);
  const specimen = flag(specimenText);
  if (specimen === undefined) return bad(`is_specimen is ${JSON.stringify(specimenText)}, not TRUE or FALSE`);
  if (validity && !DATE.test(validity))
    return bad(`validity_date is ${JSON.stringify(validity)}, no yyyy-mm-dd hh:mm:ss`);
  const extra: Record<string, string> = {};
  if (category && category !== '0') extra.category_id = category;
  if (validity) extra.validity_date = validity;
  if (tag) extra.tag = tag;
  const ticket: Ticket = { barcode, state: 'VALID', season, product };
  if (reduced) ticket.reduced = true;
  if (specimen) ticket.specimen = true;
  if (entrance) ticket.entrance = entrance;
  if (Object.keys(extra).length > 0) ticket.extra = extra;
  return { ok: true, value: ticket };
}

export function writeWhite({ barcode, season, product, reduced, specimen, entrance, extra }: Ticket): string[] {
  const kept = (name: string): string => (typeof extra?.[name] === 'string' ? extra[name] : '');
  const upper = (on: boolean | undefined): string => (on ? 'TRUE' : 'FALSE');
  const category = kept('category_id') || '0';
  return [
    barcode,
    season ?? '',
    product ?? '',
    category,
    upper(reduced),
    upper(specimen),
    kept('validity_date'),
    kept('tag'),
    entrance ?? '',
  ];
}

/** barcode; reason; season_code; product_code; blacklist_date */
export function readBlack(columns: readonly string[]): Line<BlackLine> {
  if (columns.length > BLACK_COLUMNS) return bad(`${columns.length} columns; at most ${BLACK_COLUMNS}`);
  const problem = textProblem(columns);
  if (problem !== undefined) return bad(problem);
  const [barcode, reason, season, product, date] = columns;
  if (!barcode) return bad('no barcode');
  if (!reason) return bad('no reason (CANCELLED, TECHNICAL or STOLEN)');
  const line: BlackLine = { barcode, reason };
  if (season) line.season = season;
  if (product) line.product = product;
  if (date) line.date = date;
  return { ok: true, value: line };
}

export function writeBlack({ barcode, reason, season, product, date }: BlackLine): string[] {
  return [barcode, reason, season ?? '', product ?? '', date ?? ''];
}
