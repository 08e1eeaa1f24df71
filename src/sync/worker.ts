import { parentPort, workerData } from 'node:worker_threads';
import { scaledClock, systemClock } from '../clock.js';
import { createLog } from '../log.js';
import { lowerPriority } from './low-priority.js';
import type { FromWorker, SyncOptions, ToWorker } from './messages.js';
import { SyncLoop } from './loop.js';

/** Entry of the sync thread. */
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
