import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Condition } from '../diagnostics/read-model.js';

/** What the container's health check and a supervisor read: no Node has to start for it. `deploy/healthcheck.sh` reads the same lines. */
export interface Beat {
  /** Whether a restart could cure what is wrong: SecuTix away or a reader unplugged are not. */
  alive: boolean;
  conditions: readonly Condition[];
}

/** Length that fits balena's dashboard. */
const LINE = 100;

export function beatText({ alive, conditions }: Beat): string {
  const first = conditions[0];
  const text = first === undefined ? 'all is well' : `${first.what} (${conditions.length} in all)`;
  return `${alive ? 'alive' : 'stuck'} ${text.replaceAll('\n', ' ')}`.slice(0, LINE);
}

/** Written whole or not at all: a reader never sees half a line. */
export function writeBeat(folder: string, beat: Beat): void {
  const file = path.join(folder, 'health');
  writeFileSync(`${file}.new`, `${beatText(beat)}\n`);
  renameSync(`${file}.new`, file);
}
