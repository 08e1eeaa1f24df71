export interface DelimitedOptions {
  /** Each ends a frame; CR LF counts as one because an empty frame is nothing. */
  terminators: readonly number[];
  /** A frame that grows beyond this is noise, bytes. */
  maxFrameBytes: number;
}

export type FramerOutput = { kind: 'frame'; bytes: Uint8Array } | { kind: 'noise'; bytes: number; why: string };

/**
 * Cuts a byte stream at its terminators. Pure but for its buffer, which is bounded; every byte is looked at once. What is
 * longer than the bound is counted as one noise and skipped up to the next terminator. An unfinished rest is never a frame.
 */
export class DelimitedFramer {
  readonly #isTerminator = new Uint8Array(256);
  readonly #buffer: Uint8Array;
  #length = 0;
  /** Bytes skipped of a frame that is too long; 0 = not skipping. */
  #skipped = 0;

  constructor(options: DelimitedOptions) {
    for (const t of options.terminators) this.#isTerminator[t] = 1;
    this.#buffer = new Uint8Array(options.maxFrameBytes);
  }

  /** Bytes of an unfinished frame. */
  get pending(): number {
    return this.#length + this.#skipped;
  }

  push(chunk: Uint8Array): FramerOutput[] {
    const out: FramerOutput[] = [];
    for (const byte of chunk) {
      if (this.#isTerminator[byte] === 1) {
        if (this.#skipped > 0)
          out.push({ kind: 'noise', bytes: this.#skipped, why: 'no terminator within the longest frame' });
        else if (this.#length > 0) out.push({ kind: 'frame', bytes: this.#buffer.slice(0, this.#length) });
        this.#length = 0;
        this.#skipped = 0;
      } else if (this.#skipped > 0) {
        this.#skipped++;
      } else if (this.#length < this.#buffer.length) {
        this.#buffer[this.#length++] = byte;
      } else {
        this.#skipped = this.#length + 1;
        this.#length = 0;
      }
    }
    return out;
  }

  /** Drops the unfinished frame (unplugged, timed out); returns how many bytes that were. */
  reset(): number {
    const dropped = this.pending;
    this.#length = 0;
    this.#skipped = 0;
    return dropped;
  }
}
