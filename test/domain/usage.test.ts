import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, usageKey } from '../../src/domain/fold.js';
import type { CheckRecord, ElsewhereRecord, JournalRecord } from '../../src/domain/records.js';
import { checkIdOf, parseCheckId } from '../../src/domain/records.js';
import { countDays, newestEntry } from '../../src/domain/entry-days.js';
import { countSince, survey } from '../../src/domain/survey.js';
import type { Usage } from '../../src/domain/usage.js';
import {
  columnsOf,
  COUNTED_IN,
  insert,
  MAX_MOVEMENTS,
  movements,
  NO_USAGE,
  summarise,
  usageOf,
} from '../../src/domain/usage.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';
import { encodeJson } from '../../src/store/records.js';
import { decodeUsage, encodeUsage, openUsage } from '../../src/store/usage-bytes.js';

const check = (seq: number, rest: Partial<CheckRecord> = {}): CheckRecord => ({
  kind: 'check',
  seq,
  at: 1000 * seq,
  checkId: checkIdOf('north-1', seq),
  lane: 'lane-1',
  direction: 'entry',
  credential: { code: 'b', medium: 'barcode' },
  barcode: 'b',
  admitted: true,
  reason: 'admitted',
  slot: 'PERF1',
  list: '1',
  config: 'c',
  ...rest,
});
const exit = (seq: number): CheckRecord => {
  const record = check(seq, { direction: 'exit' });
  delete record.slot;
  return record;
};
const elsewhere = (seq: number, rest: Partial<ElsewhereRecord> = {}): ElsewhereRecord => ({
  kind: 'elsewhere',
  seq,
  at: 1000 * seq,
  what: 'admitted',
  barcode: 'b',
  checkId: checkIdOf('south-1', 1),
  lane: 'lane-9',
  direction: 'entry',
  checkedAt: 500,
  slot: 'PERF1',
  ...rest,
});
const of = (...records: JournalRecord[]): Usage => records.reduce(fold, NO_USAGE);
const ask = { slot: 'PERF1', dayStart: 0 };

describe('the fold', () => {
  it('knows who is inside by the order of movements, whatever the clock said', () => {
    const ahead = { ...exit(2), at: 9_000_000 };
    expect(summarise(of(check(1), ahead, check(3)))).toMatchObject({ entries: 2, exits: 1, inside: true });
    expect(survey(of(check(1), ahead, check(3)), ask).inside).toBe(true);
  });

  it('takes an entry elsewhere once, however often it is told, and puts it where its time belongs', () => {
    const told = elsewhere(3, { checkedAt: 1500 });
    const usage = of(check(1), exit(2), told, told);
    expect(movements(usage).map((m) => m.at)).toEqual([1000, 1500, 2000]);
    expect(summarise(usage)).toMatchObject({ entries: 2, exits: 1, inside: false });
  });

  it('an own check that comes back from the hub changes nothing', () => {
    const own = of(check(1));
    expect(fold(own, elsewhere(2, { checkId: checkIdOf('north-1', 1) }))).toBe(own);
  });

  it('a give-back elsewhere that arrives before its admission still takes it back', () => {
    const usage = of(elsewhere(1, { what: 'given-back' }), elsewhere(2));
    expect(summarise(usage)).toMatchObject({ entries: 0, inside: false, movements: [{ void: true }] });
  });

  it('gives back by a later check, by the outcome, and not twice', () => {
    const back = check(2, { admitted: false, reason: 'given-back', givesBack: checkIdOf('north-1', 1) });
    expect(survey(of(check(1), back, back), ask)).toMatchObject({ inSlot: 0, entries: 0 });
    const notPassed: JournalRecord = { kind: 'outcome', seq: 2, at: 2, of: 1, outcome: 'not-passed', barcode: 'b' };
    expect(survey(of(exit(1), notPassed), ask).exits).toBe(0);
  });

  it('only counts what a counter product lets in', () => {
    const counted = (seq: number): CheckRecord => check(seq, { slot: COUNTED_IN });
    const usage = of(counted(1), counted(2), {
      kind: 'outcome',
      seq: 3,
      at: 3,
      of: 2,
      outcome: 'not-passed',
      barcode: 'b',
      slot: COUNTED_IN,
    });
    expect(usage.at).toHaveLength(0);
    expect(summarise(usage)).toMatchObject({ entries: 1, movements: [] });
  });

  it('stays bounded, and exact in the number of entries and the first one', () => {
    let usage: Usage = NO_USAGE;
    for (let seq = 1; seq <= MAX_MOVEMENTS + 500; seq++) usage = fold(usage, check(seq, { slot: `P${seq}` }));
    expect(usage.at.length).toBeLessThanOrEqual(MAX_MOVEMENTS);
    expect(survey(usage, ask)).toMatchObject({ entries: MAX_MOVEMENTS + 500, firstAt: 1000 });
    expect(movements(usage).at(-1)).toMatchObject({ seq: MAX_MOVEMENTS + 500, slot: `P${MAX_MOVEMENTS + 500}` });
  });

  it('is on and off the black list by the last record', () => {
    const block = (seq: number, blocked: boolean): JournalRecord => ({
      kind: 'block',
      seq,
      at: seq,
      barcode: 'b',
      blocked,
      who: 'anna',
      why: 'stolen',
    });
    expect(of(block(1, true)).blocked).toEqual({ at: 1, why: 'stolen', who: 'anna' });
    expect(of(block(1, true), block(2, false)).blocked).toBeUndefined();
  });

  it('reads a check ID whatever the gate is called', () => {
    expect(parseCheckId('north-1-000000000042')).toEqual({ gate: 'north-1', seq: 42 });
    expect(parseCheckId('hand-written')).toEqual({ gate: 'hand-written', seq: 0 });
  });
});

