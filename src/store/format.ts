import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { PortillonError } from '../errors.js';
import { syncFolder } from './aside.js';
import { enterFromFirst } from './enter.js';
import { lastRecordKey } from './open.js';
import { isDamage } from './start.js';

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
const BACKUPS_KEPT = 2;
const DATABASES = ['journal', 'list', 'sync'] as const;

interface Marker {
  format: number;
  /** Release that wrote it. */
  by: string;
}

/** Newest format that a release knows. */
export function formatOfRelease(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 || minor >= 1 ? FORMAT : 1;
}

const markerFile = (data: string): string => path.join(data, 'format.json');
const backupsOf = (data: string): string => path.join(data, 'backup');

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

/**
 * A copy of the data as they are, next to them: LevelDB's tables never change once written, so they are hard links and cost no space; its log
 * and lists are copied. Returns the folder. Nobody may write meanwhile.
 */
export async function backUp(data: string, format: number, now: number): Promise<string> {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const target = path.join(backupsOf(data), `format-${format}-${stamp}`);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  for (const name of DATABASES) {
    const from = path.join(data, name);
    if (!existsSync(from)) continue;
    mkdirSync(path.join(partial, name), { recursive: true });
    for (const file of readdirSync(from)) {
      if (file === 'LOCK' || file.startsWith('LOG')) continue;
      const [source, copy] = [path.join(from, file), path.join(partial, name, file)];
      if (/\.(ldb|sst)$/.test(file)) linkSync(source, copy);
      else {
        copyFileSync(source, copy);
        const fd = openSync(copy, 'r');
        fsyncSync(fd);
        closeSync(fd);
      }
    }
    syncFolder(path.join(partial, name));
  }
  await assertWhole(data, partial);
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
  syncFolder(backupsOf(data));
  for (const old of backups(data).slice(BACKUPS_KEPT)) rmSync(old.folder, { recursive: true, force: true });
  return target;
}

async function assertWhole(data: string, copy: string): Promise<void> {
  let ours: string | undefined;
  try {
    ours = await lastRecordKey(path.join(data, 'journal'));
  } catch (error) {
    // A damaged journal is copied as it is; the start that follows says so and makes it good.
    if (isDamage(error)) return;
    throw error;
  }
  if (ours !== (await lastRecordKey(path.join(copy, 'journal'))))
    throw new PortillonError('STORE_BACKUP', `the backup ${copy} is not complete: nothing was changed`);
}

/** Newest first. */
export function backups(data: string): { format: number; folder: string }[] {
  if (!existsSync(backupsOf(data))) return [];
  return readdirSync(backupsOf(data))
    .map((name) => ({ name, match: /^format-(\d+)-(\d{8}T\d{6}Z)$/.exec(name) }))
    .filter((b) => b.match !== null)
    .sort((a, b) => (b.match?.[2] ?? '').localeCompare(a.match?.[2] ?? ''))
    .map(({ name, match }) => ({ format: Number(match?.[1]), folder: path.join(backupsOf(data), name) }));
}

async function enter(journal: string): Promise<void> {
  try {
    await enterFromFirst(journal);
  } catch (error) {
    // A damaged journal is made good by the start that follows, which folds its usage too. Anything else is no reason to go on.
    if (!isDamage(error)) throw error;
  }
}

/**
 * Before anything is opened. Throws `STORE_FORMAT` when the data are of a newer release; nothing is changed then. Returns what was backed up;
 * undefined = the data are new, or in this release's format already.
 */
export async function prepareFormat(
  data: string,
  by: string,
  now: number,
): Promise<{ from: number; backup: string } | undefined> {
  const found = readFormat(data);
  if (found && found.format > FORMAT) {
    throw new PortillonError(
      'STORE_FORMAT',
      `the data in ${data} were written by Portillon ${found.by} in format ${found.format}; this release knows formats up to ${FORMAT}`,
      {
        hint: `run that release again; to go back for good let it leave the data in format ${FORMAT} first (\`portillon data leave --format ${FORMAT}\`). Nothing was changed`,
      },
    );
  }
  if (found?.format === FORMAT) return undefined;
  const backup = found && (await backUp(data, found.format, now));
  if (found) await enter(path.join(data, 'journal'));
  writeFormat(data, { format: FORMAT, by });
  return found && backup !== undefined ? { from: found.format, backup } : undefined;
}
