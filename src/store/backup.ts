import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { PortillonError } from '../errors.js';
import { syncFolder } from './aside.js';
import type { Marker } from './format-marker.js';
import { readFormat, writeFormat } from './format-marker.js';
import { lastRecordKey } from './open.js';
import { isDamage } from './damage.js';

const BACKUPS_KEPT = 2;
const DATABASES = ['journal', 'list', 'sync'] as const;
const backupsOf = (data: string): string => path.join(data, 'backup');

/** LevelDB's tables never change once written, so they are hard links and cost no space; its log and lists are copied. */
function copyDatabase(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    if (file === 'LOCK' || file.startsWith('LOG')) continue;
    const [source, copy] = [path.join(from, file), path.join(to, file)];
    if (/\.(ldb|sst)$/.test(file)) linkSync(source, copy);
    else {
      copyFileSync(source, copy);
      const fd = openSync(copy, 'r');
      fsyncSync(fd);
      closeSync(fd);
    }
  }
  syncFolder(to);
}

/** A copy of the data as they are, next to them. Returns the folder. Nobody may write meanwhile. */
export async function backUp(data: string, format: number, now: number): Promise<string> {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const target = path.join(backupsOf(data), `format-${format}-${stamp}`);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  for (const name of DATABASES)
    if (existsSync(path.join(data, name))) copyDatabase(path.join(data, name), path.join(partial, name));
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

/** From here on a crash is undone by whoever looks at the data next; `writeFormat` without `changing` ends it. */
export function beginChange(data: string, found: Marker, to: number, backup: string): void {
  writeFormat(data, { ...found, changing: { to, backup: path.basename(backup) } });
}

/**
 * The format of the data, after a change that was cut off in the middle has been undone: the databases are those of the backup again, which
 * nobody has written to since. May itself be cut off and done again. Undefined: there are no data yet. `backup`: it is still good for these data.
 */
export function wholeFormat(data: string): (Marker & { backup?: string }) | undefined {
  const found = readFormat(data);
  if (!found?.changing) return found;
  const { changing, ...before } = found;
  const backup = path.join(backupsOf(data), changing.backup);
  if (!existsSync(backup))
    throw new PortillonError('STORE_FORMAT', `a change of the data to format ${changing.to} was cut off`, {
      hint: `put the backup ${backup} back in its place and start again; nothing was changed now`,
    });
  for (const name of DATABASES) {
    const location = path.join(data, name);
    for (const folder of [location, `${location}.rekeyed`, `${location}.old`])
      rmSync(folder, { recursive: true, force: true });
    if (existsSync(path.join(backup, name))) copyDatabase(path.join(backup, name), location);
  }
  syncFolder(data);
  writeFormat(data, before);
  return { ...before, backup };
}
