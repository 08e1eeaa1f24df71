import { Worker } from 'node:worker_threads';
import type { Clock } from './clock.js';
import { describeError } from './errors.js';
import type { Log } from './log.js';
import type { StoreKey } from './store/open.js';
import type { ListState } from './venue/list-client.js';
import type { BrokerSettings } from './venue/wire.js';
import type { VenueBasics, VenueParts } from './runtime-venue-parts.js';

/** `keepLog`: pages kept for the gates it will serve. */
type ListRole = { role: 'hub' } | { role: 'gate' } | { role: 'standby'; keepLog: number };

export type ListWorkerOptions = ListRole & {
  folder: string;
  storeKey: StoreKey;
  venue: string;
  broker: BrokerSettings;
  session: string;
  gate: string;
  /** The venue's; of a gate its own. */
  secret: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
};

export type FromListWorker = { type: 'state'; state: ListState } | { type: 'stopped' };

/** Milliseconds. */
const STOP_DEADLINE = 4_000;

/** The lanes' side of the list thread: starts it, starts it again with back-off, stops it. */
export class ListThread {
  readonly #options: ListWorkerOptions;
  readonly #p: { clock: Clock; log: Log };
  readonly #stopped = new AbortController();
  #worker: Worker | undefined;
  #stopping = false;
  #restarts = 0;
  state: ListState | undefined;

  constructor(basics: VenueBasics, { clock, log, folder }: VenueParts, role: ListRole) {
    const { config, gate, broker, secret, claims, storeKey, logLevel } = basics;
    const { session } = claims;
    this.#options = {
      ...role,
      gate,
      secret,
      venue: config.id,
      broker,
      session,
      folder: folder('list'),
      storeKey,
      logLevel,
    };
    this.#p = { clock, log: log.child({ room: 'venue' }) };
    this.#start();
  }

  #start(): void {
    const worker = new Worker(new URL('./runtime-venue-worker.js', import.meta.url), {
      workerData: this.#options,
      resourceLimits: { maxOldGenerationSizeMb: 160, maxYoungGenerationSizeMb: 16 },
    });
    this.#worker = worker;
    worker.on('message', (message: FromListWorker) => {
      if (message.type === 'state') this.state = message.state;
    });
    worker.on('error', (error) => this.#p.log.error({ error: describeError(error) }, 'the list thread failed'));
    worker.on('exit', () => void this.#onExit());
  }

  async #onExit(): Promise<void> {
    this.#worker = undefined;
    if (this.#stopping) return this.#stopped.abort();
    this.#restarts++;
    await this.#p.clock.sleep(Math.min(60_000, 500 * 2 ** Math.min(this.#restarts, 7)), this.#stopped.signal);
    if (!this.#stopping) this.#start();
  }

  wake(): void {
    this.#worker?.postMessage('wake');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#worker) return this.#stopped.abort();
    this.#worker.postMessage('stop');
    await this.#p.clock.sleep(STOP_DEADLINE, this.#stopped.signal);
    await this.#worker?.terminate();
  }
}
