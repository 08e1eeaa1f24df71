import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { flock } from './flock.js';

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

export interface Serving {
  /** A grant is open. */
  serving: boolean;
  /** The hours in which people are admitted. */
  doorsOpen: boolean;
  /** A performance that a lane admits, whose access time is now by the programme. */
  admitting?: string | undefined;
  /** UTC milliseconds, 0 = none yet. */
  lastCheckAt: number;
}

/**
 * Holds balena's update lock while people pass. It is two things on one path: while the file exists the supervisor does not restart the
 * service; an exclusive flock on it keeps an update of the host from rebooting. Updates are downloaded all the same. An operator can override
 * it in the dashboard.
 */
export class UpdateLock {
  readonly #settings: UpdateLockSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #flock: (fd: number) => boolean;
  #fd: number | undefined;
  #heldSince = 0;
  #why = '';
  /** Let go because of `longest`: not taken again before the gate was quiet. */
  #exhausted = false;
  #told = '';

  constructor(settings: UpdateLockSettings, clock: Clock, log: Log, lock: (fd: number) => boolean = flock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#flock = lock;
  }

  get state(): LockState {
    return this.#fd !== undefined ? 'held' : this.#supervisorHasIt() ? 'stopping' : 'free';
  }

  /** Why it is held, and for how long, milliseconds; undefined = it is not. */
  get held(): { why: string; for: number } | undefined {
    return this.#fd === undefined ? undefined : { why: this.#why, for: this.#clock.monotonic() - this.#heldSince };
  }

  /** Called every second or so. */
  look({ serving, doorsOpen, admitting, lastCheckAt }: Serving): void {
    const now = this.#clock.monotonic();
    const recent = this.#clock.now() - lastCheckAt < this.#settings.hold;
    const why = serving
      ? 'somebody is passing'
      : doorsOpen
        ? 'the doors are open'
        : recent
          ? 'people are passing'
          : admitting !== undefined
            ? `admission time of ${admitting}`
            : '';
    if (why === '') {
      this.#exhausted = false;
      return this.#release('nobody has passed for a while');
    }
    this.#why = why;
    if (this.#fd === undefined) {
      if (!this.#exhausted) this.#take(now);
    } else if (now - this.#heldSince > this.#settings.longest && !serving) {
      this.#exhausted = true;
      this.#release('held for the longest time allowed');
    }
  }

  #take(now: number): void {
    let fd: number | undefined;
    try {
      fd = this.#open();
      if (fd === undefined) return;
      if (!this.#flock(fd)) this.#tell('somebody else holds the flock on the update lock');
    } catch (error) {
      this.#tell((error as Error).message);
      // Without the flock the file alone still keeps the supervisor away.
      if (fd === undefined) return;
    }
    this.#fd = fd;
    this.#heldSince = now;
    this.#log.info({ why: this.#why }, 'update lock taken');
  }

  /** Undefined: the supervisor has it and is about to stop us. Anybody else's is our own leftover of before a crash, which is adopted. */
  #open(): number | undefined {
    try {
      return openSync(this.#settings.path, 'wx', 0o644);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const fd = openSync(this.#settings.path, 'r');
    if (fstatSync(fd).uid !== SUPERVISOR_UID) return fd;
    closeSync(fd);
    return undefined;
  }

  /** Once for each cause: it is tried every second. */
  #tell(error: string): void {
    if (this.#told !== error) this.#log.warn({ error }, 'the update lock cannot be held as it should be');
    this.#told = error;
  }

  #supervisorHasIt(): boolean {
    try {
      return statSync(this.#settings.path).uid === SUPERVISOR_UID;
    } catch {
      return false;
    }
  }

  #release(why: string): void {
    if (this.#fd === undefined) return;
    // An operator's override replaces the file by the supervisor's own: that one stays.
    if (this.#isOurs(this.#fd)) rmSync(this.#settings.path, { force: true });
    closeSync(this.#fd);
    this.#fd = undefined;
    this.#log.info({ why }, 'update lock released');
  }

  #isOurs(fd: number): boolean {
    try {
      return fstatSync(fd).ino === statSync(this.#settings.path).ino;
    } catch {
      return false;
    }
  }

  /** After the service has stopped in order: an update may come. */
  close(): void {
    this.#release('the gate stops');
  }
}
