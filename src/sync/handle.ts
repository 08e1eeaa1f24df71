import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { TicketList } from '../store/list.js';
import type { FromWorker, SyncOptions, SyncStatus, SyncWhat, ToWorker } from './messages.js';

/** Milliseconds the worker gets to end what it is doing when the gate stops. */
const STOP_DEADLINE = 5_000;

interface HandleParts {
  clock: Clock;
  log: Log;
  journal: Journal;
  list: TicketList;
  /** Highest sequence that may be reported now. */
  settledThrough: () => number;
  onStatus: (status: SyncStatus) => void;
  /** A line the worker has logged itself. */
  onLog?: (line: string) => void;
}

/** The lanes' side of the sync thread: starts it, restarts it with back-off, answers what it asks, stops it. */
export class SyncHandle {
  readonly #options: SyncOptions;
  readonly #p: HandleParts;
  #worker: Worker | undefined;
  #status: SyncStatus | undefined;
  #stopping = false;
  #stopped = new AbortController();
  #restarts = 0;
  #nextId = 1;
  #syncs = new Map<number, (result: { ok: boolean; error?: string }) => void>();
  #announced = -1;

  constructor(options: SyncOptions, parts: HandleParts) {
    this.#options = options;
    this.#p = parts;
  }

  get status(): SyncStatus | undefined {
    return this.#status;
  }

  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: this.#options,
      // A page of 5,000 lines needs a few megabytes; the bound keeps the whole runtime inside a small board.
      resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker = worker;
    this.#announced = -1;
    worker.on('message', (message: FromWorker) => void this.#onMessage(message));
    worker.on('error', (error) => this.#p.log.error({ error: describeError(error) }, 'the sync thread failed'));
    worker.on('exit', () => void this.#onExit(worker));
    this.announce();
  }

  /** Tells the worker how far the journal may be reported. */
  announce(): void {
    const through = this.#p.settledThrough();
    if (through === this.#announced) return;
    this.#announced = through;
    this.#post({ type: 'settled', through });
  }

  /** Pull and push now, within the limits; resolves when both are through. */
  syncNow(what: SyncWhat): Promise<{ ok: boolean; error?: string }> {
    if (!this.#worker) return Promise.resolve({ ok: false, error: 'the sync thread is not running' });
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#syncs.set(id, resolve);
      this.#post({ type: 'sync-now', id, what });
    });
  }

  async #onMessage(message: FromWorker): Promise<void> {
    switch (message.type) {
      case 'status':
        this.#status = message.status;
        this.#p.onStatus(message.status);
        return;
      case 'need-records':
        try {
          const result = await this.#p.journal.checksAfter(message.after, message.limit, this.#p.settledThrough());
          this.#post({ type: 'records', id: message.id, result });
        } catch (error) {
          this.#post({ type: 'records', id: message.id, result: { error: describeError(error) } });
        }
        return;
      case 'list-closed':
        try {
          await this.#p.list.reopen();
          this.#post({ type: 'list-reopened' });
        } catch (error) {
          this.#post({ type: 'list-reopened', error: describeError(error) });
        }
        return;
      case 'sync-done':
        this.#syncs.get(message.id)?.({ ok: message.ok, ...(message.error !== undefined && { error: message.error }) });
        this.#syncs.delete(message.id);
        return;
      case 'log':
        this.#p.onLog?.(message.line);
        return;
      case 'stopped':
        return;
    }
  }

  async #onExit(worker: Worker): Promise<void> {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const resolve of this.#syncs.values()) resolve({ ok: false, error: 'the sync thread ended' });
    this.#syncs.clear();
    if (this.#stopping) {
      this.#stopped.abort();
      return;
    }
    this.#restarts++;
    const wait = Math.min(60_000, 500 * 2 ** Math.min(this.#restarts, 7));
    this.#p.log.warn({ restarts: this.#restarts, wait }, 'the sync thread ended and is started again; the lanes go on');
    await this.#p.clock.sleep(wait, this.#stopped.signal);
    if (!this.#stopping) this.start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (!worker) {
      this.#stopped.abort();
      return;
    }
    this.#post({ type: 'stop' });
    await this.#p.clock.sleep(STOP_DEADLINE, this.#stopped.signal);
    if (!this.#stopped.signal.aborted) {
      this.#p.log.warn(
        {},
        'the sync thread did not end in time and is ended; nothing is lost, unfinished pages come again',
      );
      await worker.terminate();
    }
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}
