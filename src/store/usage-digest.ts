import { createHash } from 'node:crypto';

const MODULUS = 1n << 256n;
export const EMPTY_DIGEST = '0';

const value = (key: string, bytes: Uint8Array): bigint =>
  BigInt(`0x${createHash('sha256').update(key).update('\0').update(bytes).digest('hex')}`);

/**
 * A sum over entries in which their order does not matter, so that it can be kept up to date piece by piece. Any entry that is
 * changed, added or taken away changes it.
 */
export class Digest {
  #sum: bigint;
  constructor(text = EMPTY_DIGEST) {
    this.#sum = BigInt(`0x${text}`);
  }
  add(key: string, bytes: Uint8Array): void {
    this.#sum = (this.#sum + value(key, bytes)) % MODULUS;
  }
  remove(key: string, bytes: Uint8Array): void {
    this.#sum = (this.#sum - value(key, bytes) + MODULUS) % MODULUS;
  }
  toString(): string {
    return this.#sum.toString(16);
  }
}
