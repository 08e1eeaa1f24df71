/** What the data of OSDP commands and replies means. A decoder returns undefined for what it cannot be. */

export interface PdId {
  vendor: string;
  model: number;
  version: number;
  serial: number;
  firmware: string;
}

export function encodePdId(id: PdId): Buffer {
  const data = Buffer.alloc(12);
  Buffer.from(id.vendor, 'hex').copy(data, 0, 0, 3);
  data.writeUInt8(id.model, 3);
  data.writeUInt8(id.version, 4);
  data.writeUInt32LE(id.serial, 5);
  data.set(id.firmware.split('.').map(Number), 9);
  return data;
}

export function decodePdId(data: Uint8Array): PdId | undefined {
  if (data.length < 12) return undefined;
  const d = Buffer.from(data);
  return {
    vendor: d.toString('hex', 0, 3).toUpperCase(),
    model: d[3]!,
    version: d[4]!,
    serial: d.readUInt32LE(5),
    firmware: [...d.subarray(9, 12)].join('.'),
  };
}

export interface Capability {
  function: number;
  compliance: number;
  number: number;
}
/** Functions of PDCAP that this driver looks at. */
export const FUNCTION = { LED: 4, BUZZER: 5, CRC: 8, SECURITY: 9 } as const;

export const encodeCapabilities = (list: readonly Capability[]): Buffer =>
  Buffer.from(list.flatMap((c) => [c.function, c.compliance, c.number]));

export function decodeCapabilities(data: Uint8Array): Capability[] | undefined {
  if (data.length % 3 !== 0) return undefined;
  return Array.from({ length: data.length / 3 }, (_, i) => ({
    function: data[3 * i]!,
    compliance: data[3 * i + 1]!,
    number: data[3 * i + 2]!,
  }));
}

export interface RawCard {
  reader: number;
  /** 0 raw, 1 Wiegand with parity. */
  format: number;
  /** `0` and `1`, in the order they were sent. */
  bits: string;
}

/** Bits are packed most significant first and left aligned. */
export function encodeRaw(card: RawCard): Buffer {
  const count = card.bits.length;
  const data = Buffer.alloc(4 + Math.ceil(count / 8));
  data.set([card.reader, card.format]);
  data.writeUInt16LE(count, 2);
  for (let i = 0; i < count; i++) if (card.bits[i] === '1') data[4 + (i >> 3)]! |= 0x80 >> (i & 7);
  return data;
}

export function decodeRaw(data: Uint8Array): RawCard | undefined {
  if (data.length < 4) return undefined;
  const count = data[2]! | (data[3]! << 8);
  // More bytes than bits is tolerated, fewer is a frame that says something else than it carries.
  if (data.length < 4 + Math.ceil(count / 8)) return undefined;
  let bits = '';
  for (let i = 0; i < count; i++) bits += (data[4 + (i >> 3)]! >> (7 - (i & 7))) & 1;
  return { reader: data[0]!, format: data[1]!, bits };
}

export const bitsOf = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(2).padStart(8, '0')).join('');

/** Keys as typed: `*` and `#` are 7F and 0D on the wire. */
export function encodeKeypad(keys: string, reader = 0): Buffer {
  const codes = [...keys].map((key) => (key === '*' ? 0x7f : key === '#' ? 0x0d : key.charCodeAt(0)));
  return Buffer.from([reader, codes.length, ...codes]);
}

export function decodeKeypad(data: Uint8Array): { reader: number; keys: string } | undefined {
  if (data.length < 2 || data.length < 2 + data[1]!) return undefined;
  const keys = [...data.subarray(2, 2 + data[1]!)].map((code) =>
    code === 0x7f ? '*' : code === 0x0d ? '#' : String.fromCharCode(code),
  );
  return { reader: data[0]!, keys: keys.join('') };
}

export interface LocalStatus {
  tamper: boolean;
  /** Power failure reported by the reader. */
  power: boolean;
}
export const encodeLocalStatus = (s: LocalStatus): Buffer => Buffer.from([s.tamper ? 1 : 0, s.power ? 1 : 0]);
export const decodeLocalStatus = (data: Uint8Array): LocalStatus | undefined =>
  data.length < 2 ? undefined : { tamper: data[0] !== 0, power: data[1] !== 0 };

