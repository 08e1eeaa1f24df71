import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal } from '../store/journal.js';

/** No gate of this make decided anything before: a clock that says so has no battery. UTC milliseconds. */
export const EARLIEST = Date.UTC(2026, 0, 1);
/** Behind the newest record by more than this without SecuTix's word: doubtful. Milliseconds. */
const BEHIND = 5 * 60_000;
/** Away from SecuTix's clock by more than this: wrong. */
const AWAY = 15 * 60_000;
/** A step of the wall clock against the monotonic one that is worth a record. */
const STEP = 60_000;
/** For how long a step is shown. */
const SHOWN = 10 * 60_000;

export interface ClockParts {
  clock: Clock;
  log: Log;
  journal: Pick<Journal, 'append' | 'setting'>;
  /** UTC milliseconds of the newest record of the journal; 0 = none. */
  newest: number;
  /** This clock minus SecuTix's, milliseconds; null = not known. */
  skew: () => number | null;
}

/**
 * Tells whether the wall clock can be trusted, and goes on by the last known time while it cannot. Entries of such a time are marked: they
 * may have been on any day up to the one on which the clock became right, and count for all of them.
 */
export class ClockWatch {
  readonly #p: ClockParts;
  #last: { wall: number; mono: number };
  /** The latest time that is known to have been, and when on the monotonic clock. */
  #known: { wall: number; mono: number };
  #stepped: { by: number; mono: number } | undefined;
  /** SecuTix's word from before the last step, and how much the clock moved since. */
  #outdated: { skew: number | null; by: number } | undefined;
  #doubtful = false;
  #trustedSince: number | undefined;

  constructor(parts: ClockParts) {
    this.#p = parts;
    const [wall, mono] = [parts.clock.now(), parts.clock.monotonic()];
    this.#last = { wall, mono };
    this.#known = { wall: Math.max(parts.newest, EARLIEST), mono };
    const left = parts.journal.setting('*', 'clock');
    if (left?.mode === 'trusted') this.#trustedSince = left.at;
    this.#doubtful = left?.mode === 'doubtful';
    this.look();
  }

  get doubtful(): boolean {
    return this.#doubtful;
  }
  get trustedSince(): number | undefined {
    return this.#trustedSince;
  }

  /** The time to decide by, UTC milliseconds. */
  now(): number {
    this.look();
    const wall = this.#p.clock.now();
    if (!this.#doubtful) return wall;
    // What SecuTix said is better than what was known before.
    const skew = this.#skew();
    return Math.round(skew === null ? this.#estimate() : wall - skew);
  }

  #estimate(): number {
    return this.#known.wall + (this.#p.clock.monotonic() - this.#known.mono);
  }

  /** Called at every decision and every few seconds. */
  look(): void {
    const { clock } = this.#p;
    const [wall, mono] = [clock.now(), clock.monotonic()];
    const by = wall - this.#last.wall - (mono - this.#last.mono);
    this.#last = { wall, mono };
    if (Math.abs(by) > STEP) this.#step(Math.round(by), mono);
    const doubtful = this.#judge(wall);
    if (doubtful !== this.#doubtful) this.#change(doubtful, wall);
    if (!doubtful && wall > this.#estimate() - STEP) this.#known = { wall, mono };
  }

  #judge(wall: number): boolean {
    if (wall < EARLIEST) return true;
    const skew = this.#skew();
    if (skew !== null) return Math.abs(skew) > AWAY;
    return wall < this.#estimate() - BEHIND;
  }

  /** SecuTix's word was about the clock before it stepped; it counts with the step until there is a new one. */
  #skew(): number | null {
    const skew = this.#p.skew();
    if (!this.#outdated || skew === null) return skew;
    if (skew === this.#outdated.skew) return skew + this.#outdated.by;
    this.#outdated = undefined;
    return skew;
  }

  #step(by: number, mono: number): void {
    this.#stepped = { by, mono };
    const skew = this.#p.skew();
    // A word that came after the step before was about that clock.
    const moved = this.#outdated?.skew === skew ? this.#outdated.by : 0;
    this.#outdated = { skew, by: moved + by };
    this.#write({ kind: 'note', at: this.#last.wall, what: `clock stepped by ${(by / 1000).toFixed(1)} s` });
  }

  #change(doubtful: boolean, wall: number): void {
    this.#doubtful = doubtful;
    if (!doubtful) {
      this.#trustedSince = wall;
      // A clock that was ahead and was put right: what is known starts again from here.
      this.#known = { wall, mono: this.#p.clock.monotonic() };
    }
    this.#write({ kind: 'event', at: wall, lane: '*', what: 'clock', mode: doubtful ? 'doubtful' : 'trusted' });
  }

  #write(record: Parameters<Journal['append']>[0]): void {
    this.#p.log.warn({ ...record }, 'clock');
    this.#p.journal.append(record).catch((error: unknown) => {
      this.#p.log.error({ error: describeError(error) }, 'a note on the clock could not be written');
    });
  }

  /** For health: what is wrong, in words, and the size of a step in milliseconds; undefined = nothing. */
  complaint(): { what: string; stepped?: number } | undefined {
    if (this.#doubtful)
      return {
        what: `the clock of this gate cannot be trusted (it says ${new Date(this.#p.clock.now()).toISOString()})`,
      };
    const { mono } = this.#last;
    if (this.#stepped && mono - this.#stepped.mono < SHOWN)
      return { what: `the clock stepped by ${(this.#stepped.by / 1000).toFixed(1)} s`, stepped: this.#stepped.by };
    return undefined;
  }
}
