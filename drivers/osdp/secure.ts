import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import type { Frame, Received } from './codec.js';
import { finishFrame, frameBody } from './codec.js';

/** Key every reader leaves the factory with: it protects nothing and is for installation only. */
export const SCBK_D: Buffer = Buffer.from('303132333435363738393A3B3C3D3E3F', 'hex');

export interface SessionKeys {
  enc: Buffer;
  mac1: Buffer;
  mac2: Buffer;
}

function ecb(key: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}
function cbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** Keys of one session from the key of the reader and the controller's random number. */
export function sessionKeys(scbk: Uint8Array, random: Uint8Array): SessionKeys {
  const derive = (a: number, b: number): Buffer => {
    const block = Buffer.alloc(16);
    block.set([a, b, ...random.subarray(0, 6)]);
    return ecb(scbk, block);
  };
  return { enc: derive(0x01, 0x82), mac1: derive(0x01, 0x01), mac2: derive(0x01, 0x02) };
}

/** Proof of the reader: it knows the key. `a` is the controller's random number, `b` the reader's. */
export const clientCryptogram = (keys: SessionKeys, a: Uint8Array, b: Uint8Array): Buffer =>
  ecb(keys.enc, Buffer.concat([a, b]));
/** Proof of the controller. */
export const serverCryptogram = (keys: SessionKeys, a: Uint8Array, b: Uint8Array): Buffer =>
  ecb(keys.enc, Buffer.concat([b, a]));
/** R-MAC: where the chain of MACs begins. */
export const initialMac = (keys: SessionKeys, server: Uint8Array): Buffer => ecb(keys.mac2, ecb(keys.mac1, server));

export const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** CBC with S-MAC1, the last block with S-MAC2; filled up with 80 00.. only if it is no whole number of blocks. */
export function macOf(keys: SessionKeys, start: Uint8Array, bytes: Uint8Array): Buffer {
  const padded = bytes.length % 16 === 0 ? Buffer.from(bytes) : pad(bytes);
  const last = padded.length - 16;
  let iv: Uint8Array = start;
  if (last > 0) iv = cbc(keys.mac1, start, padded.subarray(0, last)).subarray(-16);
  return cbc(keys.mac2, iv, padded.subarray(last));
}

/** 80, then zeros, to whole blocks: always at least the 80. */
function pad(data: Uint8Array): Buffer {
  const padded = Buffer.alloc((Math.floor(data.length / 16) + 1) * 16);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

const complement = (mac: Uint8Array): Buffer => Buffer.from(mac.map((byte) => ~byte & 0xff));

export type Side = 'controller' | 'reader';

/**
 * One side of an established channel. Each message's MAC starts from the last MAC of the other side, so the two directions
 * are one chain: a message that is missing, doubled or altered breaks it.
 */
export class SecureSession {
  readonly #keys: SessionKeys;
  readonly #reply: boolean;
  #own: Buffer;
  #peer: Buffer;

  constructor(side: Side, keys: SessionKeys, rmac: Uint8Array) {
    this.#keys = keys;
    this.#reply = side === 'reader';
    // Both begin from R-MAC: it counts as the reader's last MAC.
    this.#own = Buffer.from(rmac);
    this.#peer = Buffer.from(rmac);
  }

  /** A message ready for the wire. Encrypted first, then the MAC is taken. To repeat a message, send these bytes again. */
  seal(address: number, sequence: number, code: number, data: Uint8Array): Buffer {
    const plain = data.length === 0;
    const type = (plain ? 0x15 : 0x17) + (this.#reply ? 1 : 0);
    const body = frameBody({
      address,
      reply: this.#reply,
      sequence,
      crc: true,
      block: { type, data: new Uint8Array() },
      code,
      data: plain ? data : cbc(this.#keys.enc, complement(this.#peer), pad(data)),
    });
    this.#own = macOf(this.#keys, this.#peer, body);
    return finishFrame(body, true, this.#own.subarray(0, 4));
  }

  /** The data of a message, or undefined when it is not from the other side; then nothing has changed. */
  open({ frame, bytes }: Received): Uint8Array | undefined {
    const type = frame.block?.type;
    const sealed = this.#reply ? 0x15 : 0x16;
    if (!frame.mac || (type !== sealed && type !== sealed + 2)) return undefined;
    const body = bytes.subarray(0, bytes.length - (frame.crc ? 2 : 1) - 4);
    const mac = macOf(this.#keys, this.#own, body);
    if (!same(mac.subarray(0, 4), frame.mac)) return undefined;
    const data = type === sealed ? frame.data : this.#decrypt(frame.data);
    if (data) this.#peer = mac;
    return data;
  }

  #decrypt(data: Uint8Array): Uint8Array | undefined {
    if (data.length === 0 || data.length % 16 !== 0) return undefined;
    const cipher = createDecipheriv('aes-128-cbc', this.#keys.enc, complement(this.#own)).setAutoPadding(false);
    const plain = Buffer.concat([cipher.update(data), cipher.final()]);
    let end = plain.length - 1;
    while (end > 0 && plain[end] === 0) end--;
    return plain[end] === 0x80 ? plain.subarray(0, end) : undefined;
  }
}

/** A frame with a handshake block (11-14). */
export function handshakeFrame(
  base: Pick<Frame, 'address' | 'reply' | 'sequence' | 'code' | 'data'>,
  type: number,
  parameter: number,
): Buffer {
  return finishFrame(frameBody({ ...base, crc: true, block: { type, data: Uint8Array.of(parameter) } }), true);
}
