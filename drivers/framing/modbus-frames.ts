/** CRC-16 of Modbus RTU: start FFFF, polynomial A001 reflected; on the wire low byte first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

export function withCrc(body: Uint8Array): Uint8Array {
  const crc = crc16(body);
  return Uint8Array.of(...body, crc & 0xff, crc >> 8);
}

/** A frame's last two bytes are its CRC. */
export const crcRight = (frame: Uint8Array): boolean =>
  frame.length >= 4 && crc16(frame.subarray(0, -2)) === ((frame.at(-2) as number) | ((frame.at(-1) as number) << 8));

const MAX_FRAME = 256;

/** Length of the answer to a request, by its function; undefined = a function this project does not use. */
export function answerLength(request: Uint8Array): number | undefined {
  const fn = request[1] as number;
  const count = ((request[4] as number) << 8) | (request[5] as number);
  if (fn === 1 || fn === 2) return 5 + Math.ceil(count / 8);
  if (fn === 3 || fn === 4) return 5 + 2 * count;
  return fn === 5 || fn === 15 ? 8 : undefined;
}

/**
 * Finds the answer to the one request that is out. A frame counts only with the right unit, function, length and CRC, wherever it
 * begins: noise in front is skipped. Bounded; pure but for its buffer.
 */
export class AnswerFramer {
  #buffer: number[] = [];
  #unit = -1;
  #fn = -1;
  #length = 0;

  /** A request goes out: what came before is no answer to it. */
  expect(request: Uint8Array): void {
    this.#buffer = [];
    this.#unit = request[0] as number;
    this.#fn = request[1] as number;
    this.#length = answerLength(request) ?? 0;
  }

  /** Nothing is expected any more. */
  reset(): void {
    this.#buffer = [];
    this.#unit = -1;
  }

  /** Function of the request that went out last. */
  get function(): number {
    return this.#fn;
  }

  get pending(): number {
    return this.#buffer.length;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#unit < 0) return undefined;
    for (const byte of chunk) {
      this.#buffer.push(byte);
      if (this.#buffer.length > MAX_FRAME) this.#buffer.shift();
      const found = this.#find();
      if (found) {
        this.reset();
        return found;
      }
    }
    return undefined;
  }

  /** An answer that ends with the byte that came last. */
  #find(): Uint8Array | undefined {
    for (const length of [this.#length, 5]) {
      const at = this.#buffer.length - length;
      if (length === 0 || at < 0 || this.#buffer[at] !== this.#unit) continue;
      const fn = this.#buffer[at + 1];
      if (length === 5 && fn !== (this.#fn | 0x80)) continue;
      if (length !== 5 && fn !== this.#fn) continue;
      const frame = Uint8Array.from(this.#buffer.slice(at));
      if (crcRight(frame)) return frame;
    }
    return undefined;
  }
}
