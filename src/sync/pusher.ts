import { describeError } from '../errors.js';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import type { SecutixClient } from '../secutix/types.js';
import type { SyncState } from '../store/sync-state.js';
import type { PushStatus, SyncOptions } from './messages.js';
import type { PushParts } from './push.js';
import { pushAll } from './push.js';

/** Refused checks kept at hand for the status. */
const SHOWN = 20;

export interface PusherParts {
  clock: Clock;
  log: Log;
  client: SecutixClient;
  state: SyncState;
  options: SyncOptions;
  signal: AbortSignal;
  source: PushParts['source'];
  halted: () => boolean;
}

/** Delivers the checks. One run at a time; a second caller waits for the one in progress. */
export class Pusher {
  readonly #p: PusherParts;
  readonly status: PushStatus;
  #running: Promise<void> | undefined;
  #lastSent = 0;

  constructor(parts: PusherParts) {
    this.#p = parts;
    this.status = {
      cursor: parts.state.pushCursor,
      acknowledged: 0,
      rejected: 0,
      lastRejected: [],
      lastAt: null,
      lastError: null,
      more: false,
    };
  }

  async begin(): Promise<void> {
    this.status.rejected = await this.#p.state.countRejected();
    this.status.lastRejected = await this.#p.state.rejected(SHOWN);
  }

  /** The run in progress. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** `all`: the whole backlog, on a person's word. Otherwise its refusals follow in even portions. */
  push(all = false): Promise<void> {
    this.#running ??= this.#once(all).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #once(all: boolean): Promise<void> {
    const { clock, log, client, state, options, signal, source, halted } = this.#p;
    const { status } = this;
    const { batch } = options.push;
    try {
      const { sent, more } = await pushAll(
        {
          client,
          state,
          clock,
          source,
          halted,
          onAcknowledged: (n) => {
            status.acknowledged += n;
            status.lastAt = clock.now();
          },
          onRejected: (seq, error) => {
            status.rejected++;
            log.error(
              { seq, statusDetail: error.statusDetail },
              'SecuTix refuses a check: set aside, the rest goes on',
            );
          },
        },
        // SecuTix warns its staff when a minute brings less than a fifth of the one before: after a backlog the flow ebbs away.
        { batch, signal, ...(!all && { refusals: Math.max(batch, Math.ceil(this.#lastSent / 4)) }) },
      );
      this.#lastSent = sent;
      status.more = more;
      status.lastError = null;
    } catch (error) {
      if (!signal.aborted) status.lastError = describeError(error);
      throw error;
    } finally {
      status.cursor = state.pushCursor;
      status.lastRejected = status.rejected > 0 ? await state.rejected(SHOWN) : [];
    }
  }
}
