import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { checkTable, FileDamage } from './leveldb-format.js';

/** Stands beside a folder in which damage was seen while it was open: the next start reads all of it before it trusts it. */
const markOf = (location: string): string => `${location}.suspect`;

export const isSuspect = (location: string): boolean => existsSync(markOf(location));
export const suspect = (location: string, why: string): void => writeFileSync(markOf(location), why);
export const clearSuspicion = (location: string): void => rmSync(markOf(location), { force: true });

/**
 * Reads the tables of an open database, one after the other, and compares every block with its checksum, which LevelDB does not do when it reads.
 * Tables never change; one that goes meanwhile was merged into another. Returns what is wrong.
 */
export async function scrub(location: string, pace: () => Promise<void>): Promise<string[]> {
  const problems: string[] = [];
  for (const name of readdirSync(location).filter((n) => /^\d+\.(ldb|sst)$/.test(n))) {
    try {
      checkTable(readFileSync(path.join(location, name)));
    } catch (error) {
      if (error instanceof FileDamage) {
        // Just being written, or just removed: only a table that is there to stay counts.
        if (await again(location, name, pace)) problems.push(`${name}: ${error.message}`);
      } else if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await pace();
  }
  return problems;
}

/** A second look, when whoever was writing it has had its time. */
async function again(location: string, name: string, pace: () => Promise<void>): Promise<boolean> {
  for (let n = 0; n < SECOND_LOOK; n++) await pace();
  try {
    checkTable(readFileSync(path.join(location, name)));
    return false;
  } catch (error) {
    return error instanceof FileDamage;
  }
}
const SECOND_LOOK = 200;
