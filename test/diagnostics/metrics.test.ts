import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposition } from '../../src/diagnostics/exposition.js';
import { METRICS, metricsText } from '../../src/diagnostics/metrics.js';
import type { ReadModel } from '../../src/diagnostics/read-model.js';
import type { GateEvent } from '../../src/diagnostics/reports.js';
import { Tally } from '../../src/diagnostics/tally.js';

interface Parsed {
  types: Map<string, string>;
  helps: Map<string, string>;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const UNESCAPE: Record<string, string> = { '\\\\': '\\', '\\n': '\n', '\\"': '"' };

/** The text format by its grammar: what is not exactly that is an error. */
function parse(text: string): Parsed {
  expect(text.endsWith('\n')).toBe(true);
  const out: Parsed = { types: new Map(), helps: new Map(), samples: [] };
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      const map = kind === 'HELP' ? out.helps : out.types;
      if (map.has(name)) throw new Error(`${kind} of ${name} twice`);
      map.set(name, rest);
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample) throw new Error(`not a line of the format: ${line}`);
    const [, name, inside = '', value] = sample as unknown as [string, string, string | undefined, string];
    const labels: Record<string, string> = {};
    const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
    while (pair.lastIndex < inside.length) {
      const found = pair.exec(inside);
      if (!found) throw new Error(`labels of ${line}`);
      labels[found[1] as string] = (found[2] as string).replaceAll(/\\["\\n]/g, (e) => UNESCAPE[e] as string);
    }
    const parsed = value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
    if (value !== 'NaN' && Number.isNaN(parsed)) throw new Error(`value of ${line}`);
    out.samples.push({ name, labels, value: parsed });
  }
  return out;
}

const decision = (lane: string, admitted: boolean, reason: string, decidedAfter: number): GateEvent => ({
  event: 'decision',
  data: {
    lane,
    at: 0,
    code: '***1',
    admitted,
    reason: reason as 'admitted',
    message: '',
    decidedAfter,
    ...(admitted && { grantedAfter: decidedAfter + 3 }),
  },
});

function model(tally: Tally): Pick<ReadModel, 'status' | 'live' | 'venue' | 'tally'> {
  const status = {
    gate: 'north "1"\\\n',
    at: 10_000,
    startedAt: 4_000,
    health: 'degraded',
    conditions: [{ severity: 'degraded', what: '', remedy: '' }],
    lanes: [
      {
        id: 'lane-1',
        mode: 'controlled',
        counters: { reads: 3, forced: 1 },
        devices: [{ role: 'reader-0', driver: 'virtual', status: { state: 'ready', counters: {} } }],
      },
    ],
    journal: { lastSeq: 7, waiting: 2, failure: null },
    sync: {
      pull: { scopes: [{ items: 100, completeAt: 4_000 }] },
      push: { rejected: 1 },
      secutix: { skewMs: -250, answeredAt: 9_000, failedAt: 1, month: { calls: 5 } },
    },
    memory: 123,
  };
  return {
    tally,
    status: () => status as unknown as ReturnType<ReadModel['status']>,
    live: {
      vitals: () => ({ loopDelay: 2, disk: { free: 5, total: 9 }, temperature: null }),
    } as unknown as ReadModel['live'],
    venue: {
      report: () => ({
        role: 'hub',
        broker: { connected: true },
        claims: { granted: 4, used: 1, longest: 12 },
        risk: { made: 0, bound: 5 },
        hub: {
          phase: 'serving',
          why: null,
          commit: 9,
          conflicts: 0,
          counters: { granted: 4, used: 1, unknown: 0, groups: 3 },
          gates: [{ gate: 'north', joined: true, lastSeq: 9, cursor: 5, list: { same: true } }],
        },
      }),
      counts: () => ({ inside: 3, entries: 4, exits: 1, refused: 1, sectors: [{ sector: 'park', inside: 3 }] }),
    } as unknown as ReadModel['venue'],
  };
}

describe('metrics', () => {
  it('are what the gate knows, in the format that is parsed by its grammar', () => {
    const tally = new Tally();
    for (const event of [
      decision('lane-1', true, 'admitted', 1),
      decision('lane-1', true, 'admitted', 40),
      decision('lane-1', false, 'already-used', 9_000),
    ])
      tally.onEvent(event);
    const { types, helps, samples } = parse(metricsText(model(tally)));
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v))?.value;
    expect(value('portillon_decisions_total', { lane: 'lane-1', result: 'admitted', reason: 'admitted' })).toBe(2);
    expect(value('portillon_decisions_total', { result: 'refused', reason: 'already-used' })).toBe(1);
    expect(value('portillon_decision_seconds_bucket', { le: '0.001' })).toBe(1);
    expect(value('portillon_decision_seconds_bucket', { le: '0.05' })).toBe(2);
    expect(value('portillon_decision_seconds_bucket', { le: '5' })).toBe(2);
    expect(value('portillon_decision_seconds_bucket', { le: '+Inf' })).toBe(3);
    expect(value('portillon_decision_seconds_sum')).toBeCloseTo(9.041);
    expect(value('portillon_grant_seconds_count')).toBe(2);
    expect(value('portillon_info', { gate: 'north "1"\\\n' })).toBe(1);
    expect(value('portillon_list_age_seconds')).toBe(6);
    expect(value('portillon_queue_depth')).toBe(2);
    expect(value('portillon_claims_total', { outcome: 'granted' })).toBe(4);
    expect(value('portillon_claims_total', { outcome: 'longest' })).toBeUndefined();
    expect(value('portillon_claim_longest_seconds')).toBe(0.012);
    expect(value('portillon_risk_bound')).toBe(5);
    expect(value('portillon_gate_joined', { gate: 'north' })).toBe(1);
    expect(value('portillon_gate_queue_depth', { gate: 'north' })).toBe(4);
    expect(value('portillon_venue_inside')).toBe(3);
    expect(value('portillon_link_up')).toBe(1);
    expect(value('portillon_temperature_celsius')).toBeUndefined();
    // Every sample belongs to a family that says what it is; no series comes twice.
    const family = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
    for (const { name } of samples) expect(types.has(name) || types.get(family(name)) === 'histogram').toBe(true);
    expect([...helps.keys()]).toEqual([...types.keys()]);
    expect(new Set(samples.map((s) => JSON.stringify([s.name, s.labels]))).size).toBe(samples.length);
  });

  it('every family has the labels it documents, and the table names all of them', () => {
    const table = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const { samples } = parse(metricsText(model(new Tally())));
    for (const { name, type, labels = [], help } of METRICS) {
      const row = table.split('\n').find((line) => line.startsWith(`| \`${name}\``));
      const cells = row?.split(/(?<!\\)\|/).map((cell) => cell.trim());
      expect(cells?.slice(2, 5)).toEqual([type, labels.map((l) => `\`${l}\``).join(', '), help.replaceAll('|', '\\|')]);
      for (const sample of samples.filter((s) => s.name === name)) expect(Object.keys(sample.labels)).toEqual(labels);
      expect(type === 'counter' && !/_(total|seq)$/.test(name) ? name : '').toBe('');
    }
  });

  it('any text is a label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.double(), (label, value) => {
        const text = exposition([[{ name: 'm', type: 'gauge', help: label }, [{ labels: { label }, value }]]]);
        // A carriage return or another line separator is no end of a line in this format.
        const [sample] = parse(text).samples;
        expect(sample?.labels.label).toBe(label);
        expect(Object.is(sample?.value, value) || Number.isNaN(value) || value === 0).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
