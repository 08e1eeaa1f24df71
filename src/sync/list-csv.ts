import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Info } from 'csv-parse';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import type { Line } from '../secutix/wire-files.js';

/** Bad lines that are named one by one; the others are counted. */
const NAMED = 100;
/** Longest line, characters: nine columns of the longest text there may be. */
const MAX_LINE = 4_000;

export interface BadLine {
  /** From 1. */
  line: number;
  why: string;
}

export interface ReadLines {
  good: number;
  bad: number;
  /** The first of them. */
  badLines: BadLine[];
}

/**
 * Reads a file of SecuTix's format line by line, `read` judges each, `each` gets the good ones. A broken line spoils itself
 * alone: there are no line breaks inside a value.
 */
export async function readLines<T>(
  file: string,
  read: (columns: readonly string[]) => Line<T>,
  each: (value: T) => void | Promise<void>,
): Promise<ReadLines> {
  const result: ReadLines = { good: 0, bad: 0, badLines: [] };
  const reject = (line: number, why: string): void => {
    result.bad++;
    if (result.badLines.length < NAMED) result.badLines.push({ line, why });
  };
  // Quotes are ordinary characters: SecuTix's files have none, and an open one would swallow the rest of the file.
  const parser = parse({
    delimiter: ';',
    bom: true,
    quote: null,
    relax_column_count: true,
    trim: true,
    info: true,
    max_record_size: MAX_LINE,
    skip_records_with_error: true,
    on_skip: (error) => {
      reject(lineOf(error), error?.message ?? 'cannot be read');
      return undefined;
    },
  });
  const source = createReadStream(file);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
    if (record.every((column) => column === '')) continue;
    const line = read(record);
    if (line.ok) {
      result.good++;
      await each(line.value);
    } else reject(info.lines, line.why);
  }
  return result;
}

/** csv-parse puts the line number among the facts of its errors. */
function lineOf(error: unknown): number {
  const { lines } = (error ?? {}) as { lines?: unknown };
  return typeof lines === 'number' ? lines : 0;
}

/** Writes rows in SecuTix's format; returns how many. */
export async function writeLines(file: string, rows: AsyncIterable<string[]>): Promise<number> {
  let count = 0;
  async function* counted(): AsyncGenerator<string[]> {
    for await (const row of rows) {
      count++;
      yield row;
    }
  }
  const writer = stringify({ delimiter: ';', record_delimiter: '\n', quote: false });
  await pipeline(counted(), writer, createWriteStream(file, { mode: 0o600 }));
  return count;
}
