import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyOutput } from '../../drivers/hid-keyboard/codec.js';
import { KeyboardDecoder, typeText } from '../../drivers/hid-keyboard/codec.js';
import { create } from '../../drivers/hid-keyboard/driver.js';
import type { LayoutName } from '../../drivers/hid-keyboard/layouts.js';
import { LAYOUTS } from '../../drivers/hid-keyboard/layouts.js';
import { hidKeyboardOptions } from '../../drivers/hid-keyboard/options.js';
import { cleanup } from '../support/builders.js';
import { context } from '../support/devices.js';
import { FakeHid } from '../support/fake-hid.js';

const names = Object.keys(LAYOUTS) as LayoutName[];
const report = (...bytes: number[]): Uint8Array => Uint8Array.of(...bytes, ...new Uint8Array(8 - bytes.length));
const textOf = (outputs: readonly KeyOutput[]): string =>
  outputs.map((o) => (o.kind === 'text' ? o.text : '')).join('');
function decode(reports: readonly Uint8Array[], layout: LayoutName = 'us'): KeyOutput[] {
  const decoder = new KeyboardDecoder(LAYOUTS[layout]);
  return reports.flatMap((r) => decoder.push(r));
}

describe('boot keyboard reports', () => {
  it('A10-B and Enter on a US keyboard', () => {
    const keys = [
      [2, 0, 4],
      [0, 0, 0x1e],
      [0, 0, 0x27],
      [0, 0, 0x2d],
      [2, 0, 5],
      [0, 0, 0x28],
    ];
    const reports = keys.flatMap((k) => [report(...k), report()]);
    expect(typeText('A10-B', LAYOUTS.us)).toEqual(reports);
    const outputs = decode(reports);
    expect(textOf(outputs)).toBe('A10-B');
    expect(outputs.at(-1)).toEqual({ kind: 'end' });
  });

  it('French digits are shifted, A and Q, W and Z, M and comma change places', () => {
    expect(textOf(decode([report(2, 0, 0x1e), report(), report(0, 0, 0x14), report(), report(0, 0, 0x33)], 'fr'))).toBe(
      '1am',
    );
    expect(textOf(decode([report(0, 0, 0x1a), report(), report(0, 0, 0x1d), report(), report(0, 0, 0x10)], 'fr'))).toBe(
      'zw,',
    );
  });

  it('German and Swiss: Y and Z change places, the minus is beside Shift', () => {
    for (const layout of ['de', 'ch'] as const)
      expect(
        textOf(decode([report(0, 0, 0x1c), report(), report(0, 0, 0x1d), report(), report(0, 0, 0x38)], layout)),
      ).toBe('zy-');
  });

  it.each(names)('every character that %s has is typed and read back', (name) => {
    const layout = LAYOUTS[name];
    const all = [
      ...new Set([...layout.plain, ...layout.shift, ...layout.altGr].filter(([k]) => k < 0x54).map(([, c]) => c)),
    ];
    expect(all.length).toBeGreaterThan(80);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { maxLength: 40 }), (chars) => {
        expect(textOf(decode(typeText(chars.join(''), layout), name))).toBe(chars.join(''));
      }),
    );
  });

  it('every code that SecuTix makes can be typed on every layout', () => {
    for (const name of names) {
      const text = 'ABCXYZ0123456789-abcxyz';
      expect(textOf(decode(typeText(text, LAYOUTS[name]), name))).toBe(text);
    }
  });

  it('Alt and keypad digits are a character when Alt is let go', () => {
    const alt = [report(4), report(4, 0, 0x5e), report(4), report(4, 0, 0x5d), report(4), report()];
    expect(textOf(decode(alt))).toBe('A');
    expect(decode([report(4), report(4, 0, 0x5f), report()])[0]).toMatchObject({ kind: 'bad' });
  });

  it('command keys are bad, roll-over and held keys are nothing', () => {
    for (const modifier of [0x01, 0x08, 0x10, 0x80])
      expect(decode([report(modifier, 0, 4)])[0]).toMatchObject({ kind: 'bad' });
    expect(decode([report(0, 0, 1, 1, 1, 1, 1, 1)])).toEqual([]);
    expect(textOf(decode([report(0, 0, 4), report(0, 0, 4), report(0, 0, 4, 5), report()]))).toBe('ab');
    expect(textOf(decode([report(0, 0, 4), report(), report(0, 0, 4)]))).toBe('aa');
  });

  it('any reports: no exception', () => {
    const decoder = new KeyboardDecoder(LAYOUTS.us);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        for (const output of decoder.push(bytes)) if (output.kind === 'text') expect(output.text.length).toBe(1);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a scanner that types', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function rig(options: object = {}) {
    const hid = new FakeHid({ vendorId: 1, productId: 2, usagePage: 1, usage: 6 });
    const reader = create(
      hidKeyboardOptions.parse({ driver: 'hid-keyboard', grab: false, ...options }),
      context(),
      hid,
    );
    cleanup(() => reader.close());
    const reads: string[] = [];
    const noise: string[] = [];
    reader.on('read', (read) => reads.push(read.text));
    reader.on('noise', ({ why }) => noise.push(why));
    await reader.open();
    const type = (text: string, end?: number[]): void => typeText(text, LAYOUTS.us, end).forEach((r) => hid.input(r));
    return { hid, reader, reads, noise, type };
  }

  it('prefix and suffix are taken off; without them it is noise', async () => {
    const { reads, noise, type } = await rig({ prefix: 'T', suffix: '#' });
    type('T12345#');
    type('12345#');
    expect(reads).toEqual(['12345']);
    expect(noise[0]).toContain('prefix or suffix');
  });

  it('unfinished text is dropped after the silence, or taken with `end: silence`', async () => {
    const dropped = await rig();
    dropped.type('12345', []);
    vi.advanceTimersByTime(81);
    dropped.type('67890');
    expect(dropped.reads).toEqual(['67890']);
    expect(dropped.noise[0]).toContain('Enter');
    const taken = await rig({ end: 'silence' });
    taken.type('12345', []);
    vi.advanceTimersByTime(81);
    expect(taken.reads).toEqual(['12345']);
  });

  it('a code with a command key in it is refused whole', async () => {
    const { hid, reads, noise, type } = await rig();
    type('123', []);
    hid.input(report(1, 0, 0x15));
    hid.input(report());
    type('456');
    type('78901');
    expect(reads).toEqual(['78901']);
    expect(noise).toHaveLength(1);
  });

  it('an endless text is bounded and told once', async () => {
    const { reads, noise, type } = await rig({ maxLength: 20 });
    type('1'.repeat(400));
    expect(reads).toEqual([]);
    expect(noise).toEqual(['longer than 20 characters']);
  });

  it('a card reader gives the UID in the form of the site', async () => {
    const { reads, noise, type } = await rig({ medium: 'rfid', cardId: { base: 'dec', width: 10 } });
    type('04A1B2C3');
    type('08A1B2C3');
    type('NOTHEX!!');
    expect(reads).toEqual(['0077705923']);
    expect(noise.map((n) => n.slice(0, 12))).toEqual(['a random UID', 'not a UID in']);
  });
});
