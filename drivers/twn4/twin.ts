import { DelimitedFramer } from '../framing/delimited.js';
import type { Tag } from './codec.js';
import { encodeReply, encodeTag, ISO14443A } from './codec.js';

export interface WireEnd {
  write(bytes: Uint8Array | string): void;
  onData(listener: (chunk: Uint8Array) => void): () => void;
}

/** The reader's side of the wire: cards come and go, and it can answer late, wrongly or not at all. */
export class Twn4Twin {
  /** Every request, without its CR. */
  readonly requests: string[] = [];
  /** More than one request was under way at a time. */
  overlapped = false;
  version = 'TWIN/V4.80';
  /** false: another firmware, or no power. */
  answers = true;
  lowerCase = false;
  /** This many replies come without their CR. */
  withoutEnd = 0;
  /** This many replies do not come at once: `late` sends them. */
  hold = 0;
  /** Function (four digits) -> error code it is refused with. */
  readonly errors = new Map<string, number>();
  readonly #wire: WireEnd;
  readonly #waiters = new Set<() => void>();
  #held: string[] = [];
  #card: Tag | undefined;

  constructor(wire: WireEnd) {
    this.#wire = wire;
    const framer = new DelimitedFramer({ terminators: [0x0d], maxFrameBytes: 1024 });
    wire.onData((chunk) => {
      const frames = framer.push(chunk).filter((output) => output.kind === 'frame');
      if (frames.length > 1) this.overlapped = true;
      for (const frame of frames) this.#onRequest(Buffer.from(frame.bytes).toString('latin1'));
      for (const waiter of [...this.#waiters]) waiter();
    });
  }

  /** A card is laid on the reader and stays; `uid`: bytes, or hexadecimal digits. */
  present(uid: Uint8Array | string, type: number = ISO14443A, bits?: number): void {
    const id = typeof uid === 'string' ? Uint8Array.from(Buffer.from(uid, 'hex')) : uid;
    this.#card = { type, bits: bits ?? id.length * 8, id };
  }

  remove(): void {
    this.#card = undefined;
  }

  /** Sends the replies that were held back. */
  late(): void {
    for (const reply of this.#held.splice(0)) this.#wire.write(`${reply}\r`);
  }

  get held(): readonly string[] {
    return this.#held;
  }

  /** Bytes of the reader's own accord, as the factory firmware pushes them. */
  push(text: string): void {
    this.#wire.write(text);
  }

  count(prefix: string): number {
    return this.requests.filter((request) => request.startsWith(prefix)).length;
  }

  /** Resolves when `condition` holds after some request. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }

  /** Resolves when the reader was polled so many times more. */
  polls(times: number): Promise<void> {
    const from = this.count('0500');
    return this.until(() => this.count('0500') >= from + times);
  }

  #onRequest(text: string): void {
    this.requests.push(text);
    if (!this.answers) return;
    const upper = this.#reply(text);
    const reply = this.lowerCase ? upper.toLowerCase() : upper;
    if (this.hold > 0) {
      this.hold--;
      this.#held.push(reply);
    } else if (this.withoutEnd > 0) {
      this.withoutEnd--;
      this.#wire.write(reply);
    } else {
      this.#wire.write(`${reply}\r`);
    }
  }

  #reply(text: string): string {
    if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]{4,}$/.test(text)) return encodeReply(5);
    const name = text.slice(0, 4);
    const error = this.errors.get(name);
    if (error !== undefined) return encodeReply(error);
    switch (name) {
      case '0004':
        return encodeReply(0, [this.version.length, ...Buffer.from(this.version, 'latin1')]);
      case '0500':
        return encodeReply(0, this.#card ? encodeTag(this.#card) : [0]);
      case '0406':
        return encodeReply(0, [0]);
      case '0407':
      case '0410':
      case '0411':
      case '0412':
      case '0413':
      case '0414':
      case '0501':
      case '0502':
        return encodeReply(0);
      default:
        return encodeReply(1);
    }
  }
}
