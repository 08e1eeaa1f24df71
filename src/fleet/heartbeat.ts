import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StatusReport } from '../diagnostics/read-model.js';

/**
 * What the container's health check and a supervisor read: no Node has to start for it. `deploy/healthcheck.sh` reads the same lines.
 * `alive`: the lanes go on, whatever is away. `failing`: nobody can be admitted for a cause of this gate's own. `stuck`: a lane does not come
 * to an end; a restart cures it.
 */
export type Life = 'alive' | 'failing' | 'stuck';

/** Length that fits balena's dashboard. */
const LINE = 100;

export function beatText(status: Pick<StatusReport, 'conditions' | 'journal'>, stuck: string | undefined): string {
  const { conditions, journal } = status;
  const line = (life: Life, text: string): string => `${life} ${text.replaceAll('\n', ' ')}`.slice(0, LINE);
  if (stuck !== undefined) return line('stuck', stuck);
  if (journal.failure !== null) return line('failing', journal.failure);
  const first = conditions[0];
  return line('alive', first === undefined ? 'all is well' : `${first.what} (${conditions.length} in all)`);
}

/** Where it is written: in memory, if the machine says where (systemd's `RuntimeDirectory=`, the image). */
export const beatFolder = (env: NodeJS.ProcessEnv, dataFolder: string): string =>
  env.RUNTIME_DIRECTORY?.split(':')[0] || dataFolder;

/** Written whole or not at all: a reader never sees half a line. */
export function writeBeat(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'health');
  writeFileSync(`${file}.new`, `${text}\n`);
  renameSync(`${file}.new`, file);
}
