import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { PortillonError } from '../errors.js';
import { syncFolder } from './aside.js';

/**
 * Format of the data folder. A release reads every earlier one, value by value; it makes a backup before its first write in a newer one, and
 * refuses a newer one than it knows.
 *
 * | format | what | first release |
 * |---|---|---|
 * | 1 | JSON values | before 0.1.0 |
 * | 2 | chained records, checksums, movements, generations of the list | 0.1.0 |
 */
export const FORMAT = 2;

export interface Marker {
  format: number;
  /** Release that wrote it. */
  by: string;
  /** A change to another format was begun: what the data were before it is in this folder of `backup`. */
  changing?: { to: number; backup: string };
}

const markerFile = (data: string): string => path.join(data, 'format.json');

/** Undefined: there are no data yet. Data without a marker are of before there were any: format 1. */
export function readFormat(data: string): Marker | undefined {
  let text: string;
  try {
    text = readFileSync(markerFile(data), 'utf8');
  } catch {
    return existsSync(path.join(data, 'journal', 'CURRENT')) ? { format: 1, by: 'a release before 0.1.0' } : undefined;
  }
  try {
    const marker = JSON.parse(text) as Marker;
    if (Number.isInteger(marker.format) && marker.format > 0) return marker;
  } catch {
    // Falls through: it is replaced whole, so this is a hand's work or a damaged disk.
  }
  throw new PortillonError('STORE_FORMAT', `${markerFile(data)} is damaged`, {
    hint: `put {"format":N,"by":"RELEASE"} there, with the format the data were last written in (${FORMAT} by this release)`,
  });
}

/** On the disk before it returns, whole or not at all. */
export function writeFormat(data: string, marker: Marker): void {
  mkdirSync(data, { recursive: true });
  const fd = openSync(`${markerFile(data)}.new`, 'w', 0o600);
  writeSync(fd, `${JSON.stringify(marker)}\n`);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(`${markerFile(data)}.new`, markerFile(data));
  syncFolder(data);
}
