/**
 * How long an answer is waited for: long while there are answers, for a busy hub is slow; short when there is none, for a hub that starts
 * listens a moment later than it is asked; and longer each time, so that a slow one is not asked in vain for ever. Milliseconds.
 */
export class Patience {
  readonly #first: number;
  readonly #most: number;
  within: number;

  constructor(first: number, most: number) {
    this.#first = first;
    this.#most = most;
    this.within = first;
  }

  answered(): void {
    this.within = this.#most;
  }

  missed(): void {
    this.within = this.within === this.#most ? this.#first : Math.min(this.#most, this.within * 2);
  }
}
