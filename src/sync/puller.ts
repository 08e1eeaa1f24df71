import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Scope } from '../domain/ticket.js';
import type { SecutixClient } from '../secutix/types.js';
import { buildingOf, dropRetired, indexPrinted, lastResync, removeGarbage } from '../store/list-generations.js';
import type { ListWriter } from '../store/list-writer.js';
import { FILE_SCOPE, scopeKey } from '../store/records.js';
import type { ListHold } from './list-hold.js';
import type { PullStatus, ScopeStatus, SyncOptions } from './messages.js';
import { pullScope } from './pull.js';
import type { ResyncOutcome } from './resync.js';
import { rebuild } from './resync.js';

/** Strange behaviour of a cursor is shown this long, milliseconds. */
const WARN_FOR = 24 * 3_600_000;

export interface PullerParts {
  clock: Clock;
  log: Log;
  client: SecutixClient;
  hold: ListHold;
  options: SyncOptions;
  signal: AbortSignal;
  report: () => void;
}

/** Brings the list up to date, scope by scope; builds a new one beside it on request. */
export class Puller {
  readonly #p: PullerParts;
  readonly #scopes: { scope: Scope; key: string }[];
  readonly status: PullStatus = {
    running: false,
    scopes: [],
    run: null,
    rebuild: null,
    lastResync: null,
    setAside: 0,
    warnings: [],
    event: false,
    lastError: null,
    nextAt: null,
  };
  #running: Promise<void> | undefined;

  constructor(parts: PullerParts) {
    this.#p = parts;
    this.#scopes = parts.options.scopes.map((scope) => ({ scope, key: scopeKey(parts.options.secutix, scope) }));
  }

  /** One run over all scopes. A second caller waits for the run in progress. */
  pull(): Promise<void> {
    this.#running ??= this.#p.hold
      .exclusive((list) => this.#once(list))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #once(list: ListWriter): Promise<void> {
    const { status } = this;
    status.running = true;
    status.nextAt = null;
    status.run = { pages: 0, items: 0, since: this.#p.clock.now() };
    this.#p.report();
    try {
      // A resynchronisation that was cut off goes on: the list in force is as it was.
      const begun = buildingOf(list);
      if (begun?.purpose === 'resync') await this.#rebuild(list, 'resync');
      else await this.#update(list);
      status.lastError = null;
    } catch (error) {
      if (!this.#p.signal.aborted) status.lastError = describeError(error);
      throw error;
    } finally {
      status.running = false;
      status.run = null;
      this.#p.report();
    }
  }

  async #update(list: ListWriter): Promise<void> {
    for (const [index, { scope, key }] of this.#scopes.entries()) await this.#pullScope(list, scope, key, index === 0);
    const complete = this.#scopes.every(({ key }) => list.scope(key).completeAt !== null);
    if (!complete) return;
    const inForce = new Set([...this.#scopes.map(({ key }) => key), FILE_SCOPE]);
    const dropped = await dropRetired(list, inForce, this.pace);
    if (dropped > 0) this.#p.log.info({ tickets: dropped }, 'tickets of scopes that are no more were dropped');
    await indexPrinted(list, this.pace);
    await removeGarbage(list, this.pace);
  }

  async #pullScope(
    list: ListWriter,
    scope: Scope,
    key: string,
    startsRun: boolean,
    generation?: number,
  ): Promise<void> {
    const { status } = this;
    const { client, clock, log, options, signal } = this.#p;
    await pullScope(
      {
        client,
        list,
        clock,
        onPage: (_state, changes) => {
          status.setAside += changes.counts.unreadable;
          const progress = generation === undefined ? status.run : status.rebuild;
          if (progress) {
            progress.pages++;
            progress.items += changes.items;
          }
          if (changes.counts.unreadable > 0) {
            log.warn({ lines: changes.counts.unreadable }, 'lines of the list could not be read and were set aside');
          }
          this.#p.report();
        },
        onStrange: (what) => this.#warn(scope, what),
      },
      scope,
      key,
      {
        pageSize: options.pull.pageSize,
        startsRun,
        signal,
        ...(generation !== undefined && { generation }),
      },
    );
  }

  #warn(scope: Scope, what: string): void {
    const now = this.#p.clock.now();
    const of = `${scope.season} ${scope.products.join(',')}`.trim();
    this.status.warnings = [
      ...this.status.warnings.filter((w) => now - w.at < WARN_FOR && w.what !== what),
      { at: now, scope: of, what },
    ].slice(-20);
    this.#p.log.warn({ scope: of, what }, 'two clients seem to read one product: each must have one reader');
  }

  /** Reads the whole list anew beside the one in force; `verify` only compares. */
  resync(purpose: 'resync' | 'verify'): Promise<ResyncOutcome> {
    return this.#p.hold.exclusive(async (list) => {
      // What was sold since the last pull is no difference.
      if (purpose === 'verify') await this.#update(list);
      return this.#rebuild(list, purpose);
    });
  }

  async #rebuild(list: ListWriter, purpose: 'resync' | 'verify'): Promise<ResyncOutcome> {
    const { status } = this;
    status.rebuild = { purpose, pages: 0, items: 0, since: this.#p.clock.now() };
    this.#p.report();
    try {
      const outcome = await rebuild(list, purpose, {
        clock: this.#p.clock,
        pace: this.pace,
        pullInto: async (generation) => {
          for (const [index, { scope, key }] of this.#scopes.entries())
            await this.#pullScope(list, scope, key, index === 0, generation);
        },
      });
      await indexPrinted(list, this.pace);
      await removeGarbage(list, this.pace);
      return outcome;
    } finally {
      status.rebuild = null;
      this.#p.report();
    }
  }

  /** Lets other work of the thread go on between two pieces. */
  readonly pace = async (): Promise<void> => {
    this.#p.signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  };

  /** The scopes' figures for the status; throws while the list is being reopened. */
  look(list: ListWriter): { scopes: ScopeStatus[]; lastResync: PullStatus['lastResync'] } {
    return {
      scopes: this.#scopes.map(({ scope, key }) => {
        const { pages, items, completeAt } = list.scope(key);
        const { season, products, performances, listType } = scope;
        return { season, products, performances, listType, pages, items, completeAt };
      }),
      lastResync: lastResync(list) ?? null,
    };
  }
}
