/**
 * Frames of OSDP v2 (IEC 60839-11-5; vectors from libosdp and the standard's Annex E).
 * Pure: bytes in, frames out. What the data of a frame means is in `payload.ts`.
 */

export const SOM = 0x53;
/** Idle line, sent before a frame so that the receivers settle; not part of it. */
export const MARK = 0xff;
/** Longest frame that is believed. Readers of cards send less than 100 bytes; a damaged length must not swallow minutes of traffic. */
export const MAX_FRAME = 512;
const MIN_FRAME = 7;
export const BROADCAST = 0x7f;

export const CMD = {
  POLL: 0x60,
  ID: 0x61,
  CAP: 0x62,
  LSTAT: 0x64,
  OUT: 0x68,
  LED: 0x69,
  BUZ: 0x6a,
  COMSET: 0x6e,
  KEYSET: 0x75,
  CHLNG: 0x76,
  SCRYPT: 0x77,
} as const;

export const REPLY = {
  ACK: 0x40,
  NAK: 0x41,
  PDID: 0x45,
  PDCAP: 0x46,
  LSTATR: 0x48,
  RAW: 0x50,
  KEYPAD: 0x53,
  COM: 0x54,
  CCRYPT: 0x76,
  RMAC_I: 0x78,
  BUSY: 0x79,
} as const;

/** Security block of a frame: handshake 11-14, MAC only 15/16, MAC and encrypted data 17/18. */
export interface Block {
  type: number;
  data: Uint8Array;
}

export interface Frame {
  /** 0-7E; 7F is the broadcast address. Without the reply bit. */
  address: number;
  /** From a reader. A frame without this bit is a command: on the controller's side its own echo. */
  reply: boolean;
  sequence: number;
  /** CRC-16; else the one-byte checksum. */
  crc: boolean;
  block?: Block;
  code: number;
  data: Uint8Array;
  /** First four bytes of the MAC, with blocks 15-18. */
  mac?: Uint8Array;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, i) => {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/** CRC-16, polynomial 1021, start 1D0F, not reflected (check of "123456789": E5CC). */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0x1d0f;
  for (let i = from; i < to; i++) crc = ((crc << 8) ^ CRC_TABLE[((crc >> 8) ^ bytes[i]!) & 0xff]!) & 0xffff;
  return crc;
}

/** Two's complement of the byte sum. */
export function checksum(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i]!;
  return -sum & 0xff;
}

const hasMac = (type: number | undefined): boolean => type !== undefined && type >= 0x15 && type <= 0x18;

/** Everything from SOM to before the MAC, with the length of the whole frame already in it: what the MAC is taken over. */
export function frameBody(frame: Omit<Frame, 'mac'>): Buffer {
  const block = frame.block ? [frame.block.data.length + 2, frame.block.type, ...frame.block.data] : [];
  const tail = (hasMac(frame.block?.type) ? 4 : 0) + (frame.crc ? 2 : 1);
  const length = 5 + block.length + 1 + frame.data.length + tail;
  const control = (frame.sequence & 3) | (frame.crc ? 4 : 0) | (frame.block ? 8 : 0);
  const address = frame.address | (frame.reply ? 0x80 : 0);
  return Buffer.from([SOM, address, length & 0xff, length >> 8, control, ...block, frame.code, ...frame.data]);
}

/** Adds MAC and check bytes to a body. */
export function finishFrame(body: Uint8Array, crc: boolean, mac?: Uint8Array): Buffer {
  const bytes = mac ? Buffer.concat([body, mac]) : body;
  if (!crc) return Buffer.concat([bytes, Uint8Array.of(checksum(bytes))]);
  const sum = crc16(bytes);
  return Buffer.concat([bytes, Uint8Array.of(sum & 0xff, sum >> 8)]);
}

export function encodeFrame(frame: Frame): Buffer {
  if (hasMac(frame.block?.type) !== (frame.mac !== undefined))
    throw new RangeError('blocks 15-18 have a MAC, others not');
  return finishFrame(frameBody(frame), frame.crc, frame.mac);
}

