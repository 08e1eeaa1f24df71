import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mask, normalise } from '../../src/domain/credential.js';

describe('normalise', () => {
  it('trims around a code and keeps leading zeros, dashes and case inside', () => {
    expect(normalise('  00-aB12 ', 'barcode')).toEqual({
      ok: true,
      credential: { code: '00-aB12', medium: 'barcode' },
    });
  });
  it.each([
    ['', 'empty'],
    ['a\u0000b', 'control'],
    ['x'.repeat(257), 'longer than 256'],
    ['a\ufffdb', 'broken'],
  ])('refuses %j', (text, why) => {
    const result = normalise(text, 'barcode');
    expect(result.ok).toBe(false);
    expect(!result.ok && result.why).toContain(why);
  });
  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(typeof normalise(text, 'rfid').ok).toBe('boolean');
      }),
    );
  });
});

describe('mask', () => {
  it('hides at least half of a real code', () => {
    expect(mask('24282035061813972260')).toBe('24********2260');
    expect(mask('12345')).toBe('*****');
  });
});
