import type { Clock, Random } from '../clock.js';

export type CallKind = 'push' | 'pull' | 'query';

export interface LimiterState {
  /** UTC milliseconds of the last calls, oldest first. */
  calls: number[];
  /** UTC milliseconds of the last start of an exportList run; 0 = never. */
  lastRun: number;
  month?: MonthUse;
}

/** What was used of the platform's monthly allowance (facts: 10,000 calls and 1 GB a month on the standard platform). */
export interface MonthUse {
  /** Calendar month, UTC: `2026-11`. */
  month: string;
  calls: number;
  /** Bodies, both ways, as they went over the wire. */
  bytes: number;
}

export interface Budget {
  /** Calls left in the current minute. */
  left: number;
  /** Milliseconds until the next call may go. */
  waitMs: number;
  perMinute: number;
  month: MonthUse & { callsLimit: number; bytesLimit: number };
  /** SecuTix said "too many" although we had used less than half of our share: somebody else calls for this institution. */
  sharedBudget: boolean;
}

export interface LimiterStore {
  load(): unknown;
  /** Resolves when the state would survive a power cut: a call goes out only after that. */
  save(state: LimiterState): Promise<void>;
}

/** The server counts arrivals, not departures: half a second more than a minute absorbs the network's jitter. */
const WINDOW = 60_500;
/** Calls that may go ahead of the even pace: a start asks for the catalogue and the list, a person for one ticket beside a pull. */
const AT_ONCE = 1;
const PENALTY_FIRST = 60_000;
const PENALTY_MAX = 15 * 60_000;
/** Milliseconds for which the suspicion of another client is shown. */
const SHARED_FOR = 3_600_000;
const PRIORITY: Record<CallKind, number> = { push: 0, pull: 1, query: 2 };
/** A call that could have gone, and was passed over this often by calls of a higher priority, goes next. */
const PATIENCE = 3;

const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);

interface Waiting {
  kind: CallKind;
  runStart: boolean;
  passedOver: number;
  go: () => void;
}

