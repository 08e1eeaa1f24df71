import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Read } from '../../drivers/contract.js';
import { decodeReport, encodeReports, PosJoiner } from '../../drivers/hid-pos/codec.js';
import { create } from '../../drivers/hid-pos/driver.js';
import { hidPosOptions } from '../../drivers/hid-pos/options.js';
import { cleanup } from '../support/builders.js';
import { context } from '../support/devices.js';
import { FakeHid } from '../support/fake-hid.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
/** A QR code of 18 digits, as the scanner's manual gives it. */
const QR = hex(`02 12 5D 51 31 39 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 ${'00'.repeat(38)} 73 00 00`);

async function rig(options: object = {}) {
  const hid = new FakeHid({ vendorId: 0x0c2e, productId: 1, usagePage: 0x8c, usage: 2 });
  const reader = create(hidPosOptions.parse({ driver: 'hid-pos', ...options }), context(), hid);
  cleanup(() => reader.close());
  const reads: Read[] = [];
  reader.on('read', (read) => reads.push(read));
  await reader.open();
  return { hid, reader, reads };
}

describe('hid-pos', () => {
  it('reads the vector, with its AIM identifier', async () => {
    expect(QR).toHaveLength(64);
    expect(encodeReports(Buffer.from('901234567890123456'), ']Q1')).toEqual([QR]);
    const { hid, reads } = await rig();
    hid.input(QR);
    expect(reads).toMatchObject([{ text: '901234567890123456', symbology: ']Q1', medium: 'barcode' }]);
  });

  it('a code of 60 characters comes in two reports', async () => {
    const text = 'ABCDEFGHIJ'.repeat(6);
    const reports = encodeReports(Buffer.from(text), ']Q0');
    expect(reports.map((r) => [r[1], r[63]])).toEqual([
      [56, 1],
      [4, 0],
    ]);
    const { hid, reads } = await rig();
    reports.forEach((r) => hid.input(r));
    expect(reads.map((r) => r.text)).toEqual([text]);
  });

  it('finds the identifier one byte later, as some clones send it', () => {
    const shifted = new Uint8Array(64);
    shifted.set([2, 4, 0, 0x5d, 0x43, 0x30, ...Buffer.from('1234')]);
    expect(decodeReport(shifted)).toMatchObject({
      symbology: ']C0',
      data: new Uint8Array(Buffer.from('1234')),
      more: false,
    });
  });

  it('half of a long code is dropped in time, and never completed by the next one', async () => {
    vi.useFakeTimers();
    try {
      const { hid, reader, reads } = await rig();
      const [first] = encodeReports(Buffer.from('x'.repeat(80)));
      hid.input(first as Uint8Array);
      vi.advanceTimersByTime(301);
      hid.input(QR);
      expect(reads.map((r) => r.text)).toEqual(['901234567890123456']);
      expect(reader.status().counters).toMatchObject({ noise: 1, noiseBytes: 56 });
      hid.input(first as Uint8Array);
      hid.unplug();
      expect(reader.status().counters.noise).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('switches the scanner into the mode, and lights its lamps', async () => {
    const features: Uint8Array[] = [];
    const hid = new FakeHid(
      { vendorId: 0x0c2e, usagePage: 0x8c },
      { setFeature: (b) => features.push(b), getFeature: () => new Uint8Array() },
    );
    const reader = create(
      hidPosOptions.parse({ driver: 'hid-pos', enableByFeature: true, lamp: 'access-is' }),
      context(),
      hid,
    );
    cleanup(() => reader.close());
    await reader.open();
    expect(features).toEqual([Uint8Array.of(0xfe, 1)]);
    reader.feedback?.show({ pattern: 'admit', text: '' });
    reader.feedback?.show({ pattern: 'refuse', text: '' });
    expect(hid.written).toEqual([Uint8Array.of(4, 0x40), Uint8Array.of(4, 0x20)]);
  });

  it('any text goes through its reports; any bytes are a report or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (data) => {
        const joiner = new PosJoiner(4096);
        const joined = encodeReports(data).map((r) => {
          const report = decodeReport(r);
          return report && joiner.push(report);
        });
        expect(joined.slice(0, -1).every((j) => j === undefined)).toBe(true);
        expect(joined.at(-1)).toMatchObject({ bytes: Buffer.from(data) });
      }),
    );
    const joiner = new PosJoiner(256);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const report = decodeReport(bytes);
        if (report) joiner.push(report);
        expect(joiner.pending).toBeLessThanOrEqual(256);
      }),
    );
  });
});