describe('sectors', () => {
  const at = (seq: number, sector: string): CheckRecord => check(seq, { sector });
  it('count by themselves; a movement without one counts everywhere', () => {
    expect(survey(of(at(1, 'OUTER')), { ...ask, sector: 'STAND' }).inSlot).toBe(0);
    expect(survey(of(at(1, 'OUTER')), { ...ask, sector: 'OUTER' }).inSlot).toBe(1);
    expect(survey(of(check(1)), { ...ask, sector: 'STAND' }).inSlot).toBe(1);
    expect(survey(of(at(1, 'OUTER')), ask).inSlot).toBe(1);
  });
  it('leaving the outer one is leaving what is behind it', () => {
    const left = of(at(1, 'OUTER'), at(2, 'STAND'), { ...exit(3), sector: 'OUTER' });
    expect(survey(left, { ...ask, sector: 'STAND', outer: ['OUTER'], behind: 'OUTER' })).toMatchObject({
      inside: false,
      insideBehind: false,
    });
  });
});

/** The same by looking at every movement. */
function slowSurvey(usage: Usage, slot: string, sector: string | undefined, from: number): unknown {
  const counted = movements(usage).map((m, i) => ({ ...m, i, void: m.void ?? false }));
  const valid = counted.filter((m) => !m.void);
  const mine = valid.filter((m) => sector === undefined || m.sector === undefined || m.sector === sector);
  const entries = mine.filter((m) => m.direction === 'entry');
  const exits = mine.filter((m) => m.direction === 'exit');
  const used = entries.filter((m) => m.slot === slot || m.slot === '*' || m.slot === undefined);
  const firsts = valid.filter((m) => m.direction === 'entry').map((m) => m.at);
  if (usage.older.from !== 0) firsts.push(usage.older.from);
  const index = (m: { i: number } | undefined): number => m?.i ?? -1;
  return {
    entries: entries.length + usage.older.entries,
    exits: exits.length + usage.older.exits,
    inSlot: used.length,
    today: entries.filter((m) => m.at >= from).length,
    firstAt: firsts.length > 0 ? Math.min(...firsts) : 0,
    lastEntry: index(entries.at(-1)),
    lastExit: index(exits.at(-1)),
    lastInSlot: index(used.at(-1)),
    inside: mine.at(-1)?.direction === 'entry',
    insideBehind: valid.filter((m) => m.sector === undefined).at(-1)?.direction === 'entry',
  };
}

