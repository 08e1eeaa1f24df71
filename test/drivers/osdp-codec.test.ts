import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardText, withParity } from '../../drivers/kit/card-bits.js';
import type { Frame } from '../../drivers/osdp/codec.js';
import {
  checksum,
  CMD,
  crc16,
  decodeFrame,
  encodeFrame,
  FrameDecoder,
  MAX_FRAME,
  REPLY,
} from '../../drivers/osdp/codec.js';
import * as payload from '../../drivers/osdp/payload.js';
import { bitsOf } from '../../drivers/osdp/payload.js';
import { PLAIN_CARD_ID } from '../../drivers/framing/card-id.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const decoded = (text: string): Frame => {
  const frame = decodeFrame(hex(text));
  if (typeof frame === 'string') throw new Error(frame);
  return frame;
};
/** Any text with this in it. */
const saying = (text: string): string => expect.stringContaining(text) as string;
const none = new Uint8Array();
const command = (address: number, sequence: number, code: number, data: Uint8Array = none): Frame => ({
  address,
  reply: false,
  sequence,
  crc: true,
  code,
  data,
});
const reply = (address: number, sequence: number, code: number, data: Uint8Array = none): Frame => ({
  ...command(address, sequence, code, data),
  reply: true,
});

const led = {
  on: 0,
  off: 0,
  colour: 'none',
  offColour: 'none',
} as const;
const capabilities = [
  [3, 1, 0],
  [4, 4, 1],
  [5, 1, 1],
  [8, 1, 0],
  [9, 1, 0],
  [10, 0, 1],
  [16, 2, 0],
].map(([f, c, n]) => ({ function: f!, compliance: c!, number: n! }));

