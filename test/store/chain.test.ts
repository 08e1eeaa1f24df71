import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GENESIS, hashOfValue, link, openLink } from '../../src/store/chain.js';
import { decodeJson, decodeNumber, decodeOutcome, decodeRecord, encodeJson } from '../../src/store/records.js';
import { note } from '../support/records.js';

describe('the chain of the journal', () => {
  it('each record proves itself and names the one before', () => {
    const first = link(note(1), GENESIS);
    const second = link(note(2), first.hash);
    expect(openLink(second.text)).toEqual({ before: first.hash, hash: second.hash, record: note(2) });
    expect(hashOfValue(second.text)).toBe(second.hash);
    expect(decodeRecord(second.text)).toEqual(note(2));
  });

  it('no single changed character goes unnoticed', () => {
    const { text } = link(note(7), 'x'.repeat(22));
    fc.assert(
      fc.property(fc.nat(text.length - 2), fc.integer({ min: 1, max: 127 }), (at, bit) => {
        const wrong = text.slice(0, at + 1) + String.fromCharCode(text.charCodeAt(at + 1) ^ bit) + text.slice(at + 2);
        expect(() => decodeRecord(wrong)).toThrow('damaged');
      }),
      { numRuns: 300 },
    );
  });

  it('records of the first release are read, and the first new one is bound to the last of them', () => {
    const old = `1${JSON.stringify(note(1))}`;
    expect(decodeRecord(old)).toEqual(note(1));
    expect(hashOfValue(old)).toHaveLength(22);
    expect(hashOfValue(old)).not.toBe(hashOfValue(`${old} `));
  });
});

describe('values', () => {
  it('of the first release are read; a changed one is noticed', () => {
    expect(decodeJson('1{"a":1}', 'x')).toEqual({ a: 1 });
    expect(decodeNumber('4711', 'x')).toBe(4711);
    expect(decodeNumber(encodeJson(4711), 'x')).toBe(4711);
    expect(decodeOutcome('passed')).toBe('passed');
    expect(decodeOutcome(encodeJson('unknown'))).toBe('unknown');
    for (const damaged of ['', '-1', 'x', encodeJson(5).replace('5', '6'), encodeJson('5')])
      expect(() => decodeNumber(damaged, 'x')).toThrow('damaged');
    expect(() => decodeOutcome('pazzed')).toThrow('damaged');
    expect(() => decodeJson(encodeJson({ a: 1 }).replace(':1', ':2'), 'x')).toThrow('damaged');
    expect(() => decodeJson('9{}', 'x')).toThrow('unknown format');
  });
});
