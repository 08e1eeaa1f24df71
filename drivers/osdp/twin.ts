import { parseUid } from '../framing/card-id.js';
import { withParity } from '../kit/card-bits.js';
import type { Received } from './codec.js';
import { CMD, encodeFrame, FrameDecoder, REPLY } from './codec.js';
import type { Buzz, Capability, Led, Output, PdId } from './payload.js';
import { bitsOf, decodeBuzz, decodeCommunication, decodeLed, decodeOutput, NAK } from './payload.js';
import {
  encodeCapabilities,
  encodeCommunication,
  encodeKeypad,
  encodeLocalStatus,
  encodePdId,
  encodeRaw,
} from './payload.js';
import { same } from './secure.js';
import { TwinFaults } from './twin-faults.js';
import { ReaderSecurity } from './twin-secure.js';

/** The reader's end of the line. */
export interface WireEnd {
  write(bytes: Uint8Array): void;
  onData(listener: (chunk: Uint8Array) => void): () => void;
}

export interface OsdpTwinOptions {
  address?: number;
  /** Its own key: then it says nothing of value without a secure channel. */
  key?: Uint8Array;
  /** Accepts the default key. */
  defaultKey?: boolean;
  id?: PdId;
  capabilities?: readonly Capability[];
  random?: () => number;
  now?: () => number;
  later?: (ms: number, run: () => void) => void;
}

const ID: PdId = { vendor: '00068E', model: 2, version: 1, serial: 0x12345678, firmware: '1.2.3' };
const CAPABILITIES: readonly Capability[] = [
  { function: 3, compliance: 1, number: 0 },
  { function: 4, compliance: 4, number: 1 },
  { function: 5, compliance: 1, number: 1 },
  { function: 8, compliance: 1, number: 0 },
  { function: 9, compliance: 1, number: 0 },
  { function: 16, compliance: 2, number: 0 },
];

interface Answer {
  code: number;
  data: Uint8Array;
  card?: string;
}

/** A whole reader on the device's side of the line: sequence numbers, repeats, secure channel, lamps, and faults at will. */
export class OsdpTwin {
  readonly faults: TwinFaults;
  readonly leds: Led[] = [];
  readonly buzzes: Buzz[] = [];
  readonly outputs: Output[] = [];
  /** Codes of the commands it acted upon; a repeated one counts once. */
  readonly commands: number[] = [];
  /** Every command frame it heard, as it came. */
  readonly heard: Uint8Array[] = [];
  /** Bits of the cards that left in an undamaged frame, each presentation once. */
  readonly carried: string[] = [];
  keepHeard = true;
  readonly #wire: WireEnd;
  readonly #options: OsdpTwinOptions;
  readonly #address: number;
  readonly #now: () => number;
  readonly #later: (ms: number, run: () => void) => void;
  readonly #decoder = new FrameDecoder();
  readonly #security: ReaderSecurity;
  readonly #queue: Answer[] = [];
  readonly #waiters = new Set<() => void>();
  #status = { tamper: false, power: false };
  #expected = 0;
  #last: { command: Uint8Array; reply: Uint8Array; card: string | undefined } | undefined;
  #lastByteAt = 0;