/** Vectors: recorded from libosdp, its unit tests, and the standard's Annex E. */
const VECTORS: [string, Frame][] = [
  ['53 7F 0D 00 04 6E 00 80 25 00 00 6E 38', command(0x7f, 0, CMD.COMSET, hex('0080250000'))],
  ['53 00 09 00 04 61 00 C0 66', command(0, 0, CMD.ID, hex('00'))],
  ['53 7F 0C 00 00 6E 00 80 25 00 00 0F', { ...command(0x7f, 0, CMD.COMSET, hex('0080250000')), crc: false }],
  ['53 00 08 00 00 61 00 44', { ...command(0, 0, CMD.ID, hex('00')), crc: false }],
  ['53 01 09 00 04 61 00 60 23', command(1, 0, CMD.ID, hex('00'))],
  [
    '53 81 14 00 04 45 00 06 8E 02 01 78 56 34 12 01 02 03 0C 0E',
    reply(
      1,
      0,
      REPLY.PDID,
      payload.encodePdId({ vendor: '00068E', model: 2, version: 1, serial: 0x12345678, firmware: '1.2.3' }),
    ),
  ],
  ['53 01 09 00 05 62 00 03 41', command(1, 1, CMD.CAP, hex('00'))],
  [
    '53 81 1D 00 05 46 03 01 00 04 04 01 05 01 01 08 01 00 09 01 00 0A 00 01 10 02 00 22 F8',
    reply(1, 1, REPLY.PDCAP, payload.encodeCapabilities(capabilities)),
  ],
  ['53 01 08 00 06 60 D8 66', command(1, 2, CMD.POLL)],
  ['53 81 08 00 06 40 6A 60', reply(1, 2, REPLY.ACK)],
  ['53 01 08 00 07 60 E9 55', command(1, 3, CMD.POLL)],
  [
    '53 81 10 00 07 50 00 01 1A 00 EA 0D C0 80 84 D0',
    reply(1, 3, REPLY.RAW, payload.encodeRaw({ reader: 0, format: 1, bits: withParity(bitsOf(hex('D41B81'))) })),
  ],
  ['53 01 08 00 05 60 8B 33', command(1, 1, CMD.POLL)],
  ['53 81 08 00 05 40 39 35', reply(1, 1, REPLY.ACK)],
  [
    '53 01 16 00 07 69 00 00 02 01 00 02 00 14 00 00 00 00 00 00 19 83',
    command(
      1,
      3,
      CMD.LED,
      payload.encodeLed({
        reader: 0,
        led: 0,
        temporary: { ...led, control: 2, on: 1, colour: 'green', timer: 20 },
        permanent: { ...led, control: 0 },
      }),
    ),
  ],
  [
    '53 01 0D 00 05 6A 00 02 02 00 01 FC 43',
    command(1, 1, CMD.BUZ, payload.encodeBuzz({ reader: 0, tone: 2, on: 2, off: 0, count: 1 })),
  ],
  ['53 65 08 00 04 60 60 90', command(0x65, 0, CMD.POLL)],
  ['53 E5 09 00 05 41 01 0E 8F', reply(0x65, 1, REPLY.NAK, hex('01'))],
  ['53 E5 07 00 01 40 80', { ...reply(0x65, 1, REPLY.ACK), crc: false }],
  ['53 00 08 00 04 60 EB AA', command(0, 0, CMD.POLL)],
  ['53 00 08 00 05 60 DA 99', command(0, 1, CMD.POLL)],
  ['53 00 08 00 06 60 89 CC', command(0, 2, CMD.POLL)],
  ['53 00 08 00 07 60 B8 FF', command(0, 3, CMD.POLL)],
  ['53 80 08 00 05 40 68 9F', reply(0, 1, REPLY.ACK)],
  ['53 00 07 00 01 60 45', { ...command(0, 1, CMD.POLL), crc: false }],
  ['53 80 07 00 01 40 E5', { ...reply(0, 1, REPLY.ACK), crc: false }],
  ['53 80 08 00 04 79 23 0B', reply(0, 0, REPLY.BUSY)],
  ['53 80 09 00 05 41 01 17 93', reply(0, 1, REPLY.NAK, hex('01'))],
  ['53 80 09 00 05 41 03 55 B3', reply(0, 1, REPLY.NAK, hex('03'))],
  ['53 80 09 00 05 41 04 B2 C3', reply(0, 1, REPLY.NAK, hex('04'))],
  ['53 80 09 00 05 41 06 F0 E3', reply(0, 1, REPLY.NAK, hex('06'))],
  [
    '53 80 10 00 06 50 00 00 20 00 04 A1 B2 C3 9C 13',
    reply(0, 2, REPLY.RAW, payload.encodeRaw({ reader: 0, format: 0, bits: bitsOf(hex('04A1B2C3')) })),
  ],
  [
    '53 80 13 00 07 50 00 00 38 00 04 11 22 33 44 55 66 DE E5',
    reply(0, 3, REPLY.RAW, payload.encodeRaw({ reader: 0, format: 0, bits: bitsOf(hex('04112233445566')) })),
  ],
  ['53 80 0C 00 05 53 00 02 31 32 8B 8B', reply(0, 1, REPLY.KEYPAD, payload.encodeKeypad('12'))],
  [
    '53 80 0A 00 05 48 01 00 AB F4',
    reply(0, 1, REPLY.LSTATR, payload.encodeLocalStatus({ tamper: true, power: false })),
  ],
  [
    '53 00 0C 00 07 68 00 05 05 00 B8 05',
    command(0, 3, CMD.OUT, payload.encodeOutput({ output: 0, control: 5, timer: 5 })),
  ],
];

describe('osdp frames', () => {
  it('has the CRC and the checksum of the standard', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0xe5cc);
    expect(checksum(hex('53 00 08 00 00 61 00'))).toBe(0x44);
  });

  it.each(VECTORS)('%s', (text, frame) => {
    expect(encodeFrame(frame)).toEqual(Buffer.from(hex(text)));
    const back = decoded(text);
    expect({ ...back, data: [...back.data] }).toEqual({ ...frame, data: [...frame.data] });
  });

  it('every byte of every vector matters', () => {
    for (const [text] of VECTORS) {
      const bytes = hex(text);
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const bad = Uint8Array.from(bytes);
        bad[bit >> 3]! ^= 1 << (bit & 7);
        const frame = decodeFrame(bad);
        // A CRC frame that turns into a checksum frame is not taken by the controller (`Link.answer`).
        if (typeof frame !== 'string') expect(frame.crc).not.toBe(decoded(text).crc);
      }
    }
  });
});

