import type { Packet } from './codec.js';
import { STATUS } from './codec.js';

/** A scanner says a packet three times, about 2 s apart: what comes later with the same bytes is another scan. */
const REPEAT_WINDOW = 10_000;
/** The next part of a long code comes within this time (one repeat after a lost ACK), or the code is given up, milliseconds. */
const PART_WINDOW = 2_500;

export type Assembled =
  | { kind: 'code'; type: number; body: Uint8Array }
  | { kind: 'repeat' }
  | { kind: 'part' }
  | { kind: 'noise'; bytes: number; why: string };

/**
 * Codes out of DECODE_DATA packets: a repeat of what was taken already is none, and parts (status bit 1) are joined within a bound.
 * The type byte stands in the first part only.
 */
export class CodeAssembly {
  readonly #maxBytes: number;
  #last: Packet | undefined;
  #lastAt = 0;
  #parts: Uint8Array[] = [];
  #partsAt = 0;
  /** The rest of a code that is too long is skipped. */
  #skipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** `at`: monotonic milliseconds. */
  push(packet: Packet, at: number): Assembled[] {
    if (this.#isRepeat(packet, at)) {
      this.#lastAt = at;
      return [{ kind: 'repeat' }];
    }
    this.#last = packet;
    this.#lastAt = at;
    const out: Assembled[] = [];
    if (this.#inCode && at - this.#partsAt > PART_WINDOW) {
      const bytes = this.reset();
      if (bytes > 0) out.push({ kind: 'noise', bytes, why: 'the rest of a long code did not come' });
    }
    this.#partsAt = at;
    out.push(this.#add(packet));
    return out;
  }

  /** Forgets an unfinished code; returns its bytes. */
  reset(): number {
    const bytes = this.#length;
    this.#parts = [];
    this.#skipping = false;
    return bytes;
  }

  get #inCode(): boolean {
    return this.#parts.length > 0 || this.#skipping;
  }

  get #length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  #isRepeat(packet: Packet, at: number): boolean {
    const last = this.#last;
    if (!last || (packet.status & STATUS.again) === 0 || at - this.#lastAt > REPEAT_WINDOW) return false;
    const same = ((packet.status ^ last.status) & ~STATUS.again) === 0 && packet.opcode === last.opcode;
    return same && Buffer.from(packet.data).equals(last.data);
  }

  #add(packet: Packet): Assembled {
    const more = (packet.status & STATUS.more) !== 0;
    if (!this.#skipping) {
      this.#parts.push(packet.data);
      if (this.#length > this.#maxBytes) {
        const bytes = this.reset();
        this.#skipping = more;
        return { kind: 'noise', bytes, why: `a code of more than ${this.#maxBytes} bytes` };
      }
    }
    if (more) return { kind: 'part' };
    if (this.#skipping) {
      this.#skipping = false;
      return { kind: 'noise', bytes: packet.data.length, why: 'the rest of a code that is too long' };
    }
    const all = Buffer.concat(this.#parts);
    this.#parts = [];
    const type = all[0];
    if (type === undefined) return { kind: 'noise', bytes: 0, why: 'a code packet without a code' };
    return { kind: 'code', type, body: all.subarray(1) };
  }
}
