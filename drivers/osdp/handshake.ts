import type { Frame } from './codec.js';
import { CMD, REPLY } from './codec.js';
import type { SessionKeys } from './secure.js';
import {
  clientCryptogram,
  handshakeFrame,
  initialMac,
  same,
  SecureSession,
  serverCryptogram,
  sessionKeys,
} from './secure.js';

/** The controller's side of the handshake: CHLNG -> CCRYPT, SCRYPT -> RMAC_I. */
export class Handshake {
  readonly #kind: 0 | 1;
  readonly #random: Uint8Array;
  readonly #keys: SessionKeys;
  #server: Buffer | undefined;

  /** `kind`: 1 the reader's own key, 0 the default key; `random`: 8 bytes, new for each handshake. */
  constructor(key: Uint8Array, kind: 0 | 1, random: Uint8Array) {
    this.#kind = kind;
    this.#random = random;
    this.#keys = sessionKeys(key, random);
  }

  challenge(address: number, sequence: number): Buffer {
    const base = { address, reply: false, sequence, code: CMD.CHLNG, data: this.#random };
    return handshakeFrame(base, 0x11, this.#kind);
  }

  /** True: the reader knows the key. Undefined: not an answer to a challenge. */
  check({ code, block, data }: Frame): boolean | undefined {
    if (code !== REPLY.CCRYPT || block?.type !== 0x12 || data.length !== 32) return undefined;
    const random = data.subarray(8, 16);
    if (!same(data.subarray(16), clientCryptogram(this.#keys, this.#random, random))) return false;
    this.#server = serverCryptogram(this.#keys, this.#random, random);
    return true;
  }

  prove(address: number, sequence: number): Buffer {
    if (!this.#server) throw new Error('the reader has not proved itself');
    const base = { address, reply: false, sequence, code: CMD.SCRYPT, data: this.#server };
    return handshakeFrame(base, 0x13, this.#kind);
  }

  /** The channel, if the reader accepted our proof. */
  finish({ code, block, data }: Frame): SecureSession | undefined {
    if (!this.#server || code !== REPLY.RMAC_I || block?.type !== 0x14 || block.data[0] !== 1) return undefined;
    const mac = initialMac(this.#keys, this.#server);
    return same(data, mac) ? new SecureSession('controller', this.#keys, mac) : undefined;
  }
}