describe('osdp payloads', () => {
  it('are read as they were written', () => {
    expect(payload.decodePdId(decoded(VECTORS[5]![0]).data)).toEqual({
      vendor: '00068E',
      model: 2,
      version: 1,
      serial: 0x12345678,
      firmware: '1.2.3',
    });
    expect(payload.decodeCapabilities(decoded(VECTORS[7]![0]).data)).toEqual(capabilities);
    expect(payload.decodeRaw(hex('00 01 1A 00 EA 0D C0 80'))).toEqual({
      reader: 0,
      format: 1,
      bits: '11101010000011011100000010',
    });
    expect(payload.decodeKeypad(hex('00 04 31 32 7F 0D'))).toEqual({ reader: 0, keys: '12*#' });
    expect(payload.decodeLocalStatus(hex('01 00'))).toEqual({ tamper: true, power: false });
    expect(payload.decodeLed(hex('00 00 02 01 00 02 00 14 00 00 00 00 00 00'))).toMatchObject({
      temporary: { control: 2, on: 1, colour: 'green', timer: 20 },
    });
    expect(payload.decodeBuzz(hex('00 02 02 00 01'))).toEqual({ reader: 0, tone: 2, on: 2, off: 0, count: 1 });
    expect(payload.decodeOutput(hex('00 05 05 00'))).toEqual({ output: 0, control: 5, timer: 5 });
    expect(payload.decodeCommunication(hex('00 80 25 00 00'))).toEqual({ address: 0, baudRate: 9600 });
    expect(payload.encodeCommunication({ address: 0, baudRate: 9600 })).toEqual(Buffer.from(hex('0080250000')));
    expect(payload.nakText(5)).toContain('secure channel');
  });

  it('any bytes are a value or undefined, never an exception', () => {
    const decoders = [
      payload.decodePdId,
      payload.decodeCapabilities,
      payload.decodeRaw,
      payload.decodeKeypad,
      payload.decodeLocalStatus,
      payload.decodeLed,
      payload.decodeBuzz,
      payload.decodeOutput,
      payload.decodeCommunication,
      decodeFrame,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const decode of decoders) decode(bytes);
      }),
    );
  });
});

