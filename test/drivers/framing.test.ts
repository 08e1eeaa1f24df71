import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelimitedFramer } from '../../drivers/framing/delimited.js';
import { encodeRelay, RelayDecoder } from '../../drivers/serial-relay/codec.js';
import { decodeFrame, encodeCode } from '../../drivers/serial-scanner/codec.js';

const CR = 13;
const LF = 10;
const make = (maxFrameBytes = 64) => new DelimitedFramer({ terminators: [CR, LF], maxFrameBytes });
const bytes = (text: string) => Buffer.from(text, 'latin1');
const texts = (framer: DelimitedFramer, chunks: Uint8Array[]) =>
  chunks
    .flatMap((c) => framer.push(c))
    .map((o) => (o.kind === 'frame' ? Buffer.from(o.bytes).toString('latin1') : `noise ${o.bytes}`));

describe('delimited framing', () => {
  it('takes CR, LF and CR LF, and nothing for empty lines', () => {
    expect(texts(make(), [bytes('a\rb\nc\r\n\r\nd\r')])).toEqual(['a', 'b', 'c', 'd']);
  });
  it('never delivers an unfinished rest', () => {
    const framer = make();
    expect(texts(framer, [bytes('40063')])).toEqual([]);
    expect(framer.reset()).toBe(5);
    expect(texts(framer, [bytes('81333931\r')])).toEqual(['81333931']);
  });
  it('counts what is too long once and finds the next code', () => {
    expect(texts(make(8), [bytes('123456789'), bytes('0'.repeat(1000)), bytes('\rok\r')])).toEqual([
      'noise 1009',
      'ok',
    ]);
  });
  it('takes a frame of exactly the longest length', () => {
    expect(texts(make(8), [bytes('12345678\r123456789\r')])).toEqual(['12345678', 'noise 9']);
  });
  it('10 MB without a terminator stay within the bound', () => {
    const framer = make(4096);
    const before = process.memoryUsage().arrayBuffers;
    const chunk = Buffer.alloc(65_536, 0x41);
    for (let i = 0; i < 160; i++) expect(framer.push(chunk)).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(texts(framer, [bytes('\rgood\r')])).toEqual([`noise ${160 * 65_536}`, 'good']);
  });
  it('any split of the bytes gives the same frames', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        (all, sizes) => {
          const chunks: Uint8Array[] = [];
          for (let i = 0, k = 0; i < all.length; k++) {
            const n = sizes[k % sizes.length] as number;
            chunks.push(all.slice(i, i + n));
            i += n;
          }
          expect(texts(make(16), chunks)).toEqual(texts(make(16), [all]));
        },
      ),
    );
  });
});

describe('scanner codec', () => {
  const options = { prefix: '', aimId: 'none' as const, minLength: 1, maxLength: 64 };
  it('round trip', () => {
    const code = fc.string({ unit: fc.constantFrom(...'0123456789ABCXYZabc-]é'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(code, (text) => {
        const wire = encodeCode(text, options, Uint8Array.of(CR));
        const frame = make(256).push(wire)[0];
        expect(frame?.kind === 'frame' && decodeFrame(frame.bytes, options)).toEqual({ ok: true, text });
      }),
    );
  });
  it('any bytes give a text or a reason, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (frame) => {
        const d = decodeFrame(frame, options);
        expect(d.ok ? d.text.length > 0 : d.why.length > 0).toBe(true);
      }),
    );
  });
  it('takes the AIM identifier off only when the reader sends it', () => {
    expect(decodeFrame(bytes(']C012345'), { ...options, aimId: 'strip' })).toEqual({
      ok: true,
      text: '12345',
      symbology: ']C0',
    });
    expect(decodeFrame(bytes('12345'), { ...options, aimId: 'strip' })).toMatchObject({ ok: false });
    expect(decodeFrame(bytes(']C012345'), options)).toEqual({ ok: true, text: ']C012345' });
  });
  it('a prefix must be there and goes', () => {
    expect(decodeFrame(bytes('\u001d12'), { ...options, prefix: 'S:' })).toMatchObject({ ok: false });
    expect(decodeFrame(bytes('S:12'), { ...options, prefix: 'S:' })).toEqual({ ok: true, text: '12' });
  });
});

describe('LCUS codec', () => {
  it.each([
    [1, true, 'a00101a2'],
    [1, false, 'a00100a1'],
    [2, true, 'a00201a3'],
    [2, false, 'a00200a2'],
  ])('channel %i %s is %s', (channel, on, hex) => {
    expect(Buffer.from(encodeRelay(channel, on)).toString('hex')).toBe(hex);
  });
  it('finds commands between noise, however split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 16 }), fc.boolean())),
        fc.uint8Array({ max: 0x9f, maxLength: 5 }),
        (commands, noise) => {
          const decoder = new RelayDecoder();
          const all = commands.flatMap(([c, on]) => [...noise, ...encodeRelay(c, on)]);
          const got = all.flatMap((b) => decoder.push(Uint8Array.of(b)));
          expect(got).toEqual(commands.map(([channel, on]) => ({ channel, on })));
        },
      ),
    );
  });
});