/** One whole frame to its parts; a word about what is wrong with it otherwise. */
export function decodeFrame(bytes: Uint8Array): Frame | 'check' | 'layout' {
  if (bytes.length < MIN_FRAME || bytes[0] !== SOM) return 'layout';
  const control = bytes[4]!;
  const crc = (control & 4) !== 0;
  let end = bytes.length - (crc ? 2 : 1);
  const sum = crc ? bytes[end]! | (bytes[end + 1]! << 8) : bytes[end]!;
  if (sum !== (crc ? crc16(bytes, 0, end) : checksum(bytes, 0, end))) return 'check';
  let at = 5;
  let block: Block | undefined;
  if (control & 8) {
    const length = bytes[5]!;
    if (length < 2 || at + length > end) return 'layout';
    block = { type: bytes[6]!, data: bytes.subarray(7, at + length) };
    at += length;
  }
  let mac: Uint8Array | undefined;
  if (hasMac(block?.type)) {
    mac = bytes.subarray(end - 4, end);
    end -= 4;
  }
  if (at >= end) return 'layout';
  return {
    address: bytes[1]! & 0x7f,
    reply: (bytes[1]! & 0x80) !== 0,
    sequence: control & 3,
    crc,
    ...(block && { block }),
    code: bytes[at]!,
    data: bytes.subarray(at + 1, end),
    ...(mac && { mac }),
  };
}

/** A frame and the bytes it came in: a MAC is taken over the bytes. */
export interface Received {
  frame: Frame;
  bytes: Uint8Array;
}

/**
 * Finds frames in a stream of bytes, whatever else is in it. Holds at most `MAX_FRAME` bytes. A false start costs one
 * frame at most: its bytes are searched again as soon as they prove not to be one, or when the line falls silent (`flush`).
 */
export class FrameDecoder {
  #buffer: Buffer = Buffer.alloc(0);
  /** Bytes that belonged to no frame; marks are not counted. */
  noiseBytes = 0;
  /** Pieces that began like a frame and had a wrong check or layout. */
  crcErrors = 0;

  get pending(): number {
    return this.#buffer.length;
  }

  push(chunk: Uint8Array): Received[] {
    const out: Received[] = [];
    // In pieces, so that the buffer is bounded whatever the chunk.
    for (let at = 0; at < chunk.length; at += MAX_FRAME) {
      this.#buffer = Buffer.concat([this.#buffer, chunk.subarray(at, at + MAX_FRAME)]);
      this.#scan(out, false);
    }
    return out;
  }

  /** The line was silent: a begun frame will not end any more (at most 20 ms between its bytes). */
  flush(): Received[] {
    const out: Received[] = [];
    this.#scan(out, true);
    return out;
  }

  #scan(out: Received[], silent: boolean): void {
    const buffer = this.#buffer;
    let at = 0;
    while (at < buffer.length) {
      const left = buffer.length - at;
      if (buffer[at] !== SOM) {
        if (buffer[at] !== MARK) this.noiseBytes++;
        at++;
        continue;
      }
      const length = left >= 4 ? buffer.readUInt16LE(at + 2) : undefined;
      if (length === undefined || (length >= MIN_FRAME && length <= MAX_FRAME && length > left)) {
        if (!silent) break;
        this.noiseBytes++;
        at++;
        continue;
      }
      const bytes = length >= MIN_FRAME && length <= MAX_FRAME ? buffer.subarray(at, at + length) : undefined;
      const frame = bytes ? decodeFrame(bytes) : 'layout';
      if (!bytes || typeof frame === 'string') {
        // Only the start byte is given up: a good frame may begin within the bytes that this one claimed.
        if (bytes) this.crcErrors++;
        this.noiseBytes++;
        at++;
        continue;
      }
      out.push({ frame, bytes: Uint8Array.from(bytes) });
      at += length;
    }
    this.#buffer = Buffer.from(buffer.subarray(at));
  }
}
