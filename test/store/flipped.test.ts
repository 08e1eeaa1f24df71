import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ticket } from '../../src/domain/ticket.js';
import { silentLog } from '../../src/log.js';
import { listAsides } from '../../src/store/aside.js';
import { isUnreadable } from '../../src/store/damage.js';
import { keys } from '../../src/store/keys.js';
import { TicketList } from '../../src/store/list.js';
import { entriesOf } from '../../src/store/list-generations.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { openDatabase } from '../../src/store/open.js';
import { isSuspect } from '../../src/store/scrub.js';
import { openStores } from '../../src/store/start.js';
import { temporaryFolder, ticket } from '../support/builders.js';

/** More for a long run: PORTILLON_TEST_DAMAGE=5000. */
const RUNS = Number(process.env.PORTILLON_TEST_DAMAGE ?? '25');
const pace = async (): Promise<void> => {};

const TICKETS: Ticket[] = Array.from({ length: 150 }, (_, n) =>
  ticket(`1234567890${String(n).padStart(4, '0')}`, {
    state: n % 2 === 0 ? 'VALID' : 'CANCELLED',
    ...(n % 5 === 0 && { container: `04A1B2C3D4E5F${n % 20}` }),
  }),
);
const TRUTH = new Map(TICKETS.map((t) => [t.barcode, t]));

/** A list whose tickets are all in tables, as most of a large one are. */
async function makeList(): Promise<string> {
  const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'portillon-')), 'list');
  const writer = await ListWriter.open(folder, { dropFirst: 4 });
  const items = TICKETS.map((t) => ({ kind: 'ticket' as const, ticket: t }));
  await writer.applyPage('k', { items, cursor: '1', counted: items.length }, 1);
  await writer.db().compactRange('', '~');
  await writer.close();
  return folder;
}
const tablesOf = (folder: string): string[] => readdirSync(folder).filter((n) => n.endsWith('.ldb'));

/** Codes that the keys of the damaged list now stand for: one of them is what a flipped bit made. */
async function codesIn(folder: string): Promise<string[]> {
  const codes: string[] = [];
  const db = await openDatabase(folder, 'list');
  try {
    for await (const key of db.keys({ gt: 'g!', lt: 'g"' })) codes.push(keys.barcodeOf(key));
  } catch {
    // What is behind it cannot be read.
  } finally {
    await db.close();
  }
  return codes;
}

/** False = it could not even be opened, which everybody notices. */
async function readAll(folder: string): Promise<boolean> {
  let codes: Set<string>;
  try {
    codes = new Set([...TRUTH.keys(), ...(await codesIn(folder))]);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return false;
  }
  const list = await TicketList.open(folder, { dropFirst: 4 });
  for (const code of codes)
    for (const medium of ['barcode', 'rfid'] as const) {
      try {
        for (const found of list.find(code, medium).tickets) expect(found).toEqual(TRUTH.get(found.barcode));
      } catch (error) {
        // Nobody is admitted on what cannot be read.
        if (!isUnreadable(error)) throw error;
      }
    }
  await list.close();
  return true;
}

describe('a bit that the disk has turned in a table of the list', () => {
  let original: string;
  beforeAll(async () => {
    original = await makeList();
  });
  afterAll(() => rmSync(path.dirname(original), { recursive: true }));

  it('gives nobody another ticket’s right, and is found by reading all of it', { timeout: 600_000 }, async () => {
    const flip = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat(7) });
    await fc.assert(
      fc.asyncProperty(flip, async ({ at, bit }) => {
        const data = temporaryFolder();
        const folder = path.join(data, 'list');
        cpSync(original, folder, { recursive: true });
        const [name] = tablesOf(folder) as [string];
        const bytes = readFileSync(path.join(folder, name));
        const place = Math.floor(bytes.length * at);
        bytes[place] = (bytes[place] as number) ^ (1 << bit);
        writeFileSync(path.join(folder, name), bytes);

        if (await readAll(folder)) {
          const writer = await ListWriter.open(folder, { dropFirst: 4 });
          await writer.scrub(pace);
          expect(writer.damaged).toBeGreaterThan(0);
          // The generation in force may be what cannot be read.
          const generation = ((): number | undefined => writer.tolerate(() => writer.generation))();
          if (generation !== undefined)
            for await (const piece of entriesOf(writer, generation))
              for (const entry of piece) expect(entry.ticket).toEqual(TRUTH.get(entry.ticket.barcode));
          await writer.close();
          expect(isSuspect(folder)).toBe(true);
        }

        // The next start reads all of it, sets it aside and begins a new one.
        const stores = await openStores({ data, gate: 'g', storeKey: undefined, now: () => 1, log: silentLog });
        expect(listAsides(data).map((a) => a.kind)).toEqual(['list']);
        expect(stores.list.find(TICKETS[0]?.barcode ?? '', 'barcode').position).toBe(0);
        await stores.close();
        expect(isSuspect(folder)).toBe(false);
        rmSync(data, { recursive: true });
      }),
      { numRuns: RUNS },
    );
  });

  it('a whole list is not suspected', async () => {
    const writer = await ListWriter.open(original, { dropFirst: 4 });
    await writer.scrub(pace);
    expect([tablesOf(original).length > 0, writer.damaged]).toEqual([true, 0]);
    await writer.close();
    expect(isSuspect(original)).toBe(false);
  });
});
