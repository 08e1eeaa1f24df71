import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';

/** The supervisor takes the lock itself, under this user, when it is about to stop the service. */
const SUPERVISOR_UID = 65_534;

export interface UpdateLockSettings {
  /** `BALENA_APP_LOCK_PATH`. */
  path: string;
  /** Milliseconds after the last check during which people are expected. */
  hold: number;
  /** Milliseconds after which it is let go whatever happens, so that an update is not starved for ever. */
  longest: number;
}

export type LockState = 'free' | 'held' | 'stopping';

/**
 * Holds balena's update lock while people pass: the file's existence keeps the supervisor from restarting the service. Updates are downloaded
 * all the same. An operator can override it in the dashboard.
 */
export class UpdateLock {
  readonly #settings: UpdateLockSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  #heldSince: number | undefined;
  /** Let go because of `longest`: not taken again before the gate was quiet. */
  #exhausted = false;

  constructor(settings: UpdateLockSettings, clock: Clock, log: Log) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  get state(): LockState {
    return this.#heldSince !== undefined ? 'held' : this.#supervisorHasIt() ? 'stopping' : 'free';
  }

  /** Called every second or so. `serving`: a grant is open; `lastCheckAt`: UTC milliseconds, 0 = none yet. */
  look({ serving, lastCheckAt }: { serving: boolean; lastCheckAt: number }): void {
    const now = this.#clock.monotonic();
    const busy = serving || this.#clock.now() - lastCheckAt < this.#settings.hold;
    if (!busy) {
      this.#exhausted = false;
      return this.#release('nobody has passed for a while');
    }
    if (this.#heldSince === undefined) {
      if (!this.#exhausted) this.#take(now);
    } else if (now - this.#heldSince > this.#settings.longest && !serving) {
      this.#exhausted = true;
      this.#release('held for the longest time allowed');
    }
  }

  #take(now: number): void {
    try {
      closeSync(openSync(this.#settings.path, 'wx', 0o644));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        this.#log.warn({ error: (error as Error).message }, 'the update lock cannot be taken');
        return;
      }
      // The supervisor is about to stop us; anybody else's is our own leftover from before a crash, which is adopted.
      if (this.#supervisorHasIt()) return;
    }
    this.#heldSince = now;
    this.#log.info({}, 'update lock taken: people are passing');
  }

  #supervisorHasIt(): boolean {
    try {
      return statSync(this.#settings.path).uid === SUPERVISOR_UID;
    } catch {
      return false;
    }
  }

  #release(why: string): void {
    if (this.#heldSince === undefined) return;
    this.#heldSince = undefined;
    rmSync(this.#settings.path, { force: true });
    this.#log.info({ why }, 'update lock released');
  }

  /** The service stops in order: an update may come. */
  close(): void {
    this.#release('the gate stops');
  }
}
