import type { CardIdFormat } from '../framing/card-id.js';
import { formatCardId, isRandomUid } from '../framing/card-id.js';

export type CardText = { ok: true; text: string; uid: Uint8Array } | { ok: false; why: string };

/** Layouts with an even parity bit in front and an odd one behind. `split`: where the number begins. */
interface Wiegand {
  bits: number;
  /** Bits that the first parity covers together with itself, and the last one, counted from the end. */
  covered: number;
  /** Bits of the facility. */
  facility: number;
}
const WIEGAND: readonly Wiegand[] = [
  { bits: 26, covered: 13, facility: 8 },
  { bits: 34, covered: 17, facility: 16 },
  // H10304: the middle bit belongs to both halves.
  { bits: 37, covered: 19, facility: 16 },
];

const isEven = (bits: string): boolean => bits.replaceAll('0', '').length % 2 === 0;
const parityFits = (bits: string, { covered }: Wiegand): boolean =>
  isEven(bits.slice(0, covered)) && !isEven(bits.slice(-covered));
const complement = (bits: string): string => bits.replaceAll(/[01]/g, (bit) => (bit === '0' ? '1' : '0'));

function bytesOf(bits: string): Uint8Array {
  const padded = bits.padStart(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from({ length: padded.length / 8 }, (_, i) => Number.parseInt(padded.slice(8 * i, 8 * i + 8), 2));
}

/**
 * What a card says. Whole bytes (24, 32, 56, 64 bits, ...) are a UID; 26, 34 and 37 bits are Wiegand and their parity must fit.
 * Nothing is guessed: what does not fit is noise, with a word about why.
 */
export function cardText(
  bits: string,
  options: { cardId: CardIdFormat; wiegand: 'data' | 'facility-number' },
): CardText {
  if (!bits.includes('1') || !bits.includes('0'))
    return { ok: false, why: `${bits.length} bits, all alike: a line inside the reader is open or swapped` };
  const layout = WIEGAND.find((w) => w.bits === bits.length);
  if (!layout) {
    if (bits.length % 8 !== 0 || bits.length > 256)
      return { ok: false, why: `a card of ${bits.length} bits: the format is not known` };
    return uidText(bytesOf(bits), options.cardId);
  }
  if (!parityFits(bits, layout)) {
    const swapped = parityFits(complement(bits), layout) ? '; inverted it would fit: D0 and D1 are swapped' : '';
    return { ok: false, why: `a card of ${bits.length} bits with wrong parity${swapped}` };
  }
  const data = bits.slice(1, -1);
  if (options.wiegand === 'data') return uidText(bytesOf(data), options.cardId);
  const facility = Number.parseInt(data.slice(0, layout.facility), 2);
  const number = Number.parseInt(data.slice(layout.facility), 2);
  return {
    ok: true,
    text: `${options.cardId.prefix}${facility}-${number}${options.cardId.suffix}`,
    uid: bytesOf(data),
  };
}

function uidText(uid: Uint8Array, id: CardIdFormat): CardText {
  if (isRandomUid(uid)) return { ok: false, why: 'a random UID (08...): a phone or a card that hides its number' };
  return { ok: true, text: formatCardId(uid, id), uid };
}

/** A card of these data bits with its parity, for the twin. */
export function withParity(data: string): string {
  const layout = WIEGAND.find((w) => w.bits === data.length + 2);
  if (!layout) throw new RangeError(`no Wiegand format has ${data.length} data bits`);
  const first = isEven(data.slice(0, layout.covered - 1)) ? '0' : '1';
  const last = isEven(data.slice(-(layout.covered - 1))) ? '1' : '0';
  return first + data + last;
}
