import { randomBytes } from 'node:crypto';
import type { Frame, Received } from './codec.js';
import { CMD, encodeFrame, REPLY } from './codec.js';
import { NAK } from './payload.js';
import type { SessionKeys } from './secure.js';
import {
  clientCryptogram,
  handshakeFrame,
  initialMac,
  same,
  SCBK_D,
  SecureSession,
  serverCryptogram,
  sessionKeys,
} from './secure.js';

/** The reader's side of the secure channel. */
export class ReaderSecurity {
  readonly #key: Uint8Array | undefined;
  readonly #defaultKey: boolean;
  readonly #nonce: () => Uint8Array;
  #begun: { keys: SessionKeys; a: Uint8Array; b: Uint8Array } | undefined;
  #session: SecureSession | undefined;

  constructor(key: Uint8Array | undefined, defaultKey: boolean, nonce: () => Uint8Array = () => randomBytes(8)) {
    this.#key = key;
    this.#defaultKey = defaultKey;
    this.#nonce = nonce;
  }

  get established(): boolean {
    return this.#session !== undefined;
  }

  end(): void {
    this.#session = undefined;
    this.#begun = undefined;
  }

  /** The answer to a command of the handshake; undefined: it is another command. */
  handshake(frame: Frame): Uint8Array | undefined {
    const { address, sequence, code, data, block } = frame;
    const parameter = block?.data[0] ?? 0;
    const base = { address, reply: true, sequence };
    if (code === CMD.CHLNG) {
      const key = parameter === 1 ? this.#key : this.#defaultKey ? SCBK_D : undefined;
      if (!key || block?.type !== 0x11 || data.length !== 8) {
        const why = this.#key || this.#defaultKey ? NAK.SECURITY : NAK.NO_SECURITY;
        return encodeFrame({ ...base, crc: true, code: REPLY.NAK, data: Uint8Array.of(why) });
      }
      const a = Uint8Array.from(data);
      const b = this.#nonce();
      const keys = sessionKeys(key, a);
      this.#session = undefined;
      this.#begun = { keys, a, b };
      const proof = Buffer.concat([Buffer.from('0006020078563412', 'hex'), b, clientCryptogram(keys, a, b)]);
      return handshakeFrame({ ...base, code: REPLY.CCRYPT, data: proof }, 0x12, parameter);
    }
    if (code !== CMD.SCRYPT) return undefined;
    const begun = this.#begun;
    this.#begun = undefined;
    if (!begun) return encodeFrame({ ...base, crc: true, code: REPLY.NAK, data: Uint8Array.of(NAK.SECURITY) });
    const server = serverCryptogram(begun.keys, begun.a, begun.b);
    const good = block?.type === 0x13 && same(data, server);
    const mac = good ? initialMac(begun.keys, server) : Buffer.alloc(16);
    if (good) this.#session = new SecureSession('reader', begun.keys, mac);
    return handshakeFrame({ ...base, code: REPLY.RMAC_I, data: mac }, 0x14, good ? 1 : 0xff);
  }

  /** The data of a command, or undefined when it is not from the controller of this channel. */
  open(received: Received): Uint8Array | undefined {
    return this.#session?.open(received);
  }

  seal(address: number, sequence: number, code: number, data: Uint8Array): Uint8Array | undefined {
    return this.#session?.seal(address, sequence, code, data);
  }
}
