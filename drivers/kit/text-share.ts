/** What a technician reads when a serial line talks at another speed than the port. */
export const NO_TEXT = 'bytes arrive that are no text: check `baudRate`, then `parity`';

/** So many bytes are looked at, and so many must have come before anything is said. */
const WINDOW = 64;
const ENOUGH = 4;
/** A share of bytes that no text has: text with a bit error now and then stays far below, another speed far above. */
const SHARE = 0.25;

/**
 * Tells a wrong line speed from a bad code. At a wrong speed the edges of a byte are sampled at the wrong moments: control bytes and bytes with
 * the highest bit arrive, hardly ever text.
 */
export class TextShare {
  #bytes: boolean[] = [];

  push(chunk: Uint8Array): void {
    for (const byte of chunk.subarray(-WINDOW)) this.#bytes.push(isText(byte));
    this.#bytes = this.#bytes.slice(-WINDOW);
  }

  /** A code was read: the line is right. */
  reset(): void {
    this.#bytes = [];
  }

  get looksWrong(): boolean {
    const bad = this.#bytes.filter((text) => !text).length;
    return this.#bytes.length >= ENOUGH && bad / this.#bytes.length >= SHARE;
  }
}

/** Printable, or one of the control characters that frame or separate: STX ETX EOT TAB LF CR FS GS RS. */
function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || [2, 3, 4, 9, 10, 13, 0x1c, 0x1d, 0x1e].includes(byte);
}
