/**
 * Elatec TWN4 Simple Protocol: two hexadecimal characters per byte, ended by CR. A request is function number and parameters, numbers
 * least significant byte first; a reply is an error byte and results. Source of the rules: Elatec TWN4 Simple Protocol documentation.
 */
const hex = (value: number, bytes: number): string => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer.toString('hex').toUpperCase();
};

/** Lamps as bits; from memory. */
export const LED = { red: 1, green: 2, yellow: 4 } as const;

/** Requests without their CR. */
export const request = {
  reset: (): string => '0001',
  version: (): string => '0004FF',
  searchTag: (): string => '0500FF',
  rfOff: (): string => '0501',
  /** Masks of 32 bits as numbers. */
  setTagTypes: (lf: number, hf: number): string => `0502${hex(lf, 4)}${hex(hf, 4)}`,
  testBit: (mask: number): string => `0406${hex(mask, 1)}`,
  /** Volume in percent, frequency in hertz, times in milliseconds; the reader answers when the beep has ended. */
  beep: (volume: number, hertz: number, onMs: number, offMs: number): string =>
    `0407${hex(volume, 1)}${hex(hertz, 2)}${hex(onMs, 2)}${hex(offMs, 2)}`,
  ledInit: (mask: number): string => `0410${hex(mask, 1)}`,
  ledOn: (mask: number): string => `0411${hex(mask, 1)}`,
  ledOff: (mask: number): string => `0412${hex(mask, 1)}`,
  ledToggle: (mask: number): string => `0413${hex(mask, 1)}`,
  ledBlink: (mask: number, onMs: number, offMs: number): string => `0414${hex(mask, 1)}${hex(onMs, 2)}${hex(offMs, 2)}`,
} as const;

/** Error byte, and 255 bytes behind their count and type: nothing the reader says is longer, characters. */
export const MAX_REPLY = 2 * (1 + 1 + 1 + 1 + 1 + 255);
export const CR = 0x0d;

const ERRORS: Readonly<Record<number, string>> = {
  1: 'unknown function',
  2: 'missing parameter',
  3: 'unused parameters',
  4: 'invalid function',
  5: 'parser error',
};
export const errorWords = (code: number): string => ERRORS[code] ?? `error ${code}`;

export interface Reply {
  error: number;
  results: Uint8Array;
}

/** One line without its CR; either case of letters is taken. Undefined = no reply. */
export function parseReply(line: Uint8Array): Reply | undefined {
  const text = Buffer.from(line).toString('latin1');
  if (text.length < 2 || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  const bytes = Uint8Array.from(Buffer.from(text, 'hex'));
  return { error: bytes[0]!, results: bytes.subarray(1) };
}

export interface Tag {
  type: number;
  bits: number;
  id: Uint8Array;
}

/** Type of the ISO 14443A family, where a UID may be drawn anew at each presentation. */
export const ISO14443A = 0x80;

/** Results of SearchTag; null = no card in front of the reader, undefined = no results of SearchTag. */
export function parseTag(results: Uint8Array): Tag | null | undefined {
  if (results.length === 1 && results[0] === 0) return null;
  const [found, type, bits, length] = results;
  if (found !== 1 || type === undefined || bits === undefined || length === undefined) return undefined;
  const id = results.subarray(4);
  if (id.length !== length || length === 0 || bits > length * 8) return undefined;
  return { type, bits, id };
}

/** Results of the version call; undefined = something else, for example a late answer to another call. */
export function parseVersion(results: Uint8Array): string | undefined {
  const text = results.subarray(1);
  if (text.length === 0 || results[0] !== text.length || text.some((b) => b < 0x20 || b > 0x7e)) return undefined;
  return Buffer.from(text).toString('latin1');
}

/** A reply as the reader sends it, for the twin. */
export const encodeReply = (error: number, results: ArrayLike<number> = []): string =>
  Buffer.from([error, ...Array.from(results)])
    .toString('hex')
    .toUpperCase();
export const encodeTag = (tag: Tag): number[] => [1, tag.type, tag.bits, tag.id.length, ...tag.id];

/** Names of tag types, for the technician. */
const TYPES: Readonly<Record<number, string>> = {
  0x40: 'EM4102',
  0x41: 'Hitag 1/S',
  0x42: 'Hitag 2',
  0x49: 'HID Prox',
  0x80: 'ISO 14443A (MIFARE)',
  0x81: 'ISO 14443B',
  0x82: 'ISO 15693',
  0x83: 'LEGIC',
  0x84: 'iCLASS',
  0x85: 'FeliCa',
};
export const typeName = (type: number): string =>
  TYPES[type] ?? `type ${type.toString(16).padStart(2, '0').toUpperCase()}`;
