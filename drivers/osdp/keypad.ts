import type { DriverContext } from '../contract.js';

/** Keys that nobody goes on with are an entry after this, milliseconds. */
const ENTRY_TIMEOUT = 5_000;
const MAX_KEYS = 64;

/** Collects keys to an entry: `#` ends it, `*` starts it over, a pause ends it, too. */
export class Keypad {
  readonly #clock: DriverContext['clock'];
  readonly #entered: (keys: string) => void;
  #keys = '';
  #timer: AbortController | undefined;

  constructor(clock: DriverContext['clock'], entered: (keys: string) => void) {
    this.#clock = clock;
    this.#entered = entered;
  }

  press(keys: string): void {
    for (const key of keys) {
      if (key === '#') this.#end();
      else if (key === '*') this.#keys = '';
      else this.#keys = (this.#keys + key).slice(-MAX_KEYS);
    }
    this.#timer?.abort();
    if (this.#keys === '') return;
    const timer = new AbortController();
    this.#timer = timer;
    void this.#clock.sleep(ENTRY_TIMEOUT, timer.signal).then(() => {
      if (!timer.signal.aborted) this.#end();
    });
  }

  #end(): void {
    const keys = this.#keys;
    this.#keys = '';
    if (keys !== '') this.#entered(keys);
  }

  /** The reader is closed: what was begun is nothing. */
  clear(): void {
    this.#keys = '';
    this.#timer?.abort();
  }
}
