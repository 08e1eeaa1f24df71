import { rmSync } from 'node:fs';
import path from 'node:path';
import { PortillonError } from '../errors.js';
import { backUp, beginChange, wholeFormat } from './backup.js';
import { enterFromFirst } from './enter.js';
import { FORMAT, writeFormat } from './format-marker.js';
import { isDamage } from './damage.js';

export { backups } from './backup.js';
export { FORMAT, readFormat, writeFormat } from './format-marker.js';

/** Newest format that a release knows. */
export function formatOfRelease(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 || minor >= 1 ? FORMAT : 1;
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
  const found = wholeFormat(data);
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
  if (!found) {
    writeFormat(data, { format: FORMAT, by });
    return undefined;
  }
  const backup = found.backup ?? (await backUp(data, found.format, now));
  const { format, by: writer } = found;
  beginChange(data, { format, by: writer }, FORMAT, backup);
  // Format 1 has none; one that is here is of before an older release had the data.
  rmSync(path.join(data, 'journal.head'), { force: true });
  await enter(path.join(data, 'journal'));
  writeFormat(data, { format: FORMAT, by });
  return { from: format, backup };
}
