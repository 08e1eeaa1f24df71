import type { Ticket } from '../domain/ticket.js';
import type { BlackLine, ListKind } from '../secutix/wire-files.js';
import { readBlack, readWhite, writeBlack, writeWhite } from '../secutix/wire-files.js';
import { PortillonError } from '../errors.js';
import type { Pace } from '../store/list-generations.js';
import { abandon, beginGeneration, copyGeneration, entriesOf, removeGarbage, swap } from '../store/list-generations.js';
import { addBlack, blackEntries } from '../store/list-files.js';
import type { ListWriter } from '../store/list-writer.js';
import { FILE_SCOPE } from '../store/records.js';
import type { BadLine } from './list-csv.js';
import { readLines, writeLines } from './list-csv.js';

/** Tickets of one atomic page. */
const PAGE = 5_000;
/** A black list is one atomic batch, and so bounded. */
const MAX_BLACK = 200_000;

export interface ImportRequest {
  kind: ListKind;
  file: string;
  /** Good lines are taken although others are bad; otherwise nothing is. */
  skipBad: boolean;
  /** Black list: what the file does not name is no longer black-listed. */
  replace: boolean;
}

export interface ImportReport {
  kind: ListKind;
  applied: boolean;
  good: number;
  bad: number;
  /** The first of them, by number. */
  badLines: BadLine[];
}

interface Parts {
  now: () => number;
  pace: Pace;
}

/** Takes a list file in, whole or not at all. */
export async function importFile(list: ListWriter, request: ImportRequest, parts: Parts): Promise<ImportReport> {
  const { kind, file, skipBad } = request;
  const black: BlackLine[] = [];
  const looked =
    kind === 'white'
      ? await readLines(file, readWhite, () => {})
      : await readLines(file, readBlack, (line) => {
          if (black.length >= MAX_BLACK) throw new PortillonError('LIST_FILE', `more than ${MAX_BLACK} lines`);
          black.push(line);
        });
  const report = { kind, ...looked };
  if ((looked.bad > 0 && !skipBad) || looked.good === 0) return { ...report, applied: false };
  if (kind === 'black') await addBlack(list, black, request.replace);
  else if (looked.good <= PAGE) await inOnePage(list, file);
  else await besideTheRunningList(list, file, parts);
  return { ...report, applied: true };
}

async function inOnePage(list: ListWriter, file: string): Promise<void> {
  const tickets: Ticket[] = [];
  await readLines(file, readWhite, (ticket) => void tickets.push(ticket));
  await applyTickets(list, tickets);
}

async function applyTickets(list: ListWriter, tickets: readonly Ticket[], generation?: number): Promise<void> {
  const items = tickets.map((ticket) => ({ kind: 'ticket' as const, ticket }));
  const page = { items, cursor: null, counted: items.length };
  await list.applyPage(FILE_SCOPE, page, null, generation === undefined ? {} : { generation });
}

/** More than a page: into a copy of the running list, which takes its place in one step. */
async function besideTheRunningList(list: ListWriter, file: string, { now, pace }: Parts): Promise<void> {
  const building = await beginGeneration(list, 'file', now());
  try {
    await copyGeneration(list, list.generation, building.generation, pace);
    let tickets: Ticket[] = [];
    await readLines(file, readWhite, async (ticket) => {
      tickets.push(ticket);
      if (tickets.length < PAGE) return;
      await applyTickets(list, tickets, building.generation);
      tickets = [];
      await pace();
    });
    if (tickets.length > 0) await applyTickets(list, tickets, building.generation);
  } catch (error) {
    await abandon(list);
    throw error;
  }
  await swap(list, building);
  await removeGarbage(list, pace);
}

export interface ExportReport {
  kind: ListKind;
  lines: number;
}

/** White: valid tickets that are not black-listed. Black: cancelled tickets, and what files black-listed. */
export async function exportFile(list: ListWriter, kind: ListKind, file: string, pace: Pace): Promise<ExportReport> {
  const rows = kind === 'white' ? whiteRows(list, pace) : blackRows(list, pace);
  return { kind, lines: await writeLines(file, rows) };
}

async function* whiteRows(list: ListWriter, pace: Pace): AsyncGenerator<string[]> {
  const black = new Set((await blackEntries(list)).map(({ barcode }) => barcode));
  for await (const piece of entriesOf(list, list.generation)) {
    for (const { ticket } of piece)
      if (ticket.state === 'VALID' && !black.has(ticket.barcode)) yield writeWhite(ticket);
    await pace();
  }
}

async function* blackRows(list: ListWriter, pace: Pace): AsyncGenerator<string[]> {
  const entries = await blackEntries(list);
  const named = new Set(entries.map(({ barcode }) => barcode));
  for (const entry of entries) yield writeBlack(entry);
  for await (const piece of entriesOf(list, list.generation)) {
    for (const { ticket } of piece) {
      const { barcode, season, product } = ticket;
      if (ticket.state !== 'CANCELLED' || named.has(barcode)) continue;
      yield writeBlack({ barcode, reason: 'CANCELLED', ...(season && { season }), ...(product && { product }) });
    }
    await pace();
  }
}
