import type { Packet } from './codec.js';
import { encodePacket, NAK_CAUSE, OP, SOURCE, SsiDecoder, STATUS } from './codec.js';

export interface WireEnd {
  write(bytes: Uint8Array | string): void;
  onData(listener: (chunk: Uint8Array) => void): () => void;
}

interface Outgoing {
  opcode: number;
  data: Uint8Array;
  status: number;
}

/** The scanner says a packet once and repeats it twice. */
const SAYINGS = 3;

/** The scanner's side of the wire, with its session rules and its faults. */
export class SsiTwin {
  /** Every packet the host sent, in order. */
  readonly received: Packet[] = [];
  /** Parameters as the host set them, with the value's bytes in hexadecimal digits. */
  readonly parameters = new Map<number, string>();
  /** Commands that are refused (NAK 06). */
  readonly refused = new Set<number>();
  /** Packets that were said three times without an ACK. */
  givenUp = 0;
  /** Sayings of packets of its own, repeats too. */
  sayings = 0;
  /** false: a scanner without power, or in another mode. */
  answers = true;
  /** This many ACKs of the host are not heard. */
  loseAcks = 0;
  /** This many packets of its own get a wrong sum. */
  damage = 0;
  /** This many commands are asked for again (NAK 01). */
  askAgain = 0;
  revision = 'TWIN-SSI-1';
  enabled = true;
  readonly #wire: WireEnd;
  readonly #ackTimeout: number;
  readonly #decoder = new SsiDecoder(SOURCE.host);
  readonly #waiters = new Set<() => void>();
  #outgoing: Outgoing[] = [];
  #said = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `ackTimeout`: an own packet is repeated after this, milliseconds. */
  constructor(wire: WireEnd, ackTimeout = 2_000) {
    this.#wire = wire;
    this.#ackTimeout = ackTimeout;
    wire.onData((chunk) => {
      for (const output of this.#decoder.push(chunk)) if (output.kind === 'packet') this.#onPacket(output.packet);
      for (const waiter of [...this.#waiters]) waiter();
    });
  }

  /** A code is held in front of the scanner; nothing is read while it is disabled. `partSize`: bytes per packet. */
  scan(code: string | Uint8Array, type = 0x03, partSize = 250): void {
    if (!this.enabled) return;
    const all = Buffer.concat([Uint8Array.of(type), typeof code === 'string' ? Buffer.from(code, 'utf8') : code]);
    for (let at = 0; at < all.length; at += partSize) {
      const last = at + partSize >= all.length;
      this.#outgoing.push({
        opcode: OP.DECODE_DATA,
        data: all.subarray(at, at + partSize),
        status: last ? 0 : STATUS.more,
      });
    }
    if (this.#said === 0) this.#say();
  }

  noise(bytes: Uint8Array): void {
    this.#wire.write(bytes);
  }

  /** Power off and on: volatile parameters and unsent packets are gone. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#outgoing = [];
    this.#said = 0;
    this.parameters.clear();
    this.enabled = true;
  }

  count(opcode: number): number {
    return this.received.filter((packet) => packet.opcode === opcode).length;
  }

  /** Resolves when `condition` holds after something was heard. */
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

  #say(): void {
    clearTimeout(this.#timer);
    const packet = this.#outgoing[0];
    if (!packet) return;
    if (this.#said >= SAYINGS) {
      this.givenUp++;
      return this.#done();
    }
    const again = this.#said > 0 ? STATUS.again : 0;
    this.#said++;
    this.sayings++;
    const bytes = encodePacket(packet.opcode, packet.data, packet.status | again, SOURCE.scanner);
    if (this.damage > 0) {
      this.damage--;
      bytes[bytes.length - 1]! ^= 0xff;
    }
    this.#wire.write(bytes);
    this.#timer = setTimeout(() => this.#say(), this.#ackTimeout);
    this.#timer.unref();
  }

  #done(): void {
    clearTimeout(this.#timer);
    this.#outgoing.shift();
    this.#said = 0;
    this.#say();
    for (const waiter of [...this.#waiters]) waiter();
  }

  #onPacket(packet: Packet): void {
    this.received.push(packet);
    if (!this.answers) return;
    if (packet.opcode === OP.ACK) {
      if (this.#said === 0) return;
      if (this.loseAcks > 0) this.loseAcks--;
      else this.#done();
    } else if (packet.opcode === OP.NAK) {
      if (this.#said > 0 && packet.data[0] === NAK_CAUSE.resend) this.#say();
    } else if (this.askAgain > 0) {
      this.askAgain--;
      this.#answer(OP.NAK, [NAK_CAUSE.resend]);
    } else if (this.refused.has(packet.opcode) || (!this.enabled && packet.opcode === OP.START_DECODE)) {
      this.#answer(OP.NAK, [NAK_CAUSE.denied]);
    } else if (packet.opcode === OP.REQUEST_REVISION) {
      this.#answer(OP.REPLY_REVISION, Buffer.from(this.revision, 'latin1'));
    } else {
      this.#obey(packet);
      this.#answer(OP.ACK);
    }
  }

  #obey({ opcode, data }: Packet): void {
    if (opcode === OP.SCAN_ENABLE) this.enabled = true;
    if (opcode === OP.SCAN_DISABLE) this.enabled = false;
    if (opcode === OP.PARAM_SEND && data[1] !== undefined)
      this.parameters.set(data[1], Buffer.from(data.subarray(2)).toString('hex').toUpperCase());
  }

  #answer(opcode: number, data: ArrayLike<number> = []): void {
    this.#wire.write(encodePacket(opcode, data, 0, SOURCE.scanner));
  }
}
