/** What can go wrong between a reader and its controller. Counts go down as they are used up; 0 is "no fault". */
export class TwinFaults {
  /** So many of the next answers are never sent. */
  lose = 0;
  /** So many of the next answers arrive with one byte changed. */
  damage = 0;
  /** Part of bits that change on the wire, both ways. */
  bitErrorRate = 0;
  /** So many of the next answers come `delayMs` late. */
  late = 0;
  delayMs = 250;
  /** So many of the next commands are answered BUSY. */
  busy = 0;
  /** Codes of NAKs that answer the next commands. */
  nak: number[] = [];
  /** The adapter hears what it sends. */
  echo = false;
  /** Off the line: nothing is heard, nothing is said. */
  silent = false;
  /** Bits to flip until the next error, drawn anew after each. */
  #until = -1;
  readonly #random: () => number;

  /** `random`: seeded, so that a run can be repeated. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The bytes as they arrive; the same object if nothing happened to them. */
  distort(bytes: Uint8Array): Uint8Array {
    if (this.bitErrorRate <= 0) return bytes;
    let out = bytes;
    const bits = bytes.length * 8;
    let at = this.#until < 0 ? this.#gap() : this.#until;
    while (at < bits) {
      if (out === bytes) out = Uint8Array.from(bytes);
      out[at >> 3]! ^= 0x80 >> (at & 7);
      at += 1 + this.#gap();
    }
    this.#until = at - bits;
    return out;
  }

  /** Good bits before the next bad one: geometric. */
  #gap(): number {
    return Math.floor(Math.log(1 - this.#random()) / Math.log(1 - this.bitErrorRate));
  }

  /** An answer on its way out; undefined: lost. */
  outgoing(bytes: Uint8Array): Uint8Array | undefined {
    if (this.lose > 0) {
      this.lose--;
      return undefined;
    }
    if (this.damage > 0) {
      this.damage--;
      const out = Uint8Array.from(bytes);
      out[out.length - 3]! ^= 0x10;
      return out;
    }
    return this.distort(bytes);
  }
}
