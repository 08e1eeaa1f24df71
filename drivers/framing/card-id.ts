/** How a card's UID becomes the text that the ticketing platform holds. Every site has its own; see `portillon reader listen`. */
export interface CardIdFormat {
  /** Last byte first. */
  reverse: boolean;
  base: 'hex' | 'dec';
  /** Padded with zeros on the left to this many characters; 0 = as it is. */
  width: number;
  case: 'upper' | 'lower';
  prefix: string;
  suffix: string;
}

export const PLAIN_CARD_ID: CardIdFormat = {
  reverse: false,
  base: 'hex',
  width: 0,
  case: 'upper',
  prefix: '',
  suffix: '',
};

/** `uid` in reading order. Decimal goes through BigInt: seven bytes do not fit a number. */
export function formatCardId(uid: Uint8Array, format: CardIdFormat): string {
  const bytes = format.reverse ? Uint8Array.from(uid).reverse() : uid;
  const hex = Buffer.from(bytes).toString('hex');
  let text = format.base === 'dec' ? BigInt(`0x${hex || '0'}`).toString() : hex;
  text = text.padStart(format.width, '0');
  text = format.case === 'upper' ? text.toUpperCase() : text.toLowerCase();
  return format.prefix + text + format.suffix;
}

/** Four-byte UIDs that begin with 08 are drawn anew at each presentation (ISO 14443-3): they identify nobody. */
export const isRandomUid = (uid: Uint8Array): boolean => uid.length === 4 && uid[0] === 0x08;

/** UID bytes from hexadecimal text with or without colons, spaces and dashes; undefined = not one. */
export function parseUid(text: string): Uint8Array | undefined {
  const hex = text.replaceAll(/[\s:-]/g, '');
  if (hex.length === 0 || hex.length > 64 || hex.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** Every reading of a UID that is in use somewhere, each with the options that make it. */
export function readings(uid: Uint8Array): { text: string; format: Partial<CardIdFormat> }[] {
  const decimalWidth = uid.length === 4 ? 10 : uid.length === 7 ? 17 : 0;
  const formats: Partial<CardIdFormat>[] = [];
  for (const reverse of [false, true]) {
    const order = reverse ? { reverse } : {};
    formats.push({ ...order }, { ...order, case: 'lower' }, { ...order, base: 'dec' });
    if (decimalWidth > 0) formats.push({ ...order, base: 'dec', width: decimalWidth });
  }
  const seen = new Set<string>();
  return formats
    .map((format) => ({ text: formatCardId(uid, { ...PLAIN_CARD_ID, ...format }), format }))
    .filter(({ text }) => !seen.has(text) && seen.add(text));
}
