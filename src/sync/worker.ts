import { readlinkSync } from 'node:fs';
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { scaledClock, systemClock } from '../clock.js';
import { createLog } from '../log.js';
import type { FromWorker, SyncOptions, ToWorker } from './messages.js';
import { SyncLoop } from './loop.js';

/**
 * Entry of the sync thread. The lanes' thread comes first: this one runs at low priority. Linux gives every thread its own
 * nice value, and /proc/thread-self names the calling thread.
 */
function lowerPriority(): void {
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    os.setPriority(tid, 15);
  } catch {
    // Not Linux, or not allowed: only the latency during an import is worse.
  }
}

lowerPriority();
const port = parentPort;
if (!port) throw new Error('sync/worker is started by sync/handle');
const options = workerData as SyncOptions;
const post = (message: FromWorker): void => port.postMessage(message);
const log = createLog(options.logLevel, (line) => post({ type: 'log', line })).child({ room: 'sync' });
const clock = options.clock ? scaledClock(options.clock) : systemClock;
const loop = await SyncLoop.start(options, { clock, random: Math.random, log, post });
port.on('message', (message: ToWorker) => {
  if (message.type !== 'stop') return loop.onMessage(message);
  void loop.stop().finally(() => {
    post({ type: 'stopped' });
    port.close();
  });
});
