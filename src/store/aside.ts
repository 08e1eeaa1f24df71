import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Kind } from './open.js';

/** A database that was damaged and is kept as it was found. */
export interface Aside {
  kind: Kind;
  /** Name of its folder, beside the databases. */
  folder: string;
  /** UTC milliseconds. */
  at: number;
  /** What was found and what was done, for people. */
  why: string;
}

const NOTE = 'portillon-why.json';
const NAME = /^(journal|list|sync)\.damaged-/;

/** Name under which a damaged folder is kept. */
export function asideName(location: string, now: number): string {
  const base = `${location}.damaged-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  let name = base;
  for (let n = 2; existsSync(name); n++) name = `${base}-${n}`;
  return name;
}

/** Renames a damaged folder, with the reason inside; never changes what is in it. */
export function setAside(location: string, target: string, now: number, why: string): void {
  renameSync(location, target);
  writeFileSync(path.join(target, NOTE), JSON.stringify({ at: now, why }));
  syncFolder(path.dirname(location));
}

/** Renames are on the disk when their folder is. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What is set aside in a data folder, oldest first. It stays until a person takes it away. */
export function listAsides(data: string): Aside[] {
  const names = existsSync(data) ? readdirSync(data) : [];
  return names
    .flatMap((folder): Aside[] => {
      const kind = NAME.exec(folder)?.[1] as Kind | undefined;
      if (!kind) return [];
      try {
        const note = JSON.parse(readFileSync(path.join(data, folder, NOTE), 'utf8')) as { at: number; why: string };
        return [{ kind, folder, ...note }];
      } catch {
        return [{ kind, folder, at: 0, why: `the ${kind} was damaged` }];
      }
    })
    .sort((a, b) => a.at - b.at);
}