export const NAK = { CHECK: 1, LENGTH: 2, UNKNOWN: 3, SEQUENCE: 4, NO_SECURITY: 5, SECURITY: 6 } as const;
const NAK_TEXT = [
  'no error',
  'wrong check bytes',
  'wrong length',
  'command not known',
  'wrong sequence number',
  'secure channel not supported',
  'secure channel demanded',
  'biometry type',
  'biometry format',
  'record not understood',
];
/** A NAK's code in words. */
export const nakText = (code: number): string => NAK_TEXT[code] ?? `NAK ${code}`;

export const COLOUR = { none: 0, red: 1, green: 2, amber: 3, blue: 4, magenta: 5, cyan: 6, white: 7 } as const;
export type Colour = keyof typeof COLOUR;
const colourName = (n: number): Colour => (Object.keys(COLOUR) as Colour[])[n] ?? 'none';

interface Light {
  /** Units of 100 ms. */
  on: number;
  off: number;
  colour: Colour;
  offColour: Colour;
}
export interface Led {
  reader: number;
  led: number;
  /** 0 nothing, 1 cancel, 2 set; `timer` in units of 100 ms. */
  temporary: Light & { control: number; timer: number };
  /** 0 nothing, 1 set. */
  permanent: Light & { control: number };
}

export function encodeLed({ reader, led, temporary: t, permanent: p }: Led): Buffer {
  return Buffer.from([
    ...[reader, led, t.control, t.on, t.off, COLOUR[t.colour], COLOUR[t.offColour], t.timer & 0xff, t.timer >> 8],
    ...[p.control, p.on, p.off, COLOUR[p.colour], COLOUR[p.offColour]],
  ]);
}

/** The first LED of the data; a command may carry several of 14 bytes each. */
export function decodeLed(d: Uint8Array): Led | undefined {
  if (d.length < 14 || d.length % 14 !== 0) return undefined;
  const light = (at: number): Light => ({
    on: d[at]!,
    off: d[at + 1]!,
    colour: colourName(d[at + 2]!),
    offColour: colourName(d[at + 3]!),
  });
  return {
    reader: d[0]!,
    led: d[1]!,
    temporary: { control: d[2]!, ...light(3), timer: d[7]! | (d[8]! << 8) },
    permanent: { control: d[9]!, ...light(10) },
  };
}

/** `tone` 1 off, 2 default; times in units of 100 ms. */
export interface Buzz {
  reader: number;
  tone: number;
  on: number;
  off: number;
  count: number;
}
export const encodeBuzz = (b: Buzz): Buffer => Buffer.from([b.reader, b.tone, b.on, b.off, b.count]);
export const decodeBuzz = (d: Uint8Array): Buzz | undefined =>
  d.length === 5 ? { reader: d[0]!, tone: d[1]!, on: d[2]!, off: d[3]!, count: d[4]! } : undefined;

/** `control` 5: on for `timer` units of 100 ms, then back. */
export interface Output {
  output: number;
  control: number;
  timer: number;
}
export const encodeOutput = (o: Output): Buffer =>
  Buffer.from([o.output, o.control, o.timer & 0xff, (o.timer >> 8) & 0xff]);
export const decodeOutput = (d: Uint8Array): Output | undefined =>
  d.length >= 4 ? { output: d[0]!, control: d[1]!, timer: d[2]! | (d[3]! << 8) } : undefined;

/** COMSET and its answer COM. */
export interface Communication {
  address: number;
  baudRate: number;
}
export function encodeCommunication(c: Communication): Buffer {
  const data = Buffer.alloc(5);
  data.writeUInt8(c.address, 0);
  data.writeUInt32LE(c.baudRate, 1);
  return data;
}
export const decodeCommunication = (d: Uint8Array): Communication | undefined =>
  d.length === 5 ? { address: d[0]!, baudRate: Buffer.from(d).readUInt32LE(1) } : undefined;
