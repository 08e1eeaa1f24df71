import type { Clock } from '../clock.js';
import { idlePull } from './idle-status.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Scope } from '../domain/ticket.js';
import type { SecutixClient } from '../secutix/types.js';
import type { Programme } from '../domain/programme.js';
import { endOf } from '../domain/past.js';
import { dropRetired, notePurge, purgedAt, purgeTickets } from '../store/list-drop.js';
import { buildingOf, indexPrinted, lastResync, oneTurn, removeGarbage } from '../store/list-generations.js';
import type { ListWriter } from '../store/list-writer.js';
import { FILE_SCOPE, scopeKey } from '../store/records.js';
import type { ListHold } from './list-hold.js';
import type { PullStatus, SyncOptions } from './messages.js';
import { pullScope } from './pull.js';
import type { ResyncOutcome } from './resync.js';
import { rebuild } from './resync.js';

/** Strange behaviour of a cursor is shown this long, milliseconds. */
const WARN_FOR = 24 * 3_600_000;
/** Milliseconds between two looks for tickets of the past; also how far the clock may be off for it. */
const DAY = 24 * 3_600_000;
/** Milliseconds after the first complete list that all of it is read once; then once a day. */
const FIRST_SCRUB = 3_600_000;

export interface PullerParts {
  clock: Clock;
  log: Log;
  client: SecutixClient;
  hold: ListHold;
  options: SyncOptions;
  signal: AbortSignal;
  report: () => void;
  programme: () => Programme;
  /** No further page is asked for. */
  halted: () => boolean;
}

type Purpose = 'resync' | 'verify';

/** Brings the list up to date, scope by scope; builds a new one beside it on request. */
export class Puller {
  readonly #p: PullerParts;
  readonly #scopes: { scope: Scope; key: string }[];
  readonly status = idlePull();
  #running: Promise<void> | undefined;
  /** The list while a new one is being read beside it: what changes meanwhile goes into the one in force at once. */
  #beside: ListWriter | undefined;
  #besideRun: Promise<void> | undefined;
  /** A pull that waits for the list. */
  #letIn: ((list: ListWriter) => void) | undefined;
  #resuming: Promise<unknown> | undefined;
  #rebuilds: Partial<Record<Purpose, Promise<ResyncOutcome> | undefined>> = {};
  #scrubAt: number | undefined;

  constructor(parts: PullerParts) {
    this.#p = parts;
    this.#scopes = parts.options.scopes.map((scope) => ({ scope, key: scopeKey(parts.options.secutix, scope) }));
  }

