import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sensed } from '../../drivers/kit/passage-sensor.js';
import { PassageSensor } from '../../drivers/kit/passage-sensor.js';

const RULES = { passMin: 30, passMax: 10_000 };

/** Plays edges and lets time run on to the end. */
function play(edges: readonly (['A' | 'B', boolean, number] | ['ready', number])[], until = 60_000): Sensed[] {
  const sensor = new PassageSensor(RULES);
  const out: Sensed[] = [];
  const upTo = (time: number): void => {
    for (let due = sensor.next(); due !== undefined && due <= time; due = sensor.next()) {
      const more = sensor.tick(due);
      out.push(...more);
      if (more.length === 0 && sensor.next() === due) throw new Error('a tick that is due does nothing');
    }
  };
  for (const edge of edges) {
    const at = edge.at(-1) as number;
    upTo(at);
    out.push(...(edge[0] === 'ready' ? sensor.ready(at) : sensor.edge(edge[0], edge[1], at)));
  }
  upTo(until);
  return out;
}

describe('pass contacts', () => {
  it('a contact of 100 ms is one passage, at the time it began', () => {
    expect(
      play([
        ['A', true, 1000],
        ['A', false, 1100],
      ]),
    ).toEqual([{ kind: 'passage', way: 'A', at: 1000 }]);
  });
  it('a contact of 40 ms is a passage too, one of 10 ms is a glitch', () => {
    expect(
      play([
        ['B', true, 1000],
        ['B', false, 1040],
      ]),
    ).toMatchObject([{ kind: 'passage', way: 'B' }]);
    expect(
      play([
        ['B', true, 1000],
        ['B', false, 1010],
      ]),
    ).toEqual([{ kind: 'glitch', way: 'B' }]);
  });
  it('a bouncing contact is one passage', () => {
    expect(
      play([
        ['A', true, 1000],
        ['A', false, 1003],
        ['A', true, 1006],
        ['A', false, 1120],
      ]),
    ).toHaveLength(1);
  });
  it('both contacts together are a power cut: a fault, and nothing is counted until both rest', () => {
    const sensed = play([
      ['A', true, 1000],
      ['B', true, 1030],
      ['A', false, 3000],
      ['B', false, 3010],
      ['A', true, 4000],
      ['A', false, 4100],
    ]);
    expect(sensed.map((s) => s.kind)).toEqual(['fault', 'fault-over', 'passage']);
  });
  it('a contact together with `ready` is a power cut', () => {
    expect(
      play([
        ['A', true, 1000],
        ['ready', 1020],
        ['A', false, 2000],
      ]).map((s) => s.kind),
    ).toEqual(['fault', 'fault-over']);
    expect(
      play([
        ['ready', 990],
        ['A', true, 1000],
        ['A', false, 2000],
      ]).map((s) => s.kind),
    ).toEqual(['fault', 'fault-over']);
  });
  it('a look that may have missed the moment counts from the look before: the other contact is not late', () => {
    const sensor = new PassageSensor(RULES);
    sensor.edge('A', true, 1000, 960);
    // Three looks were lost in between.
    expect(sensor.edge('B', true, 1400, 990)).toMatchObject([{ kind: 'fault' }]);
    expect(sensor.tick(5000)).toEqual([]);
  });
  it('one way and then the other, with a look in between that saw rest, are two people', () => {
    const sensor = new PassageSensor(RULES);
    sensor.edge('A', true, 1000, 960);
    sensor.edge('A', false, 1090, 1030);
    expect(sensor.tick(1060)).toMatchObject([{ kind: 'passage', way: 'A' }]);
    sensor.edge('B', true, 1150, 1100);
    expect(sensor.tick(1210)).toMatchObject([{ kind: 'passage', way: 'B' }]);
  });
  it('a board that goes away takes along what was not judged, and comes back without a past', () => {
    const sensor = new PassageSensor(RULES);
    sensor.edge('A', true, 1000);
    expect(sensor.stop()).toEqual([]);
    expect(sensor.next()).toBeUndefined();
    expect(sensor.start({ A: false, B: false }, 9000)).toEqual([]);
    sensor.edge('A', true, 10_000);
    expect(sensor.tick(10_050)).toMatchObject([{ kind: 'passage' }]);
  });
  it('a turnstile that has no power when the gate starts is a fault, and heals', () => {
    const sensor = new PassageSensor(RULES);
    expect(sensor.start({ A: true, B: true }, 1000)).toMatchObject([{ kind: 'fault' }]);
    sensor.edge('A', false, 5000);
    expect(sensor.edge('B', false, 5001)).toEqual([{ kind: 'fault-over' }]);
  });
  it('an arm that is half-way when the gate starts is no passage; the next one is', () => {
    const sensor = new PassageSensor(RULES);
    expect(sensor.start({ A: true, B: false }, 1000)).toEqual([]);
    expect(sensor.edge('A', false, 2000)).toEqual([]);
    sensor.edge('A', true, 3000);
    expect(sensor.tick(3060)).toMatchObject([{ kind: 'passage' }]);
  });
  it('an arm held half-way is one passage and then a fault, until it is let go', () => {
    const sensed = play([
      ['A', true, 1000],
      ['A', false, 20_000],
    ]);
    expect(sensed.map((s) => s.kind)).toEqual(['passage', 'fault', 'fault-over']);
  });
  it('any edges: no exception, never more passages than rising edges, faults alternate with their end', () => {
    const edge = fc.tuple(fc.constantFrom('A' as const, 'B' as const), fc.boolean(), fc.integer({ min: 0, max: 400 }));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 60 }), (gaps) => {
        let at = 0;
        const edges = gaps.map(([way, active, gap]) => [way, active, (at += gap)] as ['A' | 'B', boolean, number]);
        const sensed = play(edges);
        const rising = edges.filter(([, active]) => active).length;
        expect(sensed.filter((s) => s.kind === 'passage').length).toBeLessThanOrEqual(rising);
        const faults = sensed.filter((s) => s.kind === 'fault' || s.kind === 'fault-over').map((s) => s.kind);
        faults.forEach((kind, i) => expect(kind).toBe(i % 2 === 0 ? 'fault' : 'fault-over'));
      }),
    );
  });
});
