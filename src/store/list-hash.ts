import { createHash } from 'node:crypto';

const MODULUS = 1n << 128n;

/** Of a list without tickets. */
export const EMPTY_HASH = '0'.repeat(32);

/** A ticket's part of the sum. `text` is the ticket as gates exchange it (`list-log.ts`). */
export function partOf(barcode: string, text: string): bigint {
  const digest = createHash('sha256').update(barcode).update('\0').update(text).digest();
  return (digest.readBigUInt64BE(0) << 64n) | digest.readBigUInt64BE(8);
}

/**
 * A sum over all tickets of a list that does not depend on the way it came about: two gates with the same sum hold the same list.
 * `change` is a difference of sums.
 */
export function addHash(hash: string, change: bigint | string): string {
  const by = typeof change === 'string' ? BigInt(`0x${change}`) : change;
  const sum = (((BigInt(`0x${hash}`) + by) % MODULUS) + MODULUS) % MODULUS;
  return sum.toString(16).padStart(32, '0');
}
