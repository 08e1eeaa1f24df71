import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodeAssembly } from '../../drivers/ssi/assembly.js';
import type { Packet, SsiOutput } from '../../drivers/ssi/codec.js';
import { encodePacket, OP, SOURCE, SsiDecoder, STATUS, symbologyName } from '../../drivers/ssi/codec.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const packets = (outputs: SsiOutput[]): Packet[] => outputs.flatMap((o) => (o.kind === 'packet' ? [o.packet] : []));
const chunked = (all: Uint8Array, sizes: number[]): Uint8Array[] => {
  const chunks: Uint8Array[] = [];
  for (let i = 0, k = 0; i < all.length; k++) {
    const n = sizes[k % sizes.length]!;
    chunks.push(all.slice(i, i + n));
    i += n;
  }
  return chunks;
};
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

/** Golden vectors; each sums to zero with its checksum. */
const HOST: [string, Uint8Array, string][] = [
  ['CMD_ACK', encodePacket(OP.ACK), '04 D0 04 00 FF 28'],
  ['CMD_NAK resend', encodePacket(OP.NAK, [1]), '05 D1 04 00 01 FF 25'],
  ['START_DECODE', encodePacket(OP.START_DECODE), '04 E4 04 00 FF 14'],
  ['STOP_DECODE', encodePacket(OP.STOP_DECODE), '04 E5 04 00 FF 13'],
  ['SCAN_ENABLE', encodePacket(OP.SCAN_ENABLE), '04 E9 04 00 FF 0F'],
  ['SCAN_DISABLE', encodePacket(OP.SCAN_DISABLE), '04 EA 04 00 FF 0E'],
  ['AIM_ON', encodePacket(OP.AIM_ON), '04 C5 04 00 FF 33'],
  ['AIM_OFF', encodePacket(OP.AIM_OFF), '04 C4 04 00 FF 34'],
  ['LED_ON 1', encodePacket(OP.LED_ON, [1]), '05 E7 04 00 01 FF 0F'],
  ['LED_OFF 1', encodePacket(OP.LED_OFF, [1]), '05 E8 04 00 01 FF 0E'],
  ['BEEP 04', encodePacket(OP.BEEP, [4]), '05 E6 04 00 04 FF 0D'],
  ['REQUEST_REVISION', encodePacket(OP.REQUEST_REVISION), '04 A3 04 00 FF 55'],
  ['host trigger, volatile', encodePacket(OP.PARAM_SEND, [0xff, 0x8a, 8]), '07 C6 04 00 FF 8A 08 FD 9E'],
  [
    'host trigger, permanent',
    encodePacket(OP.PARAM_SEND, [0xff, 0x8a, 8], STATUS.permanent),
    '07 C6 04 08 FF 8A 08 FD 96',
  ],
  ['packeted decode data', encodePacket(OP.PARAM_SEND, [0xff, 0xee, 1]), '07 C6 04 00 FF EE 01 FD 41'],
];
const DECODED: [number, string, number, string][] = [
  [0x03, '123456789012', 0, '11 F3 00 00 03 31 32 33 34 35 36 37 38 39 30 31 32 FC 89'],
  [0x1c, '901234567890123456', 0, '17 F3 00 00 1C 39 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 FB 2F'],
  [0x03, 'ABC1', STATUS.again, '09 F3 00 01 03 41 42 43 31 FE 09'],
];

