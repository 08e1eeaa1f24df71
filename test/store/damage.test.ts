import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../src/domain/records.js';
import { summarise } from '../../src/domain/usage.js';
import { silentLog } from '../../src/log.js';
import { listAsides } from '../../src/store/aside.js';
import { checkFiles } from '../../src/store/check-files.js';
import { Journal } from '../../src/store/journal.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { Retention } from '../../src/store/retention.js';
import { Seal, storeKeyOf } from '../../src/store/seal.js';
import type { Stores } from '../../src/store/start.js';
import { openStores } from '../../src/store/start.js';
import { SyncState } from '../../src/store/sync-state.js';
import { verifyJournal } from '../../src/store/verify.js';
import { cleanup, temporaryFolder, ticket } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';
import { check } from '../support/records.js';

/** More for a long run: PORTILLON_TEST_DAMAGE=5000. */
const RUNS = Number(process.env.PORTILLON_TEST_DAMAGE ?? '20');
const KEY = storeKeyOf('a key for the databases that are damaged here');

const start = (data: string, storeKey: Uint8Array | undefined): Promise<Stores> =>
  openStores({ data, gate: 'g', storeKey, now: () => Date.UTC(2026, 10, 25), log: silentLog });

interface Original {
  data: string;
  /** Every one there ever was: a lost file can bring back what was forgotten after its time. */
  written: Map<number, JournalRecord>;
  records: JournalRecord[];
}

/** A gate's data after some days: tables and logs, forgotten records, an outcome for every other admission. */
async function makeOriginal(storeKey: Uint8Array | undefined): Promise<Original> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'portillon-'));
  const clock = new FakeClock();
  const records: JournalRecord[] = [];
  const written: Original['written'] = new Map();
  for (let day = 0; day < 4; day++) {
    const stores = await start(data, storeKey);
    const { journal } = stores;
    for (let i = 0; i < 50; i++) {
      const barcode = `code-${day}-${i}`;
      const record = await journal.append(check(barcode, i % 3 !== 0, clock.now()));
      if (i % 3 === 1)
        await journal.append({
          kind: 'outcome',
          at: clock.now(),
          of: record.seq,
          outcome: 'not-passed',
          barcode,
          slot: 'PERF1',
        });
    }
    await clock.advance(24 * 3_600_000);
    for (const r of await journal.readAfter(0, 10_000)) written.set(r.seq, r);
    const retention = new Retention({
      journal,
      clock,
      acknowledged: () => journal.lastSeq,
      keepChecks: 2.5 * 24 * 3_600_000,
      keepUsage: 9e12,
      timeKnown: () => true,
      free: () => 1e12,
    });
    while (await retention.piece());
    for (const r of await journal.readAfter(0, 10_000)) written.set(r.seq, r);
    if (day === 3) records.push(...(await journal.readAfter(0, 10_000)));
    await stores.close();
  }
  const writer = await ListWriter.open(path.join(data, 'list'), { storeKey });
  for (let n = 0; n < 3; n++) {
    const items = Array.from({ length: 20 }, (_, i) => ({ kind: 'ticket' as const, ticket: ticket(`t${n}-${i}`) }));
    await writer.applyPage('k', { items, cursor: `${n}`, counted: 20 }, n);
  }
  await writer.close();
  const sync = await SyncState.open(path.join(data, 'sync'), storeKey);
  await sync.acknowledge(records.at(-1)?.seq ?? 0);
  await sync.close();
  return { data, records, written };
}

type Damage = { how: 'flip' | 'truncate' | 'remove'; file: number; at: number; bit: number };
const damage = fc.record({
  how: fc.constantFrom<Damage['how'][]>('flip', 'flip', 'flip', 'truncate', 'remove'),
  file: fc.nat(1000),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bit: fc.nat(7),
});

/** Everything LevelDB reads; its LOCK and its own LOG hold nothing. */
const filesOf = (folder: string): string[] => readdirSync(folder).filter((n) => !/^(LOCK|LOG|LOG\.old)$/.test(n));

