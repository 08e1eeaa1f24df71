import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abandon,
  beginGeneration,
  compare,
  copyGeneration,
  entriesOf,
  indexPrinted,
  removeGarbage,
  swap,
} from '../../src/store/list-generations.js';
import { dropRetired } from '../../src/store/list-drop.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { storeKeyOf } from '../../src/store/seal.js';
import { temporaryFolder, ticket } from '../support/builders.js';
import { both, page } from '../support/list-rig.js';

const pace = async (): Promise<void> => {};
const KEY = storeKeyOf('a key of a test that is long enough to be taken');

const barcodes = async (writer: ListWriter, generation = writer.generation): Promise<string[]> => {
  const all = [];
  for await (const piece of entriesOf(writer, generation)) all.push(...piece.map((e) => e.ticket.barcode));
  return all.sort();
};

describe.each([
  ['an open list', {}],
  ['a sealed list', { storeKey: KEY }],
])('generations of %s', (_name, options) => {
  it('a new one is built unseen, swapped in at one instant, and the old one goes', async () => {
    const { list, writer } = await both(options);
    await writer.applyPage('k', page('1', ticket('a'), ticket('b', { container: 'CARD' }), ticket('c')), 5);
    const building = await beginGeneration(writer, 'resync', 7);
    const changed = ticket('b', { container: 'CARD', state: 'CANCELLED' });
    await writer.applyPage('k', page('9', ticket('a'), changed, ticket('d')), 8, building);
    expect(list.find('b', 'barcode').tickets[0]?.state).toBe('VALID');
    expect(list.find('d', 'barcode').via).toBe('none');
    expect(await compare(writer, writer.generation, building.generation, pace)).toEqual({
      tickets: { before: 3, after: 3 },
      new: 1,
      changed: 1,
      vanished: 1,
      examples: { new: ['d'], changed: ['b'], vanished: ['c'] },
    });
    const { position } = list.find('a', 'barcode');
    await swap(writer, building);
    expect(list.find('CARD', 'rfid').tickets.map((t) => t.state)).toEqual(['CANCELLED']);
    expect(list.find('c', 'barcode')).toMatchObject({ via: 'none', position: position + 1 });
    expect(writer.scope('k')).toMatchObject({ cursor: '9', completeAt: 8 });
    const old = building.generation - 1;
    expect(await barcodes(writer, old)).toHaveLength(3);
    await removeGarbage(writer, pace);
    expect(await barcodes(writer, old)).toEqual([]);
    expect(await barcodes(writer)).toEqual(['a', 'b', 'd']);
  });

  it('one that was begun goes on where it was cut off; one that is given up leaves nothing', async () => {
    const { writer } = await both(options);
    await writer.applyPage('k', page('1', ticket('a')), 5);
    const begun = await beginGeneration(writer, 'resync', 7);
    await writer.applyPage('k', page('half', ticket('a')), null, begun);
    expect(await beginGeneration(writer, 'resync', 99)).toEqual(begun);
    expect(writer.scope('k', begun.generation).cursor).toBe('half');
    // Another purpose begins anew.
    const verify = await beginGeneration(writer, 'verify', 9);
    expect(verify.generation).toBeGreaterThan(begun.generation);
    await abandon(writer);
    await removeGarbage(writer, pace);
    for (const generation of [begun.generation, verify.generation])
      expect(await barcodes(writer, generation)).toEqual([]);
    expect(await barcodes(writer)).toEqual(['a']);
  });

  it('a copy holds everything, cursors too', async () => {
    const { list, writer } = await both(options);
    await writer.applyPage('k', page('1', ticket('a', { container: 'C1' }), ticket('b', { container: 'C1' })), 5);
    const copy = await beginGeneration(writer, 'file', 7);
    await copyGeneration(writer, writer.generation, copy.generation, pace);
    await swap(writer, copy);
    expect(list.find('C1', 'rfid').tickets.map((t) => t.barcode)).toEqual(['a', 'b']);
    expect(writer.scope('k')).toMatchObject({ cursor: '1', tag: '1' });
  });

  it('a scope that is no more leaves nothing behind but what another one holds', async () => {
    const { list, writer } = await both(options);
    await writer.applyPage('old', page('1', ticket('a', { container: 'C' }), ticket('both', { container: 'C' })), 5);
    await writer.applyPage('new', page('2', ticket('both', { container: 'C' }), ticket('n')), null);
    expect(await barcodes(writer)).toEqual(['a', 'both', 'n']);
    expect(await dropRetired(writer, new Set(['new']), pace)).toBe(1);
    expect(await barcodes(writer)).toEqual(['both', 'n']);
    expect(list.find('C', 'rfid').tickets.map((t) => t.barcode)).toEqual(['both']);
    // Should it come back it begins at the beginning, under a name no ticket carries.
    expect(writer.scope('old')).toMatchObject({ cursor: null, pages: 0 });
    expect(await dropRetired(writer, new Set(['new']), pace)).toBe(0);
  });

  it('a printed code is found where it means one ticket, in a whole index only', async () => {
    const { list, writer } = await both({ ...options, dropFirst: 2 });
    await writer.applyPage('k', page('1', ticket('AA111'), ticket('BB222'), ticket('CC222'), ticket('DD')), 5);
    expect(list.find('111', 'barcode').via).toBe('none');
    await indexPrinted(writer, pace);
    expect(list.find('111', 'barcode')).toMatchObject({
      via: 'ticket',
      printed: true,
      tickets: [{ barcode: 'AA111' }],
    });
    expect(list.find('222', 'barcode').via).toBe('none');
    expect(list.find('111', 'rfid').via).toBe('none');
    expect(list.find('AA111', 'barcode').printed).toBeUndefined();
    await writer.applyPage('k', page('2', ticket('EE111')), 6);
    expect(list.find('111', 'barcode').via).toBe('none');
  });
});

describe('dropping scopes', () => {
  it('any scopes, any cut in the middle: in the end exactly the tickets of the scopes in force', async () => {
    const scopes = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 }), {
      minLength: 2,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(scopes, fc.nat(3), fc.nat(4), async (held, kept, cutAfter) => {
        const folder = temporaryFolder();
        let writer = await ListWriter.open(folder, { dropFirst: 1 });
        for (const [i, numbers] of held.entries()) {
          const tickets = numbers.map((n) => ticket(`T${n}`, n % 3 === 0 ? { container: `C${n % 5}` } : {}));
          await writer.applyPage(`k${i}`, page('1', ...tickets), 1);
        }
        const inForce = new Set([`k${kept % held.length}`]);
        let pieces = 0;
        const cut = async (): Promise<void> => {
          if (pieces++ >= cutAfter) throw new Error('cut');
        };
        await dropRetired(writer, inForce, cut).catch(() => {});
        await writer.close();
        writer = await ListWriter.open(folder, { dropFirst: 1 });
        await dropRetired(writer, inForce, pace);
        const expected = held[kept % held.length] as number[];
        expect(await barcodes(writer)).toEqual(expected.map((n) => `T${n}`).sort());
        for (let c = 0; c < 5; c++) {
          const on = expected.filter((n) => n % 3 === 0 && n % 5 === c).map((n) => `T${n}`);
          expect((writer.barcodesOn(writer.generation, `C${c}`) ?? []).sort()).toEqual(on.sort());
        }
        await writer.close();
      }),
      { numRuns: Number(process.env.PORTILLON_TEST_RUNS ?? 15) },
    );
  });
});
