import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf } from '../../src/domain/past.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import type { Page, Ticket } from '../../src/domain/ticket.js';
import { purgeTickets } from '../../src/store/list-drop.js';
import { entriesOf } from '../../src/store/list-generations.js';
import { ListMirror } from '../../src/store/list-mirror.js';
import { ListSource } from '../../src/store/list-source.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { temporaryFolder, ticket } from '../support/builders.js';

const pace = async (): Promise<void> => {};
const page = (...tickets: Ticket[]): Page => ({
  items: tickets.map((t) => ({ kind: 'ticket', ticket: t })),
  cursor: 'c',
  counted: tickets.length,
});
async function contents(list: ListWriter): Promise<{ tickets: string[]; cards: (string[] | undefined)[] }> {
  const tickets: string[] = [];
  for await (const piece of entriesOf(list, list.generation)) tickets.push(...piece.map((e) => e.ticket.barcode));
  const cards = ['C0', 'C1', 'C2'].map((c) => list.barcodesOn(list.generation, c));
  return { tickets: tickets.sort(), cards: cards.map((on) => (on?.length ? on : undefined)) };
}

describe('when a ticket has ended', () => {
  const programme = {
    ...NO_PROGRAMME,
    performances: [
      { code: 'A', season: 'S', start: 100, end: 200 },
      { code: 'B', season: 'S', start: 900 },
      { code: 'C', season: 'T' },
    ],
  };
  const end = endOf(programme);
  it.each([
    ['its performance, to its end', { performance: 'A' }, 200],
    ['its performance, where no end is known', { performance: 'B' }, 900],
    ['the later one of performance and validity', { performance: 'A', validTo: 500 }, 500],
    ['a performance the catalogue does not know may be to come', { performance: 'X', validTo: 5 }, undefined],
    ['a performance without a time too', { performance: 'C' }, undefined],
    ['a season, with its last performance', { season: 'S' }, 900],
    ['a season without times: its validity', { season: 'T', validTo: 7 }, 7],
    ['nothing is known', {}, undefined],
  ])('%s', (_what, facts, expected) => {
    expect(end({ barcode: 'b', state: 'VALID', ...facts })).toBe(expected);
  });
});

describe('the purge of a hub’s list', () => {
  it('leaves exactly what is not over, cut off anywhere; gates that follow the log hold the same', async () => {
    const pieces = fc.array(fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 15 }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 2, max: 5 }), fc.boolean(), async (pages, nth, snapshotFirst) => {
        const [hubFolder, gateFolder] = [temporaryFolder(), temporaryFolder()];
        const hub = await ListWriter.open(hubFolder, { keepLog: 100, dropFirst: 1 });
        const gateList = await ListWriter.open(gateFolder, { dropFirst: 1 });
        const gate = new ListMirror(gateList);
        const source = new ListSource(hubFolder);
        const catchUp = async (): Promise<void> => {
          for (let at = gate.position; at < hub.position; at++) {
            const lines = await source.page(at + 1);
            if (!lines) throw new Error('the log has a gap');
            await gate.applyPage(lines.lines, at + 1);
          }
        };
        for (const numbers of pages) {
          const tickets = numbers.map((n) => ticket(`T${n}`, n % 3 === 0 ? { container: `C${n % 3}` } : {}));
          await hub.applyPage('k', page(...tickets), 1);
          if (snapshotFirst) await catchUp();
        }
        if (!snapshotFirst) {
          const lines = await source.tickets('', 1000);
          await gate.applySnapshot(lines, { position: hub.position, after: '' }, undefined, 1);
        }
        const over = ({ barcode }: Ticket): boolean => Number(barcode.slice(1)) % nth === 0;
        const before = await contents(hub);
        await purgeTickets(hub, over, async () => {
          throw new Error('cut');
        }).catch(() => {});
        const dropped = await purgeTickets(hub, over, pace);
        const after = await contents(hub);
        expect(after.tickets).toEqual(before.tickets.filter((b) => Number(b.slice(1)) % nth !== 0));
        expect(dropped).toBeLessThanOrEqual(before.tickets.length - after.tickets.length);
        await catchUp();
        expect(await contents(gateList)).toEqual(after);
        const sum = await source.hash();
        expect(sum).toEqual({ position: hub.position, hash: gate.hash });
        // Followed line by line it is the sum of what is there.
        expect((await new ListSource(hubFolder).hash())?.hash).toBe(gate.hash);
        // A ticket that comes again is there again.
        await hub.applyPage('k', page(ticket('T0')), 2);
        await catchUp();
        expect((await contents(gateList)).tickets).toContain('T0');
        await Promise.all([hub.close(), gateList.close()]);
      }),
      { numRuns: Number(process.env.PORTILLON_TEST_RUNS ?? 12) },
    );
  });
});