function inflict(folder: string, { how, file, at, bit }: Damage): string {
  const files = filesOf(folder);
  const name = files[file % files.length] as string;
  const whole = path.join(folder, name);
  const place = Math.floor(statSync(whole).size * at);
  if (how === 'remove') rmSync(whole);
  else if (how === 'truncate') truncateSync(whole, place);
  else {
    const bytes = readFileSync(whole);
    if (bytes.length > 0) bytes[place] = (bytes[place] as number) ^ (1 << bit);
    writeFileSync(whole, bytes);
  }
  return `${how} ${name} at ${place} of ${statSync(whole, { throwIfNoEntry: false })?.size}`;
}

const bytesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(filesOf(folder).map((n) => [n, readFileSync(path.join(folder, n), 'base64')]));

describe.each([
  ['open', undefined],
  ['sealed', KEY],
])('damage of a journal (%s)', (_name, storeKey) => {
  let original: Original;
  beforeAll(async () => {
    original = await makeOriginal(storeKey);
  });
  afterAll(() => rmSync(original.data, { recursive: true }));

  it('an undamaged one is whole, and is not touched', async () => {
    const data = temporaryFolder();
    cpSync(original.data, data, { recursive: true });
    for (const kind of ['journal', 'list', 'sync'])
      expect(checkFiles(path.join(data, kind), { tables: true })).toEqual({ state: 'whole' });
    const stores = await start(data, storeKey);
    expect(listAsides(data)).toEqual([]);
    expect(await stores.journal.readAfter(0, 10_000)).toEqual(original.records);
    const proof = await verifyJournal(stores.journal.database);
    expect(proof).toMatchObject({ ok: true, problems: [], records: original.records.length });
    expect(proof.remarks).toHaveLength(1);
    await stores.close();
  });

  it('is noticed, or changes nothing; the readable part goes on, no number comes twice, the files are kept', async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (d) => {
        const data = path.join(temporaryFolder(), 'data');
        cpSync(original.data, data, { recursive: true });
        const what = inflict(path.join(data, 'journal'), d);
        const damaged = bytesOf(path.join(data, 'journal'));
        const stores = await start(data, storeKey);
        const { journal } = stores;
        const [aside] = listAsides(data);
        const there = await journal.readAfter(0, 100_000);
        const proof = await verifyJournal(journal.database);
        expect(proof.problems, what).toEqual([]);
        if (aside) {
          expect(aside.kind).toBe('journal');
          const kept = bytesOf(path.join(data, aside.folder));
          delete kept['portillon-why.json'];
          // A cut-off end is no damage to LevelDB: it is seen only when LevelDB has opened the files.
          if (!aside.why.startsWith('it ends with')) expect(kept, what).toEqual(damaged);
          const lines = readdirSync(data).filter((n) => n.startsWith('journal-readable-'));
          expect(lines).toHaveLength(1);
          const text = readFileSync(path.join(data, lines[0] as string), 'utf8')
            .split('\n')
            .filter(Boolean);
          const seal = storeKey && new Seal(storeKey, 'export');
          const exported = text.map((line) =>
            seal ? seal.open(Buffer.from(line, 'base64'), 'line').toString() : line,
          );
          expect(exported.map((line) => JSON.parse(line) as unknown)).toEqual(
            expect.arrayContaining(there.slice(0, -1)),
          );
        } else expect(there, what).toEqual(original.records);
        // What is there is what was written, under its own number.
        for (const record of there)
          if (record.kind !== 'repair') expect(record).toEqual(original.written.get(record.seq));
        const used = new Set(there.flatMap((r) => (r.kind === 'check' && r.admitted ? [r.barcode] : [])));
        // The outcome's own record may be lost while what it did to the usage is not.
        for (const r of original.written.values()) if (r.kind === 'outcome') used.delete(r.barcode);
        for (const barcode of used) expect(summarise(journal.usage(barcode)).entries, what).toBe(1);
        const next = await journal.append(check('next'));
        expect(next.seq).toBeGreaterThan(original.records.at(-1)?.seq ?? 0);
        await stores.close();
        // The next start finds nothing to do.
        const again = await start(data, storeKey);
        expect(listAsides(data)).toHaveLength(aside ? 1 : 0);
        await again.close();
        rmSync(data, { recursive: true });
      }),
      { numRuns: RUNS },
    );
  }, 600_000);

  it('the whole folder gone: the numbers go on behind what SecuTix has', async () => {
    const data = temporaryFolder();
    cpSync(original.data, data, { recursive: true });
    rmSync(path.join(data, 'journal'), { recursive: true });
    const stores = await start(data, storeKey);
    const next = await stores.journal.append(check('next'));
    expect(next.seq).toBeGreaterThan(original.records.at(-1)?.seq ?? 0);
    expect(await verifyJournal(stores.journal.database)).toMatchObject({ ok: true });
    await stores.close();
  });

  it('list and delivery state: set aside, begun anew; the journal is not touched', async () => {
    await fc.assert(
      fc.asyncProperty(damage, fc.constantFrom('list', 'sync'), async (d, kind) => {
        const data = path.join(temporaryFolder(), 'data');
        cpSync(original.data, data, { recursive: true });
        const what = inflict(path.join(data, kind), d);
        const stores = await start(data, storeKey);
        const asides = listAsides(data).map((a) => a.kind);
        if (asides.length > 0) expect(asides, what).toEqual([kind]);
        expect(await stores.journal.readAfter(0, 10_000)).toEqual(original.records);
        const writer = await ListWriter.open(path.join(data, 'list'), { storeKey });
        const { pages } = writer.scope('k');
        // A page is there whole or not at all.
        if (checkFiles(path.join(data, 'list'), { tables: true }).state === 'whole')
          for (let n = 0; n < 3; n++)
            for (let i = 0; i < 20; i++)
              expect(stores.list.find(`t${n}-${i}`, 'barcode').tickets).toHaveLength(n < pages ? 1 : 0);
        await writer.close();
        await stores.close();
        rmSync(data, { recursive: true });
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  }, 600_000);
});

describe('a store', () => {
  it('cut off before its first synced write opens empty, and nothing is set aside', async () => {
    const data = temporaryFolder();
    mkdirSync(path.join(data, 'journal'), { recursive: true });
    writeFileSync(path.join(data, 'journal', 'CURRENT'), 'MANIFEST-000002\n');
    for (const name of ['MANIFEST-000002', '000003.log']) writeFileSync(path.join(data, 'journal', name), '');
    const stores = await start(data, undefined);
    expect((await stores.journal.append(check('first'))).seq).toBe(1);
    expect(listAsides(data)).toEqual([]);
    await stores.close();
  });

  it('of a wrong or a missing key is refused, and not a byte of it changes', async () => {
    const { data } = await makeOriginal(KEY);
    cleanup(() => rmSync(data, { recursive: true }));
    const before = bytesOf(path.join(data, 'list'));
    const journal = bytesOf(path.join(data, 'journal'));
    for (const key of [undefined, storeKeyOf('a wrong key, which nobody wants to have here')]) {
      await expect(start(data, key)).rejects.toMatchObject({ code: 'STORE_KEY' });
      expect(bytesOf(path.join(data, 'list'))).toEqual(before);
      expect(listAsides(data)).toEqual([]);
    }
    const stores = await start(data, KEY);
    expect((await stores.journal.readAfter(0, 10)).length).toBe(10);
    await stores.close();
    expect(Object.keys(journal).length).toBeGreaterThan(3);
  });

  it('in use is refused before a file is judged', async () => {
    const data = temporaryFolder();
    const first = await start(data, undefined);
    cleanup(() => first.close());
    await expect(start(data, undefined)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('written before there was a key is sealed when the key comes: the journal stays, the list is fetched anew', async () => {
    const { data, records } = await makeOriginal(undefined);
    cleanup(() => rmSync(data, { recursive: true }));
    const stores = await start(data, KEY);
    expect(await stores.journal.readAfter(0, 10_000)).toEqual(records);
    expect(await verifyJournal(stores.journal.database)).toMatchObject({ ok: true });
    expect(stores.list.find('t0-0', 'barcode').via).toBe('none');
    await stores.close();
    const all = readdirSync(data, { recursive: true, encoding: 'utf8' })
      .map((n) => path.join(data, n))
      .filter((n) => statSync(n).isFile())
      .map((n) => readFileSync(n, 'latin1'))
      .join();
    expect(all).not.toContain('code-3-');
    await expect(Journal.open(path.join(data, 'journal'), 'g')).rejects.toMatchObject({ code: 'STORE_KEY' });
  });
});