/**
 * SecuTix: at most 60 calls a minute, exportList runs at most once a minute. Calls are spaced evenly (two may begin together after a rest); the
 * times of the last ones survive a restart.
 *
 * Invariants: no more than `callsPerMinute` calls start in any 60 s, restarts and clock steps included; two runs start at
 * least `exportEveryMs` apart; one call at a time is let through: during an event in order of priority, then of arrival,
 * otherwise the kinds take turns; nobody who may go is passed over for ever; an aborted wait uses nothing up.
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
  #event = true;
  #turns: Record<CallKind, number> = { push: 0, pull: 0, query: 0 };
  #turn = 0;
  #month: MonthUse;
  #sharedUntil = Number.NEGATIVE_INFINITY;
  readonly #monthly: { calls: number; bytes: number };
  readonly #queue: Waiting[] = [];
  #pumping = false;
  #changed = new AbortController();

  constructor(
    settings: { callsPerMinute: number; exportEveryMs: number; callsPerMonth?: number; bytesPerMonth?: number },
    parts: { clock: Clock; random: Random; store: LimiterStore },
  ) {
    this.#perMinute = settings.callsPerMinute;
    this.#runEvery = settings.exportEveryMs;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#store = parts.store;
    this.#monthly = { calls: settings.callsPerMonth ?? 0, bytes: settings.bytesPerMonth ?? 0 };
    this.#month = { month: monthOf(parts.clock.now()), calls: 0, bytes: 0 };
    this.#restore(parts.store.load());
  }

  /** Times from before a restart. One that lies in the future (the clock went back) counts as just now: never too early. */
  #restore(state: unknown): void {
    if (typeof state !== 'object' || state === null) return;
    const { calls, lastRun, month } = state as Partial<LimiterState>;
    if (month && typeof month.month === 'string' && Number.isFinite(month.calls) && Number.isFinite(month.bytes))
      this.#month = { ...month };
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
    if (this.#perMinute === 0) return this.#count();
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
        await this.#take(next.waiting);
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
      if (!best || wait < best.wait || (wait === best.wait && this.#rank(waiting) < this.#rank(best.waiting)))
        best = { waiting, wait };
    }
    return best;
  }

  #rank({ kind, passedOver }: Waiting): number {
    if (passedOver >= PATIENCE) return Number.NEGATIVE_INFINITY;
    return this.#event ? PRIORITY[kind] : this.#turns[kind];
  }

  /** During an event the checks come first; otherwise whoever has waited longest for a turn. */
  duringEvent(on: boolean): void {
    this.#event = on;
  }

  /** A new month starts at nothing, UTC. */
  #count(): void {
    const month = monthOf(this.#clock.now());
    if (this.#month.month !== month) this.#month = { month, calls: 0, bytes: 0 };
    this.#month.calls++;
  }

  countBytes(bytes: number): void {
    this.#month.bytes += bytes;
  }

  #waitFor(runStart: boolean): number {
    const now = this.#clock.monotonic();
    const oldest =
      this.#calls.length >= this.#perMinute ? this.#calls[this.#calls.length - this.#perMinute] : undefined;
    const until = Math.max(
      this.#blockedUntil,
      this.#evenly(),
      oldest === undefined ? now : oldest + WINDOW,
      runStart ? this.#lastRun + this.#runEvery : now,
    );
    return Math.max(0, Math.ceil(until - now));
  }

  /** When the next call is due at an even pace; whoever comes after a rest need not wait for it behind one other. */
  #evenly(): number {
    const pace = WINDOW / this.#perMinute;
    let due = Number.NEGATIVE_INFINITY;
    for (const at of this.#calls) due = Math.max(due, at) + pace;
    return due - AT_ONCE * pace;
  }

  async #take({ kind, runStart }: Waiting): Promise<void> {
    this.#turns[kind] = ++this.#turn;
    this.#count();
    const mono = this.#clock.monotonic();
    this.#calls = [...this.#calls.filter((c) => mono - c < WINDOW), mono];
    if (runStart) this.#lastRun = mono;
    const wall = this.#clock.now();
    const toWall = (at: number): number => Math.round(wall - (mono - at));
    await this.#store.save({
      calls: this.#calls.map(toWall),
      lastRun: Number.isFinite(this.#lastRun) ? toWall(this.#lastRun) : 0,
      month: { ...this.#month },
    });
  }

  #wake(): void {
    const before = this.#changed;
    this.#changed = new AbortController();
    before.abort();
  }

  /** SecuTix answered 509 or 429: no call for a minute, then longer (with jitter), until one succeeds. */
  penalise(): void {
    if (this.#perMinute > 0 && this.#usedThisMinute() < this.#perMinute / 2)
      this.#sharedUntil = this.#clock.monotonic() + SHARED_FOR;
    this.#penalty = Math.min(PENALTY_MAX, this.#penalty === 0 ? PENALTY_FIRST : this.#penalty * 2);
    this.#blockedUntil = this.#clock.monotonic() + this.#penalty * (1 + 0.2 * this.#random());
  }

  forgive(): void {
    this.#penalty = 0;
  }

  #usedThisMinute(): number {
    const now = this.#clock.monotonic();
    return this.#calls.filter((c) => now - c < WINDOW).length;
  }

  budget(): Budget {
    const { calls: callsLimit, bytes: bytesLimit } = this.#monthly;
    const month = { ...this.#month, callsLimit, bytesLimit };
    const rest = { perMinute: this.#perMinute, month, sharedBudget: this.#clock.monotonic() < this.#sharedUntil };
    if (this.#perMinute === 0) return { left: Number.MAX_SAFE_INTEGER, waitMs: 0, ...rest };
    return { left: Math.max(0, this.#perMinute - this.#usedThisMinute()), waitMs: this.#waitFor(false), ...rest };
  }
}
