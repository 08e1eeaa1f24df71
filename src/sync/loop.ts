import type { Clock, Random } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import { createSecutixClient } from '../secutix/client.js';
import type { SecutixClient } from '../secutix/types.js';
import type { SettledChecks } from '../store/journal.js';
import { ListWriter } from '../store/list-writer.js';
import { scopeKey } from '../store/records.js';
import { SyncState } from '../store/sync-state.js';
import { PortillonError } from '../errors.js';
import type { FromWorker, SyncOptions, SyncStatus, SyncWhat, ToWorker } from './messages.js';
import { pullScope } from './pull.js';
import { pushAll } from './push.js';
import { nextDelay } from './schedule.js';

interface LoopParts {
  clock: Clock;
  random: Random;
  log: Log;
  post: (message: FromWorker) => void;
}

/** Pull and push, each an endless loop of its own: one that fails never holds up the other. */
export class SyncLoop {
  readonly #o: SyncOptions;
  readonly #p: LoopParts;
  readonly #list: ListWriter;
  readonly #state: SyncState;
  readonly #client: SecutixClient;
  readonly #stop = new AbortController();
  readonly #status: SyncStatus;
  #through = 0;
  #requests = new Map<number, (r: SettledChecks | { error: string }) => void>();
  #nextRequest = 1;
  #wakePull: () => void = () => {};
  #wakePush: () => void = () => {};
  #listBroken = false;
  #listReopened: ((error?: string) => void) | undefined;
  #loops: Promise<unknown> = Promise.resolve();
  #runningPull: Promise<void> = Promise.resolve();

  static async start(options: SyncOptions, parts: LoopParts): Promise<SyncLoop> {
    const list = await ListWriter.open(options.listFolder);
    const state = await SyncState.open(options.syncFolder);
    const loop = new SyncLoop(options, parts, list, state);
    loop.#status.push.rejected = await state.countRejected();
    loop.#status.push.lastRejected = await state.rejected(20);
    loop.#report();
    loop.#loops = Promise.all([loop.#pullLoop(), loop.#pushLoop()]);
    return loop;
  }

