import type { Tag } from './codec.js';

/** A card in front of the reader is found by every poll: only the change from none, or from another card, is news. */
export class CardPresence {
  readonly #absentCount: number;
  #there: string | undefined;
  #misses = 0;

  constructor(absentCount: number) {
    this.#absentCount = absentCount;
  }

  /** `key`: what stands for the card; null = a poll found none. True = it has just come. */
  seen(key: string | null): boolean {
    if (key === null) {
      if (++this.#misses >= this.#absentCount) this.#there = undefined;
      return false;
    }
    this.#misses = 0;
    const news = key !== this.#there;
    this.#there = key;
    return news;
  }

  reset(): void {
    this.#there = undefined;
    this.#misses = 0;
  }
}

export const keyOf = (tag: Tag): string => `${tag.type}/${tag.bits}/${Buffer.from(tag.id).toString('hex')}`;