describe('osdp cards', () => {
  const id = PLAIN_CARD_ID;
  const text = (bits: string, wiegand: 'data' | 'facility-number' = 'data') => cardText(bits, { cardId: id, wiegand });

  it('whole bytes are a UID, with the options of the site', () => {
    expect(text(bitsOf(hex('04A1B2C3')))).toMatchObject({ ok: true, text: '04A1B2C3' });
    expect(text(bitsOf(hex('04112233445566')))).toMatchObject({ ok: true, text: '04112233445566' });
    expect(
      cardText(bitsOf(hex('04A1B2C3')), { cardId: { ...id, reverse: true, base: 'dec' }, wiegand: 'data' }),
    ).toMatchObject({ ok: true, text: '3283263748' });
  });

  it('26, 34 and 37 bits are Wiegand', () => {
    expect(text('11101010000011011100000010')).toMatchObject({ ok: true, text: 'D41B81' });
    expect(text('10111101110110010011011101', 'facility-number')).toMatchObject({ ok: true, text: '123-45678' });
    expect(text('10000000100000000000000010', 'facility-number')).toMatchObject({ ok: true, text: '1-1' });
    expect(text('0000001001010000110110010110000111')).toMatchObject({ ok: true, text: '04A1B2C3' });
    expect(text('1100010011101010000011011100000011')).toMatchObject({ ok: true, text: '89D41B81' });
    expect(text('0000000111110100000000110000001110011', 'facility-number')).toMatchObject({
      ok: true,
      text: '1000-12345',
    });
  });

  it('whatever is not sure is noise with a word about why', () => {
    expect(text('01101010000011011100000010')).toMatchObject({ ok: false, why: saying('parity') });
    const swapped = [...'11101010000011011100000010'].map((b) => (b === '0' ? '1' : '0')).join('');
    expect(text(swapped)).toMatchObject({ ok: false, why: saying('swapped') });
    expect(text('0'.repeat(26))).toMatchObject({ ok: false, why: saying('all alike') });
    expect(text('1'.repeat(32))).toMatchObject({ ok: false });
    expect(text('10101')).toMatchObject({ ok: false, why: saying('5 bits') });
    expect(text('')).toMatchObject({ ok: false });
    expect(text(bitsOf(hex('08A1B2C3')))).toMatchObject({ ok: false, why: saying('random UID') });
  });

  it('parity: every data survives, every single flipped bit is noticed', () => {
    fc.assert(
      fc.property(fc.constantFrom(24, 32, 35), fc.infiniteStream(fc.boolean()), fc.nat(36), (n, stream, flip) => {
        const data = Array.from({ length: n }, () => (stream.next().value ? '1' : '0')).join('');
        const bits = withParity(data);
        const at = flip % bits.length;
        const bad = bits.slice(0, at) + (bits[at] === '1' ? '0' : '1') + bits.slice(at + 1);
        expect(text(bad).ok).toBe(false);
        const good = text(bits, 'facility-number');
        expect(good.ok).toBe(true);
      }),
    );
  });
});

describe('osdp stream decoder', () => {
  const good = hex('53 80 10 00 06 50 00 00 20 00 04 A1 B2 C3 9C 13');
  const chunked = (bytes: Uint8Array, cuts: number[]): Uint8Array[] => {
    const at = [...new Set(cuts.map((c) => c % (bytes.length + 1)))].sort((a, b) => a - b);
    return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
  };

  it('any bytes in any chunks: no exception, a bounded buffer, and the good frame behind them is found', () => {
    const likely = fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 700 }) },
      // Starts of frames that claim bytes of what follows.
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.nat(255), fc.nat(600), fc.uint8Array({ maxLength: 20 }))
          .map(([a, n, rest]) => Uint8Array.of(0x53, a, n & 0xff, n >> 8, ...rest)),
      },
    );
    fc.assert(
      fc.property(fc.array(likely, { maxLength: 4 }), fc.array(fc.nat(3000), { maxLength: 20 }), (noise, cuts) => {
        const decoder = new FrameDecoder();
        const all = Uint8Array.from([...noise.flatMap((n) => [...n]), ...good]);
        const out = [];
        for (const chunk of chunked(all, cuts)) {
          out.push(...decoder.push(chunk));
          expect(decoder.pending).toBeLessThan(MAX_FRAME);
        }
        out.push(...decoder.flush());
        expect(decoder.pending).toBe(0);
        expect(Buffer.from(out.at(-1)?.bytes ?? [])).toEqual(Buffer.from(good));
      }),
      { numRuns: 2_000 },
    );
  });

  it('frames, marks and nothing else: the same in any chunks, no noise', () => {
    const all = hex(VECTORS.map(([text]) => `FF${text}`).join(''));
    fc.assert(
      fc.property(fc.array(fc.nat(all.length), { maxLength: 60 }), (cuts) => {
        const decoder = new FrameDecoder();
        const out = chunked(all, cuts).flatMap((chunk) => decoder.push(chunk));
        expect(out).toHaveLength(VECTORS.length);
        expect(decoder.noiseBytes).toBe(0);
      }),
    );
  });

  it('one damaged frame costs one frame', () => {
    const decoder = new FrameDecoder();
    const bad = Uint8Array.from(good);
    bad[12]! ^= 4;
    const out = decoder.push(Buffer.concat([good, bad, good]));
    expect(out).toHaveLength(2);
    expect(decoder.crcErrors).toBe(1);
    expect(decoder.noiseBytes).toBe(good.length);
  });
});
