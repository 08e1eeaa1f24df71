import { readlinkSync } from 'node:fs';
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from './clock.js';
import { createLog } from './log.js';
import { ListMirror } from './store/list-mirror.js';
import { ListWriter } from './store/list-writer.js';
import { ListSource } from './store/list-source.js';
import { ListClient } from './venue/list-client.js';
import { ListServer } from './venue/list-server.js';
import type { FromListWorker, ListWorkerOptions } from './runtime-venue-list.js';

/** Entry of the thread that hands out (hub) or follows (gate) the list. The lanes' thread comes first. */
function lowerPriority(): void {
  try {
    os.setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), 15);
  } catch {
    // Not Linux, or not allowed: only the latency during an import is worse.
  }
}

lowerPriority();
const port = parentPort;
if (!port) throw new Error('runtime-venue-worker is started by runtime-venue-list');
const options = workerData as ListWorkerOptions;
const post = (message: FromListWorker): void => port.postMessage(message);
const parts = {
  clock: systemClock,
  random: Math.random,
  log: createLog(options.logLevel).child({ room: 'venue-list' }),
};
const service =
  options.role === 'hub'
    ? new ListServer(options, new ListSource(options.folder, options.storeKey), parts)
    : new ListClient(options, new ListMirror(await ListWriter.open(options.folder, { storeKey: options.storeKey })), {
        ...parts,
        onState: (state) => post({ type: 'state', state }),
      });
port.on('message', (message: 'stop' | 'wake') => {
  if (message === 'wake') {
    if (service instanceof ListClient) service.wake();
    return;
  }
  void service.close().finally(() => {
    post({ type: 'stopped' });
    port.close();
  });
});
