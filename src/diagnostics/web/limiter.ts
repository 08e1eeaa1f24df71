/** Wrong PINs of one address that cost nothing; each further one doubles the wait. */
const FREE = 3;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15 * 60_000;
/** An address that was quiet for this long starts anew, milliseconds. */
const FORGET = 60 * 60_000;
/** Wrong PINs of all addresses together within the window; from then on everybody waits between two tries. */
const ALL_FREE = 20;
const ALL_WINDOW = 10 * 60_000;
const ALL_WAIT = 5_000;
const MAX_ADDRESSES = 1_000;

/** Slows guessing down: by address, and over all addresses for whoever has many. Times are monotonic milliseconds. */
export class LoginLimiter {
  readonly #now: () => number;
  readonly #addresses = new Map<string, { failures: number; at: number }>();
  #failures: number[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds this address has to wait; 0 = it may try. */
  wait(address: string): number {
    const now = this.#now();
    const seen = this.#addresses.get(keyOf(address));
    const own =
      seen && now - seen.at < FORGET && seen.failures >= FREE
        ? seen.at + Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (seen.failures - FREE)) - now
        : 0;
    this.#failures = this.#failures.filter((at) => now - at < ALL_WINDOW);
    const last = this.#failures.at(-1) ?? 0;
    const everybody = this.#failures.length >= ALL_FREE ? last + ALL_WAIT - now : 0;
    return Math.max(0, own, everybody);
  }

  /** A try that turns out wrong. Returns how often this address was wrong. */
  failed(address: string): number {
    const now = this.#now();
    const key = keyOf(address);
    const before = this.#addresses.get(key);
    const failures = (before && now - before.at < FORGET ? before.failures : 0) + 1;
    this.#addresses.delete(key);
    this.#addresses.set(key, { failures, at: now });
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > MAX_ADDRESSES && oldest !== undefined) this.#addresses.delete(oldest);
    this.#failures = [...this.#failures, now].slice(-MAX_ADDRESSES);
    return failures;
  }

  succeeded(address: string): void {
    this.#addresses.delete(keyOf(address));
  }
  /** Somebody with access to the machine asked for a new PIN. */
  reset(): void {
    this.#addresses.clear();
    this.#failures = [];
  }
}

/** One subscriber has a whole /64 of IPv6. */
function keyOf(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}
