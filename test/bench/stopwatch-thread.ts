/** Reads one end of a pseudo-terminal for `Stopwatch` by a read that blocks: nothing stands between the byte and the clock but the waking of a thread. */
import { closeSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openPty } from '../../drivers/transport/pty.js';
import type { Seen, Wire } from './stopwatch.js';
import { monotonicMs } from './stopwatch.js';

const { end } = workerData as { end: number };
const { master, slave, path } = openPty();
parentPort?.postMessage({ path, slave } satisfies Wire);
const buffer = Buffer.alloc(4096);
for (;;) {
  const length = readSync(master, buffer, 0, buffer.length, null);
  const at = monotonicMs();
  const bytes = Uint8Array.from(buffer.subarray(0, length));
  if (bytes.at(-1) === end) break;
  parentPort?.postMessage({ at, bytes } satisfies Seen);
}
closeSync(slave);
closeSync(master);
