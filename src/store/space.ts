import { statfsSync } from 'node:fs';
import { PortillonError } from '../errors.js';

/** Bytes of the volume that the ticket list never takes: the journal's room for some 30,000 checks and LevelDB's sorting. */
const KEPT_FOR_JOURNAL = 32 * 1024 * 1024;

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** Throws `LIST_SPACE` when a page would take the journal's room: a list can wait, a check cannot. */
export function assertRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= KEPT_FOR_JOURNAL) return;
  throw new PortillonError(
    'LIST_SPACE',
    `the ticket list waits: ${mb(free)} are free, and ${mb(KEPT_FOR_JOURNAL)} are kept for the journal`,
    { hint: 'free space on the volume of the data folder, or give it a larger one' },
  );
}
