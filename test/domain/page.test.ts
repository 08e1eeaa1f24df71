import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPage } from '../../src/domain/page.js';
import type { PageItem, Ticket } from '../../src/domain/ticket.js';
import { ticket } from '../support/builders.js';

class Memory {
  readonly tickets = new Map<string, Ticket>();
  readonly containers = new Map<string, readonly string[]>();
  apply(items: PageItem[]): ReturnType<typeof planPage> {
    const changes = planPage(items, { ticket: (b) => this.tickets.get(b), container: (c) => this.containers.get(c) });
    for (const [b, t] of changes.tickets) this.tickets.set(b, t);
    for (const [c, list] of changes.containers) this.containers.set(c, list);
    return changes;
  }
}
const item = (t: Ticket): PageItem => ({ kind: 'ticket', ticket: t });

describe('planPage', () => {
  it('keeps the index right when a ticket moves to another card, is cancelled and valid again', () => {
    const m = new Memory();
    m.apply([item(ticket('1', { container: 'A' })), item(ticket('2', { container: 'A' }))]);
    expect(m.containers.get('A')).toEqual(['1', '2']);
    m.apply([item(ticket('1', { container: 'B' }))]);
    expect(m.containers.get('A')).toEqual(['2']);
    expect(m.containers.get('B')).toEqual(['1']);
    m.apply([item(ticket('2', { container: 'A', state: 'CANCELLED' }))]);
    expect(m.containers.get('A')).toEqual(['2']);
    m.apply([item(ticket('2', { state: 'VALID' }))]);
    expect(m.containers.get('A')).toEqual([]);
  });

  it('the last line of a barcode wins within a page (VALID then CANCELLED)', () => {
    const m = new Memory();
    const { counts } = m.apply([
      item(ticket('1')),
      item(ticket('1', { state: 'CANCELLED', cancellationCause: 'REFUND' })),
    ]);
    expect(m.tickets.get('1')).toMatchObject({ state: 'CANCELLED', cancellationCause: 'REFUND' });
    expect(counts).toMatchObject({ new: 1, cancelled: 1 });
  });

  it('writes nothing for a line that says what is known', () => {
    const m = new Memory();
    m.apply([item(ticket('1', { extra: { a: 1 } }))]);
    const { tickets, counts } = m.apply([item(ticket('1', { extra: { a: 1 } }))]);
    expect(tickets.size).toBe(0);
    expect(counts.unchanged).toBe(1);
  });

  const line = fc
    .record({
      barcode: fc.constantFrom('1', '2', '3', '4'),
      state: fc.constantFrom('VALID' as const, 'CANCELLED' as const),
      container: fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
    })
    .map(({ container, ...rest }) =>
      item(ticket(rest.barcode, { state: rest.state, ...(container && { container }) })),
    );

  it('any split of the same stream into pages gives the same list, and the index is what the tickets say', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        (lines, sizes) => {
          const whole = new Memory();
          whole.apply(lines);
          const paged = new Memory();
          for (let i = 0, k = 0; i < lines.length; k++) {
            const size = sizes[k % sizes.length] as number;
            paged.apply(lines.slice(i, i + size));
            i += size;
          }
          expect(paged.tickets).toEqual(whole.tickets);
          const filled = (m: Memory) => [...m.containers].filter(([, b]) => b.length > 0).sort();
          expect(filled(paged)).toEqual(filled(whole));
          for (const [id, barcodes] of paged.containers) {
            const expected = [...paged.tickets.values()].filter((t) => t.container === id).map((t) => t.barcode);
            expect(barcodes).toEqual(expected.sort());
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
