import type { Clock } from '../../src/clock.js';

/** Time that moves only when it is told to; sleepers wake in order. */
export class FakeClock implements Clock {
  wall = Date.UTC(2026, 10, 24);
  #mono = 1_000_000;
  #moving = false;
  #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return Math.round(this.wall);
  }
  monotonic(): number {
    return this.#mono;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { at: this.#mono + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', wake);
    });
  }
  /** Moves on, waking whoever is due, each with the time it asked for. One at a time: two at once would wake out of order. */
  async advance(ms: number): Promise<void> {
    if (this.#moving) throw new Error('the clock is being advanced already: await the advance before');
    this.#moving = true;
    try {
      await this.#advance(ms);
    } finally {
      this.#moving = false;
    }
  }
  /** Something took this long; sleepers that are due by then wake at the next `advance`. */
  spend(ms: number): void {
    this.#move(ms);
  }
  async #advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    for (;;) {
      await settle();
      const next = this.#sleepers.filter((s) => s.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#sleepers = this.#sleepers.filter((s) => s !== next);
      this.#move(Math.max(0, next.at - this.#mono));
      next.wake();
    }
    this.#move(end - this.#mono);
    await settle();
  }
  #move(ms: number): void {
    this.#mono += ms;
    this.wall += ms;
  }
}

/** Lets every promise that can go on go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
