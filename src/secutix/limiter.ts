import type { Clock, Random } from '../clock.js';

export type CallKind = 'push' | 'pull' | 'query';

export interface LimiterState {
  /** UTC milliseconds of the last calls, oldest first. */
  calls: number[];
  /** UTC milliseconds of the last start of an exportList run; 0 = never. */
  lastRun: number;
}

export interface LimiterStore {
  load(): unknown;
  /** Resolves when the state would survive a power cut: a call goes out only after that. */
  save(state: LimiterState): Promise<void>;
}

/** The server counts arrivals, not departures: half a second more than a minute absorbs the network's jitter. */
const WINDOW = 60_500;
const PENALTY_FIRST = 60_000;
const PENALTY_MAX = 15 * 60_000;
const PRIORITY: Record<CallKind, number> = { push: 0, pull: 1, query: 2 };
/** A call that could have gone, and was passed over this often by calls of a higher priority, goes next. */
const PATIENCE = 3;

interface Waiting {
  kind: CallKind;
  runStart: boolean;
  passedOver: number;
  go: () => void;
}

const rank = ({ kind, passedOver }: Waiting): number => (passedOver >= PATIENCE ? -1 : PRIORITY[kind]);

/**
 * SecuTix: at most 60 calls a minute, exportList runs at most once a minute. Calls are spaced evenly; the times of the last
 * ones survive a restart.
 *
 * Invariants: no more than `callsPerMinute` calls start in any 60 s, restarts and clock steps included; two runs start at
 * least `exportEveryMs` apart; one call at a time is let through, in order of priority, then of arrival, and nobody who may
 * go is passed over for ever; an aborted wait uses nothing up.
 */
export class Limiter {
  readonly #perMinute: number;
  readonly #runEvery: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: LimiterStore;
  /** Monotonic milliseconds: a wall clock that jumps must not open the gate. */
  #calls: number[] = [];
  #lastRun = Number.NEGATIVE_INFINITY;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #penalty = 0;
  readonly #queue: Waiting[] = [];
  #pumping = false;
  #changed = new AbortController();

  constructor(
    settings: { callsPerMinute: number; exportEveryMs: number },
    parts: { clock: Clock; random: Random; store: LimiterStore },
  ) {
    this.#perMinute = settings.callsPerMinute;
    this.#runEvery = settings.exportEveryMs;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#store = parts.store;
    this.#restore(parts.store.load());
  }

  /** Times from before a restart. One that lies in the future (the clock went back) counts as just now: never too early. */
  #restore(state: unknown): void {
    if (typeof state !== 'object' || state === null) return;
    const { calls, lastRun } = state as Partial<LimiterState>;
    const wall = this.#clock.now();
    const mono = this.#clock.monotonic();
    const toMono = (at: number): number => mono - Math.max(0, wall - at);
    if (Array.isArray(calls))
      this.#calls = calls
        .filter((c) => Number.isFinite(c))
        .map(toMono)
        .sort((a, b) => a - b);
    if (typeof lastRun === 'number' && lastRun > 0) this.#lastRun = toMono(lastRun);
  }

  /** Resolves when the call may go out; rejects with the signal's reason when it is aborted first. */
  async acquire(kind: CallKind, options: { runStart?: boolean; signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#perMinute === 0) return;
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        kind,
        runStart: options.runStart ?? false,
        passedOver: 0,
        go: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        const index = this.#queue.indexOf(waiting);
        if (index >= 0) this.#queue.splice(index, 1);
        this.#wake();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(waiting);
      this.#wake();
      if (!this.#pumping) void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      for (;;) {
        const next = this.#next();
        if (!next) return;
        if (next.wait > 0) {
          await this.#clock.sleep(next.wait, this.#changed.signal);
          continue;
        }
        const index = this.#queue.indexOf(next.waiting);
        this.#queue.splice(index, 1);
        // A long backlog of checks asks again at once, every time: without this it would keep the list from being pulled.
        for (const other of this.#queue) if (this.#waitFor(other.runStart) === 0) other.passedOver++;
        await this.#take(next.waiting.runStart);
        next.waiting.go();
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** Who goes next, and in how many milliseconds. A run that must wait for its minute does not hold up the others. */
  #next(): { waiting: Waiting; wait: number } | undefined {
    let best: { waiting: Waiting; wait: number } | undefined;
    for (const waiting of this.#queue) {
      const wait = this.#waitFor(waiting.runStart);
      if (!best || wait < best.wait || (wait === best.wait && rank(waiting) < rank(best.waiting)))
        best = { waiting, wait };
    }
    return best;
  }

  #waitFor(runStart: boolean): number {
    const now = this.#clock.monotonic();
    const last = this.#calls.at(-1);
    const oldest =
      this.#calls.length >= this.#perMinute ? this.#calls[this.#calls.length - this.#perMinute] : undefined;
    const until = Math.max(
      this.#blockedUntil,
      last === undefined ? now : last + WINDOW / this.#perMinute,
      oldest === undefined ? now : oldest + WINDOW,
      runStart ? this.#lastRun + this.#runEvery : now,
    );
    return Math.max(0, Math.ceil(until - now));
  }

  async #take(runStart: boolean): Promise<void> {
    const mono = this.#clock.monotonic();
    this.#calls = [...this.#calls.filter((c) => mono - c < WINDOW), mono];
    if (runStart) this.#lastRun = mono;
    const wall = this.#clock.now();
    const toWall = (at: number): number => Math.round(wall - (mono - at));
    await this.#store.save({
      calls: this.#calls.map(toWall),
      lastRun: Number.isFinite(this.#lastRun) ? toWall(this.#lastRun) : 0,
    });
  }

  #wake(): void {
    const before = this.#changed;
    this.#changed = new AbortController();
    before.abort();
  }

  /** SecuTix answered 509 or 429: no call for a minute, then longer (with jitter), until one succeeds. */
  penalise(): void {
    this.#penalty = Math.min(PENALTY_MAX, this.#penalty === 0 ? PENALTY_FIRST : this.#penalty * 2);
    this.#blockedUntil = this.#clock.monotonic() + this.#penalty * (1 + 0.2 * this.#random());
  }

  forgive(): void {
    this.#penalty = 0;
  }

  budget(): { left: number; waitMs: number } {
    if (this.#perMinute === 0) return { left: Number.MAX_SAFE_INTEGER, waitMs: 0 };
    const now = this.#clock.monotonic();
    const used = this.#calls.filter((c) => now - c < WINDOW).length;
    return { left: Math.max(0, this.#perMinute - used), waitMs: this.#waitFor(false) };
  }
}