  /** One run over all scopes. A second caller waits for the run in progress. */
  pull(): Promise<void> {
    this.#running ??= this.#begin().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** The run in progress. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** When the list is free, or when whoever holds it lets others in, whichever is first. */
  #begin(): Promise<void> {
    let begun: Promise<void> | undefined;
    const begin = (list: ListWriter, beside: boolean): Promise<void> => {
      begun ??= this.#once(list, beside);
      if (beside) this.#besideRun = begun;
      return begun;
    };
    if (this.#beside) return begin(this.#beside, true);
    return new Promise<void>((resolve, reject) => {
      this.#letIn = (list) => void begin(list, true).then(resolve, reject);
      this.#p.hold.exclusive((list) => begin(list, false)).then(resolve, reject);
    }).finally(() => {
      this.#letIn = undefined;
    });
  }

  /** `beside`: somebody else holds the list, and reads a new one beside it. */
  async #once(list: ListWriter, beside: boolean): Promise<void> {
    const { status } = this;
    status.running = true;
    status.nextAt = null;
    status.run = { pages: 0, items: 0, since: this.#p.clock.now() };
    this.#p.report();
    try {
      if (beside) await this.#pullAll(list);
      else await this.#update(list);
      status.lastError = null;
      // A resynchronisation that was cut off goes on, beside the list in force.
      if (!beside && buildingOf(list)?.purpose === 'resync') this.#resume();
    } catch (error) {
      if (!this.#p.signal.aborted) status.lastError = describeError(error);
      throw error;
    } finally {
      status.running = false;
      status.run = null;
      this.#p.report();
    }
  }

  #resume(): void {
    this.#resuming ??= this.resync('resync')
      .catch((error: unknown) => {
        // The next pull tries again.
        if (!this.#p.signal.aborted)
          this.#p.log.warn({ error: describeError(error) }, 'a resynchronisation that was cut off could not go on');
      })
      .finally(() => {
        this.#resuming = undefined;
      });
  }

  async #pullAll(list: ListWriter, generation?: number, startsRun = true): Promise<void> {
    for (const [index, { scope, key }] of this.#scopes.entries())
      await this.#pullScope(list, scope, key, startsRun && index === 0, generation);
  }

  async #update(list: ListWriter): Promise<void> {
    await this.#pullAll(list);
    const complete = this.#scopes.every(({ key }) => list.scope(key).completeAt !== null);
    if (!complete) return;
    const inForce = new Set([...this.#scopes.map(({ key }) => key), FILE_SCOPE]);
    const dropped = await dropRetired(list, inForce, this.pace);
    if (dropped > 0) this.#p.log.info({ tickets: dropped }, 'tickets of scopes that are no more were dropped');
    await this.#purge(list);
    await this.#scrub(list);
    await indexPrinted(list, this.pace);
    await removeGarbage(list, this.pace);
  }

  /** LevelDB does not notice a bit that the disk has turned. */
  async #scrub(list: ListWriter): Promise<void> {
    const now = this.#p.clock.monotonic();
    this.#scrubAt ??= now + FIRST_SCRUB;
    if (now < this.#scrubAt) return;
    this.#scrubAt = now + DAY;
    await list.scrub(this.pace);
  }

  /** Once a day tickets of the past go. `generation`: from that one, whatever the time. */
  async #purge(list: ListWriter, generation?: number): Promise<void> {
    const { clock, client, options, log } = this.#p;
    const { skewMs } = client.budget();
    // Only by a time that SecuTix has just confirmed: a clock that is years ahead would empty the list.
    if (options.keepTickets === undefined || skewMs === null || Math.abs(skewMs) > DAY) return;
    const now = clock.now();
    if (generation === undefined && Math.abs(now - purgedAt(list)) < DAY) return;
    const end = endOf(this.#p.programme());
    const old = now - options.keepTickets;
    const dropped = await purgeTickets(list, (ticket) => (end(ticket) ?? now) < old, this.pace, generation);
    if (generation === undefined) await notePurge(list, now);
    if (dropped > 0) log.info({ tickets: dropped }, 'tickets of the past were dropped');
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
        halted: this.#p.halted,
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

  /** Reads the whole list anew beside the one in force; `verify` only compares. Who asks for one that is under way waits for that one. */
  resync(purpose: Purpose): Promise<ResyncOutcome> {
    const going = this.#rebuilds[purpose];
    if (going) return going;
    const begun = this.#p.hold
      .exclusive(async (list) => {
        const complete = this.#scopes.every(({ key }) => list.scope(key).completeAt !== null);
        if (purpose === 'verify' && !complete) await this.#update(list);
        return this.#rebuild(list, purpose);
      })
      .finally(() => {
        this.#rebuilds[purpose] = undefined;
      });
    this.#rebuilds[purpose] = begun;
    return begun;
  }

  async #rebuild(list: ListWriter, purpose: Purpose): Promise<ResyncOutcome> {
    const { status } = this;
    status.rebuild = { purpose, pages: 0, items: 0, since: this.#p.clock.now() };
    this.#p.report();
    try {
      const outcome = await rebuild(list, purpose, {
        clock: this.#p.clock,
        pace: this.pace,
        pullInto: (generation) => this.#pullBeside(list, generation),
        purge: (generation) => this.#purge(list, generation),
      });
      await indexPrinted(list, this.pace);
      await removeGarbage(list, this.pace);
      return outcome;
    } finally {
      status.rebuild = null;
      this.#p.report();
    }
  }

  /** A cancelled ticket must not wait for minutes until the whole list is read: pulls go on into the list in force. */
  async #pullBeside(list: ListWriter, generation: number): Promise<void> {
    this.#beside = list;
    this.#letIn?.(list);
    try {
      await this.#pullAll(list, generation);
    } finally {
      this.#beside = undefined;
      await this.#besideRun?.catch(() => {});
      this.#besideRun = undefined;
    }
    // What was sold while it was read is no difference: the old one to the end, then the new one.
    await this.#pullAll(list);
    await this.#pullAll(list, generation, false);
  }

  /** Lets other work of the thread go on between two pieces. */
  readonly pace = async (): Promise<void> => {
    this.#p.signal.throwIfAborted();
    await oneTurn();
  };

  /** The scopes' figures for the status; throws while the list is being reopened. */
  look(list: ListWriter): Pick<PullStatus, 'scopes' | 'lastResync' | 'damaged'> {
    return {
      scopes: this.#scopes.map(({ scope, key }) => {
        const { pages, items, completeAt } = list.scope(key);
        const { season, products, performances, listType } = scope;
        return { season, products, performances, listType, pages, items, completeAt };
      }),
      lastResync: lastResync(list) ?? null,
      damaged: list.damaged,
    };
  }
}
