import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describeError } from '../errors.js';
import { checkTable, FileDamage, readLog, readManifest } from './leveldb-format.js';

export type FilesState =
  /** Nothing was ever written here, or the first write was cut off before it was synced. */
  { state: 'new' | 'whole' } | { state: 'damaged'; problems: string[] };

/**
 * Looks at the files of a database that nobody has open, and changes nothing. LevelDB notices only some damage when it
 * opens: a missing CURRENT makes it begin anew and delete the rest, a missing or broken log is left out without a word,
 * tables are not read at all. `tables: false` leaves the contents of tables out, which of a whole list take a while to read.
 */
export function checkFiles(folder: string, { tables: checkTables }: { tables: boolean }): FilesState {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const numbered = (ending: string): Map<number, string> =>
    new Map(names.filter((n) => /^\d+\./.test(n) && n.endsWith(ending)).map((n) => [Number.parseInt(n, 10), n]));
  const logs = numbered('.log');
  const tables = new Map([...numbered('.ldb'), ...numbered('.sst')]);
  const read = (name: string): Buffer => readFileSync(path.join(folder, name));
  const problems: string[] = [];
  const look = <T>(name: string, inspect: () => T): T | undefined => {
    try {
      return inspect();
    } catch (error) {
      if (!(error instanceof FileDamage) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      problems.push(`${name}: ${error instanceof FileDamage ? error.message : describeError(error)}`);
      return undefined;
    }
  };
  /** Whether anything that was synced can have been in here. */
  const holdsData = (): boolean =>
    tables.size > 0 ||
    [...logs.values()].some((name) => look(name, () => readLog(read(name)).records.length > 0) ?? true);

  const current = names.includes('CURRENT') ? read('CURRENT').toString('latin1') : undefined;
  const manifestName = current !== undefined && /^MANIFEST-\d+\n$/.test(current) ? current.trimEnd() : undefined;
  const manifest =
    manifestName === undefined
      ? undefined
      : look(manifestName, () => {
          const { records } = readLog(read(manifestName));
          return records.length === 0 ? undefined : readManifest(records);
        });
  if (!manifest) {
    if (!holdsData()) return { state: 'new' };
    if (current === undefined) problems.unshift('CURRENT is missing');
    else if (manifestName === undefined) problems.unshift('CURRENT is damaged');
    else if (problems.length === 0) problems.unshift(`${manifestName} is empty`);
    return { state: 'damaged', problems };
  }
  for (const [number, size] of manifest.tables) {
    const name = tables.get(number);
    if (name === undefined) {
      problems.push(`table ${number} is missing`);
      continue;
    }
    look(name, () => {
      const length = statSync(path.join(folder, name)).size;
      if (length !== size) throw new FileDamage(`${length} bytes long instead of ${size}`);
      if (checkTables) checkTable(read(name));
    });
  }
  if (manifest.log > 0 && !logs.has(manifest.log)) problems.push(`log ${manifest.log} is missing`);
  for (const [number, name] of logs) if (number >= manifest.log) look(name, () => readLog(read(name)));
  return problems.length === 0 ? { state: 'whole' } : { state: 'damaged', problems };
}