  constructor(wire: WireEnd, options: OsdpTwinOptions = {}) {
    this.#wire = wire;
    this.#options = options;
    this.#address = options.address ?? 0;
    this.#now = options.now ?? (() => performance.now());
    this.#later = options.later ?? ((ms, run) => void setTimeout(run, ms).unref());
    this.#security = new ReaderSecurity(options.key, options.defaultKey ?? false);
    this.faults = new TwinFaults(options.random ?? Math.random);
    wire.onData((chunk) => this.#onData(chunk));
  }

  /** A card with this UID is held in front of it. */
  present(uid: Uint8Array | string): void {
    const bytes = typeof uid === 'string' ? parseUid(uid) : uid;
    if (!bytes) throw new RangeError('not a UID');
    this.bits(bitsOf(bytes), 0);
  }

  /** A 26 bit card (H10301). */
  present26(facility: number, number: number): void {
    this.bits(withParity(facility.toString(2).padStart(8, '0') + number.toString(2).padStart(16, '0')));
  }

  /** Any bits; format 1 is Wiegand. */
  bits(bits: string, format = 1): void {
    this.#queue.push({ code: REPLY.RAW, data: encodeRaw({ reader: 0, format, bits }), card: bits });
  }

  /** Somebody types. */
  keys(keys: string): void {
    this.#queue.push({ code: REPLY.KEYPAD, data: encodeKeypad(keys) });
  }

  tamper(on: boolean): void {
    this.#status = { ...this.#status, tamper: on };
    this.#queue.push({ code: REPLY.LSTATR, data: encodeLocalStatus(this.#status) });
  }

  power(failing: boolean): void {
    this.#status = { ...this.#status, power: failing };
    this.#queue.push({ code: REPLY.LSTATR, data: encodeLocalStatus(this.#status) });
  }

  /** Switched off and on: it remembers no number and no channel. */
  reboot(): void {
    this.#expected = 0;
    this.#last = undefined;
    this.#security.end();
  }

  get secure(): boolean {
    return this.#security.established;
  }

  /** Resolves when `condition` holds after some command. */
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

  #onData(chunk: Uint8Array): void {
    if (this.faults.echo) this.#wire.write(chunk);
    if (this.faults.silent) return;
    const now = this.#now();
    // A command that was damaged in its length is over when the line falls silent.
    if (now - this.#lastByteAt > 20) this.#decoder.flush();
    this.#lastByteAt = now;
    for (const received of this.#decoder.push(this.faults.distort(chunk))) {
      if (received.frame.reply || received.frame.address !== this.#address) continue;
      if (this.keepHeard) this.heard.push(received.bytes);
      this.#onCommand(received);
    }
    for (const waiter of [...this.#waiters]) waiter();
  }

  #onCommand(received: Received): void {
    const { frame, bytes } = received;
    // The same number and the same command: the answer was lost, it is given again byte for byte.
    if (this.#last && same(this.#last.command, bytes)) return this.#send(this.#last.reply, this.#last.card);
    if (this.faults.busy > 0) {
      this.faults.busy--;
      return this.#send(this.#plain(0, { code: REPLY.BUSY, data: new Uint8Array() }));
    }
    const forced = this.faults.nak.shift();
    if (forced !== undefined) return this.#send(this.#plain(frame.sequence, nak(forced)));
    if (frame.sequence === 0) this.#security.end();
    else if (frame.sequence !== this.#expected) return this.#send(this.#plain(frame.sequence, nak(NAK.SEQUENCE)));
    const { reply, card } = this.#answer(received);
    this.#expected = (frame.sequence % 3) + 1;
    this.#last = { command: bytes, reply, card };
    this.#send(reply, card);
  }

  #answer(received: Received): { reply: Uint8Array; card: string | undefined } {
    const { frame } = received;
    const handshake = this.#security.handshake(frame);
    if (handshake) return { reply: handshake, card: undefined };
    let { data } = frame;
    if (this.#security.established) {
      const opened = this.#security.open(received);
      if (!opened) {
        this.#security.end();
        return { reply: this.#plain(frame.sequence, nak(NAK.SECURITY)), card: undefined };
      }
      data = opened;
    } else if (frame.block || (this.#options.key && frame.code !== CMD.ID && frame.code !== CMD.CAP))
      return { reply: this.#plain(frame.sequence, nak(NAK.SECURITY)), card: undefined };
    this.commands.push(frame.code);
    const answer = this.#act(frame.code, data);
    const sealed = this.#security.seal(this.#address, frame.sequence, answer.code, answer.data);
    return { reply: sealed ?? this.#plain(frame.sequence, answer), card: answer.card };
  }

  #act(code: number, data: Uint8Array): Answer {
    switch (code) {
      case CMD.POLL:
        return this.#queue.shift() ?? ACK;
      case CMD.ID:
        return { code: REPLY.PDID, data: encodePdId(this.#options.id ?? ID) };
      case CMD.CAP:
        return { code: REPLY.PDCAP, data: encodeCapabilities(this.#options.capabilities ?? CAPABILITIES) };
      case CMD.LSTAT:
        return { code: REPLY.LSTATR, data: encodeLocalStatus(this.#status) };
      case CMD.LED:
        return record(this.leds, decodeLed(data));
      case CMD.BUZ:
        return record(this.buzzes, decodeBuzz(data));
      case CMD.OUT:
        return record(this.outputs, decodeOutput(data));
      case CMD.COMSET: {
        const wanted = decodeCommunication(data);
        return wanted ? { code: REPLY.COM, data: encodeCommunication(wanted) } : nak(NAK.LENGTH);
      }
      default:
        return nak(NAK.UNKNOWN);
    }
  }

  #plain(sequence: number, { code, data }: Answer): Buffer {
    return encodeFrame({ address: this.#address, reply: true, sequence, crc: true, code, data });
  }

  #send(reply: Uint8Array, card?: string): void {
    const bytes = this.faults.outgoing(reply);
    if (!bytes) return;
    if (bytes === reply && card !== undefined && this.#last) {
      this.carried.push(card);
      this.#last.card = undefined;
    }
    if (this.faults.late > 0) {
      this.faults.late--;
      this.#later(this.faults.delayMs, () => this.#wire.write(bytes));
    } else this.#wire.write(bytes);
  }
}

const ACK: Answer = { code: REPLY.ACK, data: new Uint8Array() };
const nak = (code: number): Answer => ({ code: REPLY.NAK, data: Uint8Array.of(code) });

function record<T>(list: T[], value: T | undefined): Answer {
  if (value === undefined) return nak(NAK.LENGTH);
  list.push(value);
  return ACK;
}
