import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withoutCodes } from '../../src/diagnostics/bundle.js';
import { LogRing } from '../../src/diagnostics/log-ring.js';
import type { GateEvent, LaneReport } from '../../src/diagnostics/reports.js';
import { TraceBook } from '../../src/diagnostics/trace.js';
import { KEPT_MINUTES, Trends } from '../../src/diagnostics/trends.js';
import { WiringWatch } from '../../src/diagnostics/wiring.js';
import { temporaryFolder } from '../support/builders.js';

const decision = (lane: string, at: number, admitted = true): GateEvent => ({
  event: 'decision',
  data: {
    lane,
    at,
    code: '12***',
    admitted,
    reason: admitted ? 'admitted' : 'unknown',
    message: '',
    decidedAfter: at % 7,
  },
});
const outcome = (lane: string, at: number, what: 'passed' | 'not-passed'): GateEvent => ({
  event: 'outcome',
  data: { lane, at, of: 1, outcome: what },
});
const incident = (lane: string, at: number, what: 'forced' | 'passage'): GateEvent => ({
  event: 'incident',
  data: { lane, at, what, direction: 'entry' },
});

describe('wiring, read out of passages', () => {
  const told = (events: GateEvent[]): string[] => {
    const watch = new WiringWatch();
    for (const event of events) watch.onEvent(event);
    return watch.conditions().map((c) => `${c.lane} ${c.kind}`);
  };
  /** Lane 1 opens, somebody walks through lane 2. */
  const crossed = (at: number): GateEvent[] => [
    decision('lane-1', at),
    incident('lane-2', at + 2_000, 'forced'),
    outcome('lane-1', at + 5_500, 'not-passed'),
  ];

  it('two people who walked through the other lane are swapped relays; one is somebody who jumped', () => {
    expect(told(crossed(0))).toEqual([]);
    expect(told([...crossed(0), ...crossed(20_000)])).toEqual(['lane-1 relay-crossed']);
  });
  it('a person who walks through lane 1 as granted ends the suspicion', () => {
    expect(
      told([...crossed(0), ...crossed(20_000), decision('lane-1', 40_000), outcome('lane-1', 41_000, 'passed')]),
    ).toEqual([]);
  });
  it('grants in a row that nobody used, and passages the other way, are told apart', () => {
    const unused = (at: number): GateEvent[] => [decision('lane-1', at), outcome('lane-1', at + 5_500, 'not-passed')];
    expect(told([0, 1, 2].flatMap((i) => unused(i * 20_000)))).toEqual([]);
    expect(told([0, 1, 2, 3].flatMap((i) => unused(i * 20_000)))).toEqual(['lane-1 nobody-passes']);
    const other = (at: number): GateEvent[] => [
      decision('lane-1', at),
      incident('lane-1', at + 1_000, 'passage'),
      outcome('lane-1', at + 5_500, 'not-passed'),
    ];
    expect(told([...other(0), ...other(20_000)])).toEqual(['lane-1 passage-other-way']);
  });
  it('refusals and passages long after a grant prove nothing', () => {
    const late = (at: number): GateEvent[] => [
      decision('lane-1', at),
      outcome('lane-1', at + 5_500, 'not-passed'),
      incident('lane-2', at + 30_000, 'forced'),
    ];
    expect(told([...late(0), ...late(60_000), decision('lane-2', 1, false)])).toEqual([]);
  });
});

describe('trends', () => {
  const lane = (counters: Record<string, number>, frames: number, noise: number): LaneReport => ({
    id: 'lane-1',
    direction: 'entry',
    mode: 'controlled',
    phase: 'ready',
    passageSensor: true,
    active: [],
    counters,
    devices: [{ role: 'reader-0', driver: 'x', status: { state: 'ready', counters: { frames, noise } } }],
  });

  it('counts by minute, survives a restart, and is bounded', () => {
    const file = path.join(temporaryFolder(), 'trends.json');
    const trends = new Trends(file);
    trends.sample(60_000, [lane({ passed: 5 }, 10, 1)]);
    trends.onEvent(decision('lane-1', 61_000));
    trends.onEvent(decision('lane-1', 62_000, false));
    trends.sample(63_000, [lane({ passed: 6, forced: 1 }, 12, 4)]);
    const [minute] = trends.report().minutes;
    expect(minute).toMatchObject({
      at: 60_000,
      passages: 2,
      admitted: 1,
      refused: 1,
      reasons: { unknown: 1 },
      readers: { 'lane-1/reader-0': { codes: 2, noise: 3 } },
    });
    expect(minute?.decision?.max).toBe(Math.max(61_000 % 7, 62_000 % 7));
    trends.save();
    expect(new Trends(file).report().minutes).toEqual([minute]);
    for (let i = 2; i < KEPT_MINUTES + 50; i++) trends.sample(i * 60_000, []);
    expect(trends.report().minutes.length).toBe(KEPT_MINUTES + 1);
  });

  it('a counter that starts anew and a file that is cut short do no harm', () => {
    const file = path.join(temporaryFolder(), 'trends.json');
    writeFileSync(file, '{"version":1,"minu');
    const trends = new Trends(file);
    trends.sample(0, [lane({ passed: 5 }, 10, 1)]);
    trends.sample(1_000, [lane({ passed: 0 }, 0, 0)]);
    expect(trends.report().minutes).toMatchObject([{ passages: 0 }]);
  });
});

describe('what is kept of wires and logs', () => {
  it('the trace is bounded by entries and bytes, and cuts a long piece', () => {
    const book = new TraceBook(() => 1);
    const trace = book.of('lane-1/reader-0');
    const heard: string[] = [];
    const off = book.on((entry) => heard.push(entry.hex ?? entry.text ?? ''));
    trace('in', Buffer.from('4142', 'hex'));
    trace('out', 'grantA on');
    expect(heard).toEqual(['4142', 'grantA on']);
    off();
    for (let i = 0; i < 1_000; i++) trace('in', Buffer.alloc(10_000, i));
    const kept = book.last('lane-1/reader-0');
    expect(kept.reduce((sum, e) => sum + (e.hex?.length ?? 0) / 2, 0)).toBeLessThan(17_000);
    expect(kept.at(-1)).toMatchObject({ more: 10_000 - 512 });
    expect(book.totals()).toEqual({ 'lane-1/reader-0': { in: 10_000_002, out: 0 } });
    expect(heard.length).toBe(2);
  });

  it('the log keeps its last lines, finds a level, and says what is gone', () => {
    const ring = new LogRing();
    for (let i = 0; i < 3_000; i++) ring.add(`{"level":"${i % 10 === 0 ? 'warn' : 'info'}","n":${i}}\n`);
    expect(ring.dropped).toBe(1_000);
    expect(ring.tail(2)).toEqual(['{"level":"info","n":2998}', '{"level":"info","n":2999}']);
    expect(ring.tail(1, 'warn')).toEqual(['{"level":"warn","n":2990}']);
    ring.add('x'.repeat(2_000_000));
    expect(ring.tail(1)[0]?.length).toBe(4_000);
  });

  it('codes are masked and secrets out, however deep', () => {
    expect(
      withoutCodes({
        a: [{ credential: { code: '24282035061813972260', medium: 'rfid' }, secret: 'x' }],
        pins: { viewer: '1' },
        barcode: 'AB12345678CD',
        token: null,
      }),
    ).toEqual({
      a: [{ credential: { code: '24********2260', medium: 'rfid' }, secret: '[secret]' }],
      pins: '[secret]',
      barcode: 'AB******78CD',
      token: null,
    });
  });
});
