import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import { describeError, PortillonError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { TicketList } from '../store/list.js';
import type { Programme } from '../domain/programme.js';
import { NO_PROGRAMME } from '../domain/programme.js';
import type { FromWorker, QuestionKind, Questions, SyncOptions, SyncStatus, SyncWhat, ToWorker } from './messages.js';

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
  onProgramme?: (programme: Programme) => void;
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
  #asked = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  #programme: Programme = NO_PROGRAMME;
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
      workerData: { ...this.#options, ...(this.#p.clock.spec && { clock: this.#p.clock.spec }) } satisfies SyncOptions,
      // A page of 5,000 lines needs a few megabytes; the bound keeps the whole runtime inside a small board.
      resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 },
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

  /** The catalogue as the worker last fetched it, from the disk of before too. */
  get programme(): Programme {
    return this.#programme;
  }

  /** Asks the worker; rejects with what it says, or when it ends. */
  ask<K extends QuestionKind>(kind: K, ask: Questions[K]['ask']): Promise<Questions[K]['answer']> {
    if (!this.#worker) return Promise.reject(new PortillonError('SYNC_DOWN', 'the sync thread is not running'));
    const id = this.#nextId++;
    return new Promise<Questions[K]['answer']>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#post({ type: 'ask', id, kind, ask } as ToWorker);
    });
  }

  /** Pull and push now, within the limits; resolves when both are through. */
  async syncNow(what: SyncWhat): Promise<{ ok: boolean; error?: string }> {
    try {
      return await this.ask('sync', { what });
    } catch (error) {
      return { ok: false, error: describeError(error) };
    }
  }

  #settle(
    id: number,
    end: (asked: { resolve: (answer: never) => void; reject: (error: Error) => void }) => void,
  ): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked) end(asked);
  }

  async #onMessage(message: FromWorker): Promise<void> {
    switch (message.type) {
      case 'status':
        this.#status = message.status;
        this.#p.onStatus(message.status);
        // A note in the journal settles nothing: without this it would count as waiting until the next visitor.
        this.announce();
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
      case 'programme':
        this.#programme = message.programme;
        this.#p.onProgramme?.(message.programme);
        return;
      case 'log':
        this.#p.onLog?.(message.line);
        return;
      case 'answer':
        this.#settle(message.id, ({ resolve }) => resolve(message.answer as never));
        return;
      case 'no-answer': {
        const { error, code, hint } = message;
        const options = hint === undefined ? {} : { hint };
        this.#settle(message.id, ({ reject }) => reject(new PortillonError(code ?? 'SYNC_FAILED', error, options)));
        return;
      }
      case 'stopped':
        return;
    }
  }

  async #onExit(worker: Worker): Promise<void> {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#asked.values()) reject(new PortillonError('SYNC_DOWN', 'the sync thread ended'));
    this.#asked.clear();
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
