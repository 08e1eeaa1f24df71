import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from './clock.js';
import { createLog } from './log.js';
import { lowerPriority } from './sync/low-priority.js';
import { ListCopy } from './store/list-copy.js';
import type { FollowedList } from './store/list-mirror.js';
import { ListMirror } from './store/list-mirror.js';
import { ListWriter } from './store/list-writer.js';
import { ListSource } from './store/list-source.js';
import { ListClient } from './venue/list-client.js';
import { ListServer } from './venue/list-server.js';
import type { FromListWorker, ListWorkerOptions } from './runtime-venue-list.js';

/** Entry of the thread that hands out (hub) or follows (gate, standby) the list. */
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
const { folder, storeKey } = options;
const follow = (list: FollowedList): ListClient =>
  new ListClient(
    { ...options, key: options.secret, ...(options.role === 'standby' && { standby: true as const }) },
    list,
    { ...parts, onState: (state) => post({ type: 'state', state }) },
  );
async function start(): Promise<ListServer | ListClient> {
  const source = new ListSource(folder, storeKey);
  if (options.role === 'hub') return new ListServer(options, source, parts);
  if (options.role === 'gate') return follow(new ListMirror(await ListWriter.open(folder, { storeKey })));
  return follow(new ListCopy(await ListWriter.open(folder, { storeKey, keepLog: options.keepLog }), source));
}
const service = await start();
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
