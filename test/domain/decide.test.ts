import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidates } from '../../src/domain/decide.js';
import { decide } from '../../src/domain/decide.js';
import type { LaneRules } from '../../src/domain/rulebook.js';
import type { Ticket } from '../../src/domain/ticket.js';
import type { Usage } from '../../src/domain/usage.js';
import { insert, NO_USAGE } from '../../src/domain/usage.js';
import { ticket } from '../support/builders.js';
import { referenceDecision } from './reference-model.js';

const lane: LaneRules = {
  lane: 'lane-1',
  direction: 'entry',
  products: ['P1'],
  performances: ['PERF1'],
  entrances: ['A'],
};
const entry = { gate: 'g', seq: 1, at: 5, lane: 'lane-2', direction: 'entry' as const };
const used = (slot: string): Usage => insert(NO_USAGE, { ...entry, slot });
const one = (t: Ticket, usage: Usage = NO_USAGE): Candidates => ({
  via: 'ticket',
  candidates: [{ ticket: t, usage }],
});
const card = (...tickets: [Ticket, Usage?][]): Candidates => ({
  via: 'container',
  candidates: tickets.map(([t, u]) => ({ ticket: t, usage: u ?? NO_USAGE })),
});

describe('decide, row by row of the reasons table', () => {
  const rows: [string, Candidates, string][] = [
    ['a valid ticket', one(ticket('1')), 'admitted'],
    ['no such ticket', { via: 'none', candidates: [] }, 'unknown'],
    ['no list yet', { via: 'none', candidates: [] }, 'list-empty'],
    ['a known card without tickets', { via: 'container', candidates: [] }, 'no-valid-ticket-in-container'],
    ['a state that cannot be read', one(ticket('1', { state: 'UNREADABLE' })), 'unreadable'],
    ['cancelled', one(ticket('1', { state: 'CANCELLED' })), 'cancelled'],
    [
      'cancelled and used: the cancellation is the news',
      one(ticket('1', { state: 'CANCELLED' }), used('PERF1')),
      'cancelled',
    ],
    ['another product', one(ticket('1', { product: 'P2' })), 'wrong-event'],
    ['another performance', one(ticket('1', { performance: 'PERF2' })), 'wrong-event'],
    ['another entrance', one(ticket('1', { entrance: 'B' })), 'wrong-entrance'],
    ['the entrance was trimmed from the export', one(ticket('1')), 'admitted'],
    ['before its validity', one(ticket('1', { validFrom: 101 })), 'too-early'],
    ['at the first millisecond', one(ticket('1', { validFrom: 100 })), 'admitted'],
    ['at the last millisecond', one(ticket('1', { validTo: 100 })), 'admitted'],
    ['after its validity', one(ticket('1', { validTo: 99 })), 'too-late'],
    ['used for this performance', one(ticket('1'), used('PERF1')), 'already-used'],
    ['used for another performance', one(ticket('1'), used('PERF9')), 'admitted'],
  ];
  it.each(rows)('%s', (_name, found, reason) => {
    const decision = decide(found, lane, { now: 100, ...(reason === 'list-empty' && { list: 'empty' }) });
    expect(decision.reason).toBe(reason);
    expect(decision.admitted).toBe(reason === 'admitted');
  });

  it('says when and where a ticket was used', () => {
    expect(decide(one(ticket('1'), used('PERF1')), lane, { now: 100 }).used).toMatchObject({ at: 5, lane: 'lane-2' });
  });

  it('counts an exit lane without using anything up', () => {
    const exit: LaneRules = { lane: 'out', direction: 'exit' };
    const decision = decide(one(ticket('1', { validTo: 1 }), used('PERF1')), exit, { now: 100 });
    expect(decision).toMatchObject({ admitted: true });
    expect(decision.slot).toBeUndefined();
  });
});

describe('a card with several tickets', () => {
  it('takes the one that ends first, then the lowest barcode', () => {
    const choose = (...t: [Ticket, Usage?][]) => decide(card(...t), lane, { now: 100 }).ticket?.barcode;
    expect(choose([ticket('1')], [ticket('2', { validTo: 200 })])).toBe('2');
    expect(choose([ticket('2')], [ticket('1')])).toBe('1');
  });

  it('takes the next one when the first is used, and reports that barcode', () => {
    const decision = decide(card([ticket('1'), used('PERF1')], [ticket('2')]), lane, { now: 100 });
    expect(decision).toMatchObject({ admitted: true, ticket: { barcode: '2' }, slot: 'PERF1' });
  });

  it('gives the reason of the closest miss', () => {
    const decision = decide(card([ticket('1', { performance: 'PERF9' })], [ticket('2'), used('PERF1')]), lane, {
      now: 100,
    });
    expect(decision).toMatchObject({ admitted: false, reason: 'already-used', ticket: { barcode: '2' } });
  });
});

const maybe = <T>(values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const candidate = fc
  .record({
    barcode: fc.constantFrom('1', '2', '3', '4', '5'),
    state: fc.constantFrom('VALID' as const, 'VALID' as const, 'CANCELLED' as const, 'UNREADABLE' as const),
    product: maybe(['P1', 'P2']),
    performance: maybe(['PERF1', 'PERF2']),
    entrance: maybe(['A', 'B']),
    validFrom: maybe([50, 150]),
    validTo: maybe([80, 120, 180]),
    usedSlot: maybe(['PERF1', 'PERF2', '*']),
  })
  .map(({ usedSlot, ...fields }) => {
    const defined = Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined)) as unknown as Ticket;
    return { ticket: defined, usage: usedSlot === undefined ? NO_USAGE : used(usedSlot) };
  });
const found = fc.uniqueArray(candidate, { maxLength: 5, selector: (c) => c.ticket.barcode }).chain((candidates) =>
  fc.record({
    via: fc.constant(candidates.length > 0 ? ('container' as const) : ('none' as const)),
    candidates: fc.constant(candidates),
    listEmpty: fc.boolean(),
  }),
);
const anyLane = fc.record({
  lane: fc.constant('lane-1'),
  direction: fc.constantFrom('entry' as const, 'exit' as const),
  products: maybe([['P1'], ['P1', 'P2']]),
  performances: maybe([['PERF1'], ['PERF1', 'PERF2']]),
  entrances: maybe([['A']]),
}) as fc.Arbitrary<LaneRules>;

describe('properties', () => {
  it('agrees with a reference model written as one sentence per candidate', () => {
    fc.assert(
      fc.property(found, anyLane, (f, l) => {
        const d = decide(f, l, { now: 100 });
        expect({ admitted: d.admitted, reason: d.reason, barcode: d.ticket?.barcode }).toEqual(
          referenceDecision(f, l, 100),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(found, anyLane, (f, l) => {
        const reversed = { ...f, candidates: [...f.candidates].reverse() };
        expect(decide(reversed, l, { now: 100 })).toEqual(decide(f, l, { now: 100 }));
      }),
    );
  });

  it('an admission to an entry lane always uses something up', () => {
    fc.assert(
      fc.property(found, anyLane, (f, l) => {
        const d = decide(f, l, { now: 100 });
        expect(d.slot !== undefined).toBe(d.admitted && l.direction === 'entry');
      }),
    );
  });
});
