import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Read } from '../../drivers/contract.js';
import { codecOf } from '../../drivers/serial-relay/codec.js';
import { decodeFrame, withoutEci } from '../../drivers/serial-scanner/codec.js';
import { create } from '../../drivers/serial-scanner/driver.js';
import { serialScannerOptions } from '../../drivers/serial-scanner/options.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

const options = (rest: object = {}) => serialScannerOptions.parse({ driver: 'serial-scanner', path: 'x', ...rest });
const decode = (text: string, rest: object = {}) => decodeFrame(Buffer.from(text), options(rest));

describe('text of a line', () => {
  it.each([
    ['\\000026TICKET-1', 'TICKET-1'],
    ['TICK\\000003ET-1', 'TICKET-1'],
    ['\\000026A\\\\B', 'A\\B'],
    ['A\\B', 'A\\B'],
    ['A\\12345', 'A\\12345'],
  ])('%s is %s', (from, to) => {
    expect(decode(from)).toMatchObject({ ok: true, text: to });
    expect(decode(from, { eciFlags: 'keep' })).toMatchObject({ ok: true, text: from });
  });

  it('the AIM identifier in front of a QR code with an ECI flag goes, and is told', () => {
    expect(decode(']Q2\\000026TICKET-1', { aimId: 'strip' })).toMatchObject({ text: 'TICKET-1', symbology: ']Q2' });
    expect(decode(']Q1]Q1x', { aimId: 'strip' })).toMatchObject({ text: ']Q1x' });
    expect(decode('TICKET-1', { aimId: 'strip' })).toMatchObject({ ok: false });
  });

  it('a text without a backslash is never changed; any bytes are a text or not', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!text.includes('\\')) expect(withoutEci(text)).toBe(text);
        expect(withoutEci(text).length).toBeLessThanOrEqual(text.length);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom('none', 'strip'), (bytes, aimId) => {
        const decoded = decodeFrame(bytes, options({ aimId, cardId: {} }));
        expect(decoded.ok ? decoded.text.length > 0 : decoded.why.length > 0).toBe(true);
      }),
    );
  });

  it('a line of a card reader becomes the form of the site', () => {
    const cardId = { base: 'dec', reverse: true };
    expect(decode('04:a1:b2:c3', { cardId })).toMatchObject({
      text: '3283263748',
      uid: Uint8Array.of(4, 0xa1, 0xb2, 0xc3),
    });
    expect(decode('08A1B2C3', { cardId })).toMatchObject({ ok: false });
    expect(decode('hello', { cardId })).toMatchObject({ ok: false });
    expect(decode('04A1B2C3')).toMatchObject({ text: '04A1B2C3' });
  });
});

describe('commands of a scanner', () => {
  it('go out as bytes: at opening, for beeps, and to start and stop reading', async () => {
    const wire = pty();
    let heard = '';
    const waiters: (() => void)[] = [];
    wire.onData((chunk) => {
      heard += Buffer.from(chunk).toString('hex');
      for (const w of waiters.splice(0)) w();
    });
    const until = async (wanted: string): Promise<void> => {
      while (heard !== wanted) await new Promise<void>((resolve) => waiters.push(resolve));
    };
    const commands = {
      enable: '45',
      triggerOn: '1B 5A 0D',
      triggerOff: '1b590d',
      beepGood: '1B 42 0D',
      beepBad: '1B 45 0D',
    };
    const reader = create(options({ path: wire.path, commands, noReadText: '%%NoRead' }), context());
    cleanup(() => reader.close());
    const reads: Read[] = [];
    const got = new Promise<void>((resolve) => {
      reader.on('read', (read) => {
        reads.push(read);
        resolve();
      });
    });
    await reader.open();
    await until('45');
    for (const pattern of ['ready', 'admit', 'refuse', 'closed'] as const) reader.feedback?.show({ pattern, text: '' });
    await until('451b5a0d1b420d1b450d1b590d');
    wire.write('%%NoRead\rTICKET-1\r');
    await got;
    expect(reads.map((r) => r.text)).toEqual(['TICKET-1']);
    expect(reader.status().counters).toMatchObject({ noReads: 1, noise: 0 });
  });
});

describe('relay boards on a serial port', () => {
  it.each([
    ['lcus', 1, true, 'a00101a2'],
    ['lcus', 2, false, 'a00200a2'],
    ['kmtronic', 1, true, 'ff0101'],
    ['kmtronic', 2, false, 'ff0200'],
    ['devantech', 1, true, '65'],
    ['devantech', 1, false, '6f'],
  ] as const)('%s, relay %i %s', (variant, relay, on, bytes) => {
    expect(Buffer.from(codecOf(variant).encode(relay, on)).toString('hex')).toBe(bytes);
  });
});