describe('ssi packets', () => {
  it.each(HOST)('%s', (_name, made, wire) => {
    expect(Buffer.from(made)).toEqual(Buffer.from(bytes(wire)));
    expect(packets(new SsiDecoder(SOURCE.host).push(bytes(wire)))).toHaveLength(1);
  });

  it.each(DECODED)('DECODE_DATA of type %i with %s', (type, text, status, wire) => {
    const data = Uint8Array.of(type, ...ascii(text));
    expect(Buffer.from(encodePacket(OP.DECODE_DATA, data, status, SOURCE.scanner))).toEqual(Buffer.from(bytes(wire)));
    expect(new SsiDecoder().push(bytes(wire))).toEqual([
      { kind: 'packet', packet: { opcode: OP.DECODE_DATA, source: 0, status, data } },
    ]);
  });

  it('names the symbologies for the log', () => {
    expect([0x03, 0x1c, 0x77].map(symbologyName)).toEqual(['Code 128', 'QR', 'type 77']);
  });

  it('holds at most 251 bytes of data', () => {
    expect(encodePacket(OP.PARAM_SEND, new Uint8Array(251))).toHaveLength(257);
    expect(() => encodePacket(OP.PARAM_SEND, new Uint8Array(252))).toThrow(RangeError);
  });

  it('tells of a wrong sum once and finds the packet behind it', () => {
    const good = encodePacket(OP.DECODE_DATA, [3, 0x41], 0, SOURCE.scanner);
    const bad = Uint8Array.from(good);
    bad[bad.length - 1]! ^= 1;
    const out = new SsiDecoder().push(Buffer.concat([bad, good]));
    expect(out.map((o) => o.kind)).toEqual(['badSum', 'noise', 'packet']);
  });

  it('any bytes in any pieces: no exception and a bounded buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), sizes, (all, pieces) => {
        const decoder = new SsiDecoder();
        for (const chunk of chunked(all, pieces)) {
          decoder.push(chunk);
          expect(decoder.pending).toBeLessThan(257 + 1_024);
        }
        decoder.flush();
        expect(decoder.pending).toBe(0);
      }),
    );
  });

  const packet = fc
    .record({ opcode: fc.integer({ min: 0x80, max: 0xff }), data: fc.uint8Array({ maxLength: 251 }) })
    .map(({ opcode, data }) => ({ opcode, data, wire: encodePacket(opcode, data, 0, SOURCE.scanner) }));

  it('any pieces of whole packets give the same packets', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 6 }), sizes, (list, pieces) => {
        const decoder = new SsiDecoder();
        const out = chunked(Buffer.concat(list.map((p) => p.wire)), pieces).flatMap((chunk) => decoder.push(chunk));
        expect(out).toHaveLength(list.length);
        expect(packets(out).map((p) => [p.opcode, [...p.data]])).toEqual(list.map((p) => [p.opcode, [...p.data]]));
      }),
    );
  });

  it('a whole packet behind noise is found, at the latest after the silence', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), packet, sizes, (noise, { opcode, wire }, pieces) => {
        const decoder = new SsiDecoder();
        const out = chunked(Buffer.concat([noise, wire]), pieces).flatMap((chunk) => decoder.push(chunk));
        expect(packets([...out, ...decoder.flush()]).at(-1)?.opcode).toBe(opcode);
      }),
    );
  });
});

describe('ssi codes out of packets', () => {
  const part = (text: string, status = 0): Packet => ({ opcode: OP.DECODE_DATA, source: 0, status, data: ascii(text) });
  const codes = (assembly: CodeAssembly, list: Packet[], step = 1) =>
    list
      .flatMap((p, i) => assembly.push(p, i * step))
      .map((r) => (r.kind === 'code' ? Buffer.from(r.body).toString('latin1') : r.kind));

  it('joins parts; the type byte stands in the first only', () => {
    expect(codes(new CodeAssembly(99), [part('\x03AB', STATUS.more), part('CD', STATUS.more), part('EF')])).toEqual([
      'part',
      'part',
      'ABCDEF',
    ]);
  });
  it('a repeat of a part is not joined twice, an equal part that is none is', () => {
    const list = [
      part('\x03A', STATUS.more),
      part('B', STATUS.more),
      part('B', STATUS.more | STATUS.again),
      part('B', STATUS.more),
      part('C'),
    ];
    expect(codes(new CodeAssembly(99), list)).toEqual(['part', 'part', 'repeat', 'part', 'ABBC']);
  });
  it('the repeat bit with other content, or much later, is a code of its own', () => {
    expect(codes(new CodeAssembly(99), [part('\x03A'), part('\x03B', STATUS.again)])).toEqual(['A', 'B']);
    expect(codes(new CodeAssembly(99), [part('\x03A'), part('\x03A', STATUS.again)], 60_000)).toEqual(['A', 'A']);
  });
  it('a code that is too long is dropped to its end, the next one is read', () => {
    const list = [part('\x03ABCDE', STATUS.more), part('x', STATUS.more), part('y'), part('\x03ok')];
    expect(codes(new CodeAssembly(5), list)).toEqual(['noise', 'part', 'noise', 'ok']);
  });
  it('a code whose rest did not come is dropped', () => {
    expect(codes(new CodeAssembly(99), [part('\x03old', STATUS.more), part('\x03new')], 3_000)).toEqual([
      'part',
      'noise',
      'new',
    ]);
  });
  it('any packets: no exception', () => {
    const any = fc.record({
      opcode: fc.constant<number>(OP.DECODE_DATA),
      source: fc.constant(0),
      status: fc.integer({ min: 0, max: 255 }),
      data: fc.uint8Array({ maxLength: 251 }),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (list) => {
        const assembly = new CodeAssembly(300);
        for (const [i, p] of list.entries()) expect(assembly.push(p, i).length).toBeGreaterThan(0);
      }),
    );
  });
});
