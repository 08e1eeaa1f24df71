import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckRecord, JournalRecord } from '../../src/domain/records.js';
import { checkIdOf } from '../../src/domain/records.js';
import { minutesOf, serviceDays, zoneOf } from '../../src/domain/zone.js';
import { LiveCounts } from '../../src/venue/live-counts.js';

const DAYS = serviceDays(zoneOf('Europe/Zurich'), minutesOf('05:00'));
const NOON = Date.UTC(2026, 6, 1, 10);
let seq = 0;

const check = (gate: string, more: Partial<CheckRecord> = {}): CheckRecord => {
  seq++;
  return {
    kind: 'check',
    seq,
    checkId: checkIdOf(gate, seq),
    at: NOON,
    lane: 'lane-1',
    direction: 'entry',
    credential: { code: 'T', medium: 'barcode' },
    barcode: 'T1',
    admitted: true,
    reason: 'admitted',
    list: '1',
    config: 'c',
    ...more,
  };
};
const remote = (c: CheckRecord, outcome?: 'passed' | 'not-passed'): JournalRecord => ({
  kind: 'remote',
  seq: c.seq,
  at: c.at + 5_000,
  gate: 'north',
  check: c,
  ...(outcome && { outcome }),
});
const counts = (records: readonly JournalRecord[]): LiveCounts => {
  const c = new LiveCounts(DAYS, 'hub');
  c.turn(NOON);
  for (const r of records) c.take(r);
  return c;
};

describe('live counts of a venue', () => {
  it('counts entries, exits and refusals of all gates, by sector, gate and minute', () => {
    const records = [
      remote(check('north', { barcode: 'A', sector: 'park' })),
      remote(check('north', { barcode: 'A', sector: 'stand' })),
      remote(check('south', { barcode: 'B', sector: 'park' })),
      remote(check('south', { barcode: 'C', admitted: false, reason: 'cancelled' })),
      check('hub', { barcode: 'D', sector: 'park' }),
      remote(check('south', { barcode: 'B', direction: 'exit', sector: 'park', at: NOON + 60_000 })),
    ];
    expect(counts(records).report(NOON + 70_000)).toMatchObject({
      day: '2026-07-01',
      // Who is on the stand is in the park too: one person.
      inside: 2,
      entries: 4,
      exits: 1,
      refused: 1,
      sectors: [
        { sector: 'park', inside: 2, entries: 3, exits: 1 },
        { sector: 'stand', inside: 1, entries: 1, exits: 0 },
      ],
      gates: [
        { gate: 'hub', entries: 1 },
        { gate: 'north', entries: 2 },
        { gate: 'south', entries: 1, exits: 1, refused: 1 },
      ],
      minutes: [
        { at: NOON, entries: 4, exits: 0, refused: 1 },
        { at: NOON + 60_000, entries: 0, exits: 1, refused: 0 },
      ],
    });
  });

  it('who did not pass, was given back or was only looked at is not inside', () => {
    const [a, b, own] = [
      check('north'),
      check('north', { barcode: 'B' }),
      check('hub', { barcode: 'H', awaits: true }),
    ];
    const records: JournalRecord[] = [
      remote(a, 'not-passed'),
      remote(b),
      own,
      remote(check('north', { barcode: 'B', admitted: false, reason: 'given-back', givesBack: b.checkId })),
      remote(check('north', { admitted: false, reason: 'looked' })),
      { kind: 'outcome', seq: ++seq, at: NOON, of: own.seq, outcome: 'not-passed', barcode: 'H' },
    ];
    expect(counts(records).report(NOON)).toMatchObject({ inside: 0, entries: 0, refused: 0 });
  });

  it('a new day begins empty; what comes late from the day before counts for nobody', () => {
    const c = counts([remote(check('north'))]);
    expect(c.turn(NOON + 60_000)).toBe(false);
    expect(c.turn(NOON + 86_400_000)).toBe(true);
    c.take(remote(check('north', { barcode: 'late' })));
    expect(c.report(NOON + 86_400_000)).toMatchObject({ day: '2026-07-02', inside: 0, entries: 0 });
  });

  it('twice the same record changes nothing, and nobody is counted below zero', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            ticket: fc.integer({ min: 0, max: 4 }),
            sector: fc.constantFrom(undefined, 'a', 'b'),
            direction: fc.constantFrom('entry' as const, 'exit' as const),
            admitted: fc.boolean(),
          }),
          { maxLength: 30 },
        ),
        (moves) => {
          const records = moves.map(({ ticket, sector, direction, admitted }) =>
            remote(check('north', { barcode: `T${ticket}`, direction, admitted, ...(sector && { sector }) })),
          );
          const once = counts(records).report(NOON);
          expect(counts([...records, ...records]).report(NOON)).toEqual(once);
          expect(once.inside).toBeGreaterThanOrEqual(0);
          expect(once.entries + once.exits + once.refused).toBe(moves.length);
          const entered = moves.filter((m) => m.admitted && m.direction === 'entry').length;
          expect(once.inside).toBeLessThanOrEqual(entered);
        },
      ),
      { numRuns: 200 },
    );
  });
});