  private constructor(options: SyncOptions, parts: LoopParts, list: ListWriter, state: SyncState) {
    this.#o = options;
    this.#p = parts;
    this.#list = list;
    this.#state = state;
    this.#client = createSecutixClient(options.secutix, {
      clock: parts.clock,
      random: parts.random,
      log: parts.log,
      limiterStore: { load: () => state.loadLimiter(), save: (s) => state.saveLimiter(s) },
    });
    this.#status = {
      pull: { running: false, scopes: [], setAside: 0, lastError: null, nextAt: null },
      push: { cursor: state.pushCursor, acknowledged: 0, rejected: 0, lastRejected: [], lastAt: null, lastError: null },
      secutix: { callsLeft: 0, waitMs: 0, skewMs: null },
    };
  }

  onMessage(message: Exclude<ToWorker, { type: 'stop' }>): void {
    switch (message.type) {
      case 'settled':
        this.#through = message.through;
        return;
      case 'records':
        this.#requests.get(message.id)?.(message.result);
        this.#requests.delete(message.id);
        return;
      case 'list-reopened':
        this.#listReopened?.(message.error);
        return;
      case 'sync-now':
        void this.#syncNow(message.id, message.what);
        return;
    }
  }

  async #syncNow(id: number, what: SyncWhat): Promise<void> {
    try {
      await Promise.all([what !== 'push' && this.#pull(), what !== 'pull' && this.#push()]);
      this.#p.post({ type: 'sync-done', id, ok: true });
    } catch (error) {
      this.#p.post({ type: 'sync-done', id, ok: false, error: describeError(error) });
    }
    this.#report();
  }

  async #pullLoop(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#pull();
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures++;
        this.#p.log.warn(
          { error: describeError(error), failures },
          'pull failed: the lanes go on with the list they have',
        );
      }
      const delay = nextDelay(this.#o.pull.every, failures, this.#p.random);
      this.#status.pull.nextAt = this.#p.clock.now() + delay;
      this.#report();
      await this.#wait(delay, (wake) => {
        this.#wakePull = wake;
      });
    }
  }

  async #pushLoop(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      await this.#wait(nextDelay(this.#o.push.every, failures, this.#p.random), (wake) => {
        this.#wakePush = wake;
      });
      if (this.#stop.signal.aborted) return;
      try {
        await this.#push();
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures++;
        this.#p.log.warn({ error: describeError(error), failures }, 'push failed: the checks are kept and sent again');
      }
      this.#report();
    }
  }

  /** One run over all scopes. A second caller waits for the run in progress. */
  #pull(): Promise<void> {
    if (!this.#status.pull.running) this.#runningPull = this.#pullOnce();
    return this.#runningPull;
  }

  async #pullOnce(): Promise<void> {
    const { pull } = this.#status;
    pull.running = true;
    pull.nextAt = null;
    this.#report();
    try {
      if (this.#listBroken) await this.#reopenList();
      for (const [index, scope] of this.#o.scopes.entries()) {
        await pullScope(
          {
            client: this.#client,
            list: this.#list,
            clock: this.#p.clock,
            onPage: (_state, changes) => {
              pull.setAside += changes.counts.unreadable;
              if (changes.counts.unreadable > 0) {
                this.#p.log.warn(
                  { lines: changes.counts.unreadable },
                  'lines of the list could not be read and were set aside',
                );
              }
              this.#report();
            },
          },
          scope,
          scopeKey(this.#o.secutix, scope),
          { pageSize: this.#o.pull.pageSize, startsRun: index === 0, signal: this.#stop.signal },
        );
      }
      pull.lastError = null;
    } catch (error) {
      if (!this.#stop.signal.aborted) pull.lastError = describeError(error);
      if (error instanceof PortillonError && error.code === 'LIST_WRITE') this.#listBroken = true;
      throw error;
    } finally {
      pull.running = false;
      this.#report();
    }
  }

  /**
   * LevelDB takes no writes after a failed one until every handle, also the lanes' one, was closed. It writes while it opens,
   * so this waits for room: until then the lanes read on through the handle they have.
   */
  async #reopenList(): Promise<void> {
    this.#list.assertRoom();
    await this.#list.close();
    const reopened = new Promise<string | undefined>((resolve) => {
      this.#listReopened = resolve;
    });
    this.#p.post({ type: 'list-closed' });
    const error = await reopened;
    if (error !== undefined) throw new PortillonError('LIST_OPEN', error);
    await this.#list.reopen();
    this.#listBroken = false;
  }

  #runningPush: Promise<unknown> | undefined;
  #push(): Promise<unknown> {
    this.#runningPush ??= this.#pushOnce().finally(() => {
      this.#runningPush = undefined;
    });
    return this.#runningPush;
  }

  async #pushOnce(): Promise<void> {
    const { push } = this.#status;
    try {
      await pushAll(
        {
          client: this.#client,
          state: this.#state,
          clock: this.#p.clock,
          source: (after, limit) => this.#records(after, limit),
          onAcknowledged: (n) => {
            push.acknowledged += n;
            push.lastAt = this.#p.clock.now();
          },
          onRejected: (seq, error) => {
            push.rejected++;
            this.#p.log.error(
              { seq, statusDetail: error.statusDetail },
              'SecuTix refuses a check: set aside, the rest goes on',
            );
          },
        },
        this.#o.push.batch,
        this.#stop.signal,
      );
      push.lastError = null;
    } catch (error) {
      if (!this.#stop.signal.aborted) push.lastError = describeError(error);
      throw error;
    } finally {
      push.cursor = this.#state.pushCursor;
      push.lastRejected = push.rejected > 0 ? await this.#state.rejected(20) : [];
    }
  }

  async #records(after: number, limit: number): Promise<SettledChecks> {
    if (after >= this.#through) return { checks: [], scanned: after };
    const id = this.#nextRequest++;
    const result = await new Promise<SettledChecks | { error: string }>((resolve) => {
      this.#requests.set(id, resolve);
      this.#p.post({ type: 'need-records', id, after, limit });
    });
    if ('error' in result) throw new PortillonError('JOURNAL_READ', result.error);
    return result;
  }

  async #wait(ms: number, setWake: (wake: () => void) => void): Promise<void> {
    const woken = new AbortController();
    setWake(() => woken.abort());
    await this.#p.clock.sleep(ms, AbortSignal.any([woken.signal, this.#stop.signal]));
  }

  #report(): void {
    const budget = this.#client.budget();
    this.#status.secutix = { callsLeft: budget.left, waitMs: budget.waitMs, skewMs: budget.skewMs };
    this.#status.push.cursor = this.#state.pushCursor;
    try {
      this.#status.pull.scopes = this.#o.scopes.map((scope) => {
        const { pages, items, completeAt } = this.#list.scope(scopeKey(this.#o.secutix, scope));
        return { season: scope.season, products: scope.products, pages, items, completeAt };
      });
    } catch {
      // The list is being reopened: the figures of before stay.
    }
    this.#p.post({ type: 'status', status: this.#status });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wakePull();
    this.#wakePush();
    for (const resolve of this.#requests.values()) resolve({ error: 'stopping' });
    this.#listReopened?.('stopping');
    await Promise.allSettled([this.#loops, this.#runningPull, this.#runningPush]);
    await this.#client.close();
    await this.#list.close();
    await this.#state.close();
  }
}