describe('bytes', () => {
  it('what an earlier release wrote is read as as many entries', () => {
    const old = Buffer.from('1{"slots":{"PERF1":{"entries":2,"lastAt":7,"lastLane":"lane-2"}}}');
    const usage = decodeUsage(old);
    expect(summarise(usage)).toMatchObject({ entries: 2, inside: true });
    const back: JournalRecord = {
      kind: 'outcome',
      seq: 9,
      at: 9,
      of: 3,
      outcome: 'not-passed',
      barcode: 'b',
      slot: 'PERF1',
    };
    expect(survey(fold(usage, back), ask).inSlot).toBe(1);
  });

  it('movements as they were stored before the sums are read as the same ones', () => {
    // Written by that form's own encoder.
    const old = Buffer.from(
      'MvHFEQQAAAAfAAAAHAAAAAAAAAAAAPA/AAAAAAAAAAAAAAAAAHC3QAAAAAAAcLdAAAAAAABAj0AAAAAAAECfQAAAAAAAcKdAAAAAAACIs0AAAA' +
        'AAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAUQAEACQAQABIAAQAJABAAAAABAAkAAAAYAAEACQAaABwAAAEKAApub3J0aC0xCmxhbmUtMQpB' +
        'ClBFUkYxCioKQgrDqQp7ImF0Ijo3LCJ3aHkiOiJ5Iiwid2hvIjoidyJ9',
      'base64',
    );
    const out: CheckRecord = { ...exit(2), sector: 'A' };
    const back: JournalRecord = {
      kind: 'outcome',
      seq: 4,
      at: 4,
      of: 3,
      outcome: 'not-passed',
      barcode: 'b',
      slot: '*',
    };
    const now = of(
      check(1, { sector: 'A' }),
      out,
      check(3, { slot: '*', doubtful: true }),
      back,
      check(5, { slot: 'é', sector: 'B' }),
      check(6, { slot: COUNTED_IN }),
      { kind: 'block', seq: 7, at: 7, barcode: 'b', blocked: true, who: 'w', why: 'y' },
    );
    expect(decodeUsage(old)).toEqual(now);
    expect(encodeUsage(decodeUsage(old)).equals(encodeUsage(now))).toBe(true);
    const flipped = Buffer.from(old);
    flipped[60] = 1;
    expect(() => decodeUsage(flipped)).toThrow(/damaged/);
  });

  it('records of an earlier release fold as they did: single entry per performance, given back by the outcome', () => {
    const old = [
      '{"kind":"check","seq":1,"at":1,"checkId":"g-000000000001","lane":"l","direction":"entry","credential":{"code":"b","medium":"barcode"},"barcode":"b","admitted":true,"reason":"admitted","slot":"PERF1","list":"1","config":"c","awaits":true}',
      '{"kind":"outcome","seq":2,"at":2,"of":1,"outcome":"not-passed","barcode":"b","slot":"PERF1"}',
      '{"kind":"check","seq":3,"at":3,"checkId":"g-000000000003","lane":"l","direction":"entry","credential":{"code":"b","medium":"barcode"},"barcode":"b","admitted":true,"reason":"admitted","slot":"*","list":"1","config":"c"}',
    ].map((text) => JSON.parse(text) as JournalRecord);
    expect(survey(of(...old.slice(0, 1)), ask).inSlot).toBe(1);
    expect(survey(of(...old.slice(0, 2)), ask).inSlot).toBe(0);
    expect(survey(of(...old), ask).inSlot).toBe(1);
  });

  const step = fc.record({
    kind: fc.constantFrom('in', 'out', 'back', 'counter', 'elsewhere', 'elsewhere-back', 'block'),
    slot: fc.constantFrom('PERF1', 'é\n\u{1f3ab}', '*'),
    sector: fc.constantFrom(undefined, 'A', 'B'),
    target: fc.nat(30),
    jump: fc.constantFrom(0, 0, 0, -50_000, 50_000),
  });
  const history = fc.array(step, { maxLength: 40 }).map((steps) =>
    steps.map((s, i): JournalRecord => {
      const seq = i + 1;
      const sector = s.sector === undefined ? {} : { sector: s.sector };
      const at = 1000 * seq + s.jump;
      if (s.kind === 'in') return check(seq, { slot: s.slot, at, ...sector });
      if (s.kind === 'counter') return check(seq, { slot: COUNTED_IN, at });
      if (s.kind === 'out') return { ...exit(seq), ...sector };
      if (s.kind === 'back')
        return { kind: 'outcome', seq, at, of: s.target, outcome: 'not-passed', barcode: 'b', slot: 'PERF1' };
      if (s.kind === 'block')
        return { kind: 'block', seq, at, barcode: 'b', blocked: s.target > 15, who: 'w', why: 'y' };
      const what = s.kind === 'elsewhere' ? 'admitted' : 'given-back';
      return elsewhere(seq, { what, checkId: checkIdOf('south-1', s.target), checkedAt: at, ...sector });
    }),
  );

  it('come back as they were, at every step of any history', () => {
    fc.assert(
      fc.property(history, (records) => {
        let usage: Usage = NO_USAGE;
        for (const record of records) {
          expect(usageKey(record)).toBe('b');
          usage = fold(usage, record);
          const bytes = encodeUsage(usage);
          expect(movements(decodeUsage(bytes))).toEqual(movements(usage));
          // Added up one by one or all at once: the same sums, and what they say is what the movements say.
          expect(usage.sums).toEqual(usageOf(columnsOf(usage)).sums);
          for (const sector of [undefined, 'A', 'B'])
            for (const from of [1000, 1000 * record.seq, 60_000])
              expect(survey(decodeUsage(bytes), { slot: 'PERF1', sector, dayStart: from })).toEqual(
                slowSurvey(usage, 'PERF1', sector, from),
              );
          expect(encodeUsage(decodeUsage(bytes)).equals(bytes)).toBe(true);
          // Also from a place in memory that is not a multiple of eight.
          const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
          expect(summarise(decodeUsage(shifted))).toEqual(summarise(usage));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('long histories are counted as by looking at every movement, across blocks and jumps of the clock', () => {
    const hour = 3_600_000;
    const days = serviceDays(zoneOf('Europe/Zurich'), 300);
    const origin = Date.parse('2026-03-25T10:00:00Z');
    const move = fc.record({
      after: fc.constantFrom(0, 1, hour, 11 * hour, 26 * hour, -40 * hour),
      out: fc.constantFrom(false, false, true),
      sector: fc.constantFrom(undefined, 'A', 'B'),
      slot: fc.constantFrom('PERF1', 'PERF2', 'PERF3', '*'),
      flags: fc.constantFrom({}, {}, {}, { void: true as const }, { doubtful: true as const }),
    });
    fc.assert(
      fc.property(fc.array(move, { minLength: 30, maxLength: 110 }), fc.nat(100), (moves, edge) => {
        let at = origin;
        const usage = moves.reduce<Usage>((u, m, i) => {
          at += m.after;
          const sector = m.sector === undefined ? {} : { sector: m.sector };
          const direction = m.out ? ('exit' as const) : ('entry' as const);
          return insert(u, { gate: 'g', seq: i + 1, at, lane: 'l', direction, slot: m.slot, ...sector, ...m.flags });
        }, NO_USAGE);
        const stored = openUsage(encodeUsage(usage));
        const from = usage.at[edge % usage.size] as number;
        const counted = movements(usage).filter((m) => !m.void && m.direction === 'entry');
        for (const sector of [undefined, 'A'])
          expect(survey(stored, { slot: 'PERF2', sector, dayStart: from })).toEqual(
            slowSurvey(usage, 'PERF2', sector, from),
          );
        expect(countSince(stored, from, undefined, true)).toBe(
          counted.filter((m) => m.at >= from || m.doubtful).length,
        );
        expect(countDays(stored, days)).toBe(new Set(counted.map((m) => days.dayOf(m.at))).size);
        const since = counted.filter((m) => m.at >= from);
        expect(countDays(stored, days, { from })).toBe(new Set(since.map((m) => days.dayOf(m.at))).size);
        expect(newestEntry(stored)).toBe(counted.length > 0 ? Math.max(...counted.map((m) => m.at)) : undefined);
      }),
      { numRuns: 150 },
    );
  });

  it('of which any bit has flipped are not decided on', () => {
    const usage = of(check(1, { sector: 'A' }), { ...exit(2), sector: 'A' }, check(3, { slot: '*' }), check(4));
    const bytes = encodeUsage(usage);
    const said = (u: Usage): unknown => [survey(u, { ...ask, sector: 'A' }), summarise(u), u.blocked];
    const whole = JSON.stringify(said(usage));
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeUsage(flipped), `bit ${bit}`).toThrow(/damaged|unknown format/);
      // A decision opens the parts one by one: what it reads is right, or it is refused.
      let read: string | undefined;
      try {
        read = JSON.stringify(said(openUsage(flipped)));
      } catch {
        continue;
      }
      expect(read).toBe(whole);
    }
  });

  it('telling everything from elsewhere again changes nothing', () => {
    fc.assert(
      fc.property(history, (records) => {
        const told = records.filter((r) => r.kind === 'elsewhere');
        const once = of(...records);
        expect(encodeUsage(told.reduce<Usage>(fold, once)).equals(encodeUsage(once))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('are a fraction of the record of a check', () => {
    expect(encodeUsage(of(check(1))).length).toBeLessThan(encodeJson(check(1)).length);
  });
});
