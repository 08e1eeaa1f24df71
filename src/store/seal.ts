import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomFillSync } from 'node:crypto';
import { PortillonError } from '../errors.js';

/** AES-GCM as NIST SP 800-38D has it: 96-bit nonce, 128-bit tag. Random nonces are safe for 2^32 values under one key. */
const NONCE = 12;
const TAG = 16;
/** Bytes of a keyed hash that are kept: 128 bits, so that two of a million codes never meet. */
const NAME = 16;
const NONCES_AT_ONCE = 512;
/** Hashes kept in memory: a page asks for each of its codes twice, a scan does too. */
const REMEMBERED = 12_000;

/** Which database a seal belongs to: the same code has another name in each. */
export type SealPurpose = 'journal' | 'list' | 'sync' | 'venue' | 'export';

/**
 * Hides what is an admission right from whoever holds the disk without the key: names of codes are keyed hashes, values are
 * encrypted and bound to their place, so that they cannot be swapped either.
 */
export class Seal {
  /** Says which key was used without giving it away. */
  readonly id: string;
  readonly #names: KeyObject;
  readonly #values: KeyObject;
  readonly #carriers: KeyObject;
  readonly #remembered = new Map<string, string>();
  readonly #nonces = Buffer.alloc(NONCE * NONCES_AT_ONCE);
  #nonce = NONCES_AT_ONCE;

  /** `storeKey`: 32 bytes of `storeKeyOf`. */
  constructor(storeKey: Uint8Array, purpose: SealPurpose) {
    const derive = (what: string): Buffer =>
      Buffer.from(hkdfSync('sha256', storeKey, 'portillon store', `${purpose} ${what}`, 32));
    this.#names = createSecretKey(derive('names'));
    this.#values = createSecretKey(derive('values'));
    this.#carriers = createSecretKey(derive('carriers'));
    this.id = derive('id').toString('hex').slice(0, 16);
  }

  /** Keyed hash of a code in its place, 22 characters. */
  name(text: string): string {
    const known = this.#remembered.get(text);
    if (known !== undefined) return known;
    const name = createHmac('sha256', this.#names).update(text).digest().toString('base64url', 0, NAME);
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
    this.#remembered.set(text, name);
    return name;
  }

  close(value: Uint8Array, place: string): Buffer {
    return this.#encrypt(this.#values, value, place);
  }

  open(sealed: Buffer, place: string): Buffer {
    return this.#decrypt(this.#values, sealed, place);
  }

  /** Under a key of the store's and the carrier's own: without the card nobody reads what is on it. */
  closeFor(carrier: string, value: Uint8Array, place: string): Buffer {
    return this.#encrypt(this.#carrierKey(carrier), value, place);
  }

  openFor(carrier: string, sealed: Buffer, place: string): Buffer {
    return this.#decrypt(this.#carrierKey(carrier), sealed, place);
  }

  #carrierKey(carrier: string): Buffer {
    return createHmac('sha256', this.#carriers).update(carrier).digest();
  }

  #encrypt(key: KeyObject | Buffer, value: Uint8Array, place: string): Buffer {
    if (this.#nonce >= NONCES_AT_ONCE) {
      randomFillSync(this.#nonces);
      this.#nonce = 0;
    }
    const nonce = this.#nonces.subarray(this.#nonce * NONCE, ++this.#nonce * NONCE);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from(place));
    const body = cipher.update(value);
    cipher.final();
    return Buffer.concat([nonce, body, cipher.getAuthTag()]);
  }

  #decrypt(key: KeyObject | Buffer, sealed: Buffer, place: string): Buffer {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(sealed.subarray(-TAG));
      const value = decipher.update(sealed.subarray(NONCE, -TAG));
      decipher.final();
      return value;
    } catch (cause) {
      throw new PortillonError('STORE_DAMAGED', 'a sealed value is damaged or was put into another place', { cause });
    }
  }
}

/** Characters a key needs at least: 32 random bytes are 43 in base64. */
export const SHORTEST_KEY = 32;

/** The 32 bytes all keys of a store are derived from. */
export function storeKeyOf(text: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', text, 'portillon store key', 'v1', 32));
}
