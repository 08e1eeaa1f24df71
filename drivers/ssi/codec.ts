/**
 * SSI packets (Zebra, Simple Serial Interface Programmer's Guide): length, opcode, source, status, data, checksum. There is no start
 * byte: what is no packet is dropped byte by byte until one fits.
 */
export interface Packet {
  opcode: number;
  source: number;
  status: number;
  data: Uint8Array;
}

export const OP = {
  AIM_OFF: 0xc4,
  AIM_ON: 0xc5,
  PARAM_SEND: 0xc6,
  ACK: 0xd0,
  NAK: 0xd1,
  START_DECODE: 0xe4,
  STOP_DECODE: 0xe5,
  BEEP: 0xe6,
  LED_ON: 0xe7,
  LED_OFF: 0xe8,
  SCAN_ENABLE: 0xe9,
  SCAN_DISABLE: 0xea,
  DECODE_DATA: 0xf3,
  EVENT: 0xf6,
  REQUEST_REVISION: 0xa3,
  REPLY_REVISION: 0xa4,
} as const;

export const SOURCE = { scanner: 0x00, host: 0x04 } as const;
export const STATUS = { again: 0x01, more: 0x02, permanent: 0x08 } as const;
export const NAK_CAUSE = { resend: 0x01, context: 0x02, denied: 0x06 } as const;

const HEADER = 4;
/** Every opcode seen so far is above this; it keeps noise from waiting for a packet that never ends. */
const LOWEST_OPCODE = 0x70;
const MAX_DATA = 0xff - HEADER;

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xffff;
}

/** One packet, from the host unless told otherwise. Throws RangeError beyond 251 bytes of data. */
export function encodePacket(
  opcode: number,
  data: ArrayLike<number> = [],
  status = 0,
  source: number = SOURCE.host,
): Uint8Array {
  if (data.length > MAX_DATA) throw new RangeError(`an SSI packet holds ${MAX_DATA} bytes of data`);
  const head = Uint8Array.of(HEADER + data.length, opcode, source, status, ...Array.from(data));
  const sum = checksum(head);
  return Uint8Array.of(...head, sum >> 8, sum & 0xff);
}

export type SsiOutput =
  | { kind: 'packet'; packet: Packet }
  /** What looked like a packet had a wrong sum: the sender is asked to say it again. */
  | { kind: 'badSum' }
  | { kind: 'noise'; bytes: number };

/** Dropped bytes are told of at the latest after this many. */
const NOISE_CHUNK = 1024;

/** Cuts packets of one side out of a byte stream. Never holds more than one packet beyond the chunk it is given. */
export class SsiDecoder {
  readonly #source: number;
  #buffer: Uint8Array = new Uint8Array(0);
  #dropped = 0;

  constructor(source: number = SOURCE.scanner) {
    this.#source = source;
  }

  /** Bytes that wait for more, or to be told of as noise. */
  get pending(): number {
    return this.#buffer.length + this.#dropped;
  }

  push(chunk: Uint8Array): SsiOutput[] {
    const bytes = new Uint8Array(this.#buffer.length + chunk.length);
    bytes.set(this.#buffer);
    bytes.set(chunk, this.#buffer.length);
    return this.#cut(bytes, false);
  }

  /** After a silence: nothing unfinished will be finished. A whole packet behind a false beginning is still found. */
  flush(): SsiOutput[] {
    return this.#cut(this.#buffer, true);
  }

  /** Forgets everything (unplugged); returns how many bytes that were. */
  reset(): number {
    const { pending } = this;
    this.#buffer = new Uint8Array(0);
    this.#dropped = 0;
    return pending;
  }

  #cut(bytes: Uint8Array, final: boolean): SsiOutput[] {
    const out: SsiOutput[] = [];
    let at = 0;
    while (at < bytes.length) {
      const found = this.#look(bytes, at);
      if (found === 'unfinished' && !final) break;
      if (found === 'badSum') out.push({ kind: 'badSum' });
      if (typeof found === 'object') {
        this.#tellNoise(out);
        out.push({ kind: 'packet', packet: found });
        at += HEADER + found.data.length + 2;
      } else {
        at++;
        if (++this.#dropped >= NOISE_CHUNK) this.#tellNoise(out);
      }
    }
    this.#buffer = bytes.slice(at);
    if (final) this.#tellNoise(out);
    return out;
  }

  #tellNoise(out: SsiOutput[]): void {
    if (this.#dropped > 0) out.push({ kind: 'noise', bytes: this.#dropped });
    this.#dropped = 0;
  }

  #look(bytes: Uint8Array, at: number): Packet | 'unfinished' | 'badSum' | 'none' {
    const length = bytes[at]!;
    const [opcode, source, status] = [bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    if (length < HEADER || (opcode !== undefined && opcode < LOWEST_OPCODE)) return 'none';
    if (source !== undefined && source !== this.#source) return 'none';
    if (bytes.length < at + length + 2 || opcode === undefined || source === undefined || status === undefined)
      return 'unfinished';
    const end = at + length;
    if (checksum(bytes.subarray(at, end)) !== ((bytes[end]! << 8) | bytes[end + 1]!)) return 'badSum';
    return { opcode, source, status, data: Uint8Array.from(bytes.subarray(at + HEADER, end)) };
  }
}

/** Type bytes of DECODE_DATA, from memory: for the log only, never for a decision and never as an AIM identifier. */
const SYMBOLOGIES: Readonly<Record<number, string>> = {
  0x01: 'Code 39',
  0x02: 'Codabar',
  0x03: 'Code 128',
  0x06: 'Interleaved 2 of 5',
  0x08: 'UPC-A',
  0x0a: 'EAN-8',
  0x0b: 'EAN-13',
  0x0f: 'GS1-128',
  0x11: 'PDF417',
  0x1b: 'Data Matrix',
  0x1c: 'QR',
  0x2c: 'Micro QR',
  0x2d: 'Aztec',
};

export const symbologyName = (type: number): string =>
  SYMBOLOGIES[type] ?? `type ${type.toString(16).padStart(2, '0').toUpperCase()}`;
