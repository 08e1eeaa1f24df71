import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/clock.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { silentLog } from '../../src/log.js';
import { Journal } from '../../src/store/journal.js';
import { finishRekey } from '../../src/store/rekey.js';
import { storeKeyOf } from '../../src/store/seal.js';
import { openStores } from '../../src/store/start.js';
import { verifyJournal } from '../../src/store/verify.js';
import { temporaryFolder } from '../support/builders.js';
import { check } from '../support/records.js';

/** More for a long run: PORTILLON_TEST_CYCLES=200. */
const CUTS = Number(process.env.PORTILLON_TEST_CYCLES ?? '3');
const CHILD = fileURLToPath(new URL('../../dist/test/support/make-good.js', import.meta.url));
const [OLD, NEW] = ['the key of before, long enough for a key', 'the key of after, long enough for a key too'];
const RECORDS = 1_500;

/** Kills the child after this share of the time a whole run takes; undefined = never. Resolves with the milliseconds it took, if it ended. */
function run(args: string[], whole?: number, share = 0): Promise<number | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let took: number | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      const text = String(chunk);
      if (text.includes('begin') && whole !== undefined) setTimeout(() => child.kill('SIGKILL'), whole * share);
      const end = /end ([\d.]+)/.exec(text);
      if (end) took = Number(end[1]);
    });
    child.once('exit', () => resolve(took));
  });
}

async function fill(storeKey: Uint8Array | undefined): Promise<{ data: string; records: JournalRecord[] }> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'portillon-'));
  const journal = await Journal.open(path.join(data, 'journal'), 'g', storeKey, { writeBufferSize: 65_536 });
  await Promise.all(Array.from({ length: RECORDS }, (_, n) => journal.append(check(`code-${n}`))));
  const records = await journal.readAfter(0, RECORDS);
  await journal.close();
  // What was in the log goes into a table.
  await (await Journal.open(path.join(data, 'journal'), 'g', storeKey)).close();
  return { data, records };
}

const copyOf = (data: string): string => {
  const copy = path.join(temporaryFolder(), 'data');
  cpSync(data, copy, { recursive: true });
  return copy;
};

describe('a power cut while a damaged journal is made good', () => {
  let damaged: string;
  beforeAll(async () => {
    const { data } = await fill(undefined);
    damaged = data;
    // A bit in the largest table.
    const folder = path.join(data, 'journal');
    const sized = readdirSync(folder)
      .filter((n) => n.endsWith('.ldb'))
      .map((n) => [statSync(path.join(folder, n)).size, path.join(folder, n)] as const)
      .sort(([a], [b]) => b - a);
    const [size, file] = sized[0] as readonly [number, string];
    const bytes = readFileSync(file);
    bytes[size >> 1] = (bytes[size >> 1] as number) ^ 1;
    writeFileSync(file, bytes);
  });
  afterAll(() => rmSync(damaged, { recursive: true }));

  it('the next start ends with what an undisturbed repair has', { timeout: 600_000 }, async () => {
    const random = seededRandom(7);
    const readable = async (data: string): Promise<JournalRecord[]> => {
      const now = (): number => Date.UTC(2026, 10, 25);
      const stores = await openStores({ data, gate: 'g', storeKey: undefined, now, log: silentLog });
      const records = await stores.journal.readAfter(0, 20_000);
      const proof = await verifyJournal(stores.journal.database);
      expect(proof.problems).toEqual([]);
      await stores.close();
      return records.filter((r) => r.kind === 'check');
    };
    const undisturbed = copyOf(damaged);
    const whole = (await run(['repair', undisturbed])) as number;
    const expected = await readable(undisturbed);
    expect(expected.length).toBeGreaterThan(RECORDS / 2);
    expect(expected.length).toBeLessThan(RECORDS);
    for (let cut = 0; cut < CUTS; cut++) {
      const data = copyOf(damaged);
      await run(['repair', data], whole, random());
      // Twice, as it happens with a bad plug.
      await run(['repair', data], whole, random());
      expect(await readable(data)).toEqual(expected);
    }
  });
});

describe('a power cut while a key is replaced', () => {
  let original: { data: string; records: JournalRecord[] };
  beforeAll(async () => {
    original = await fill(storeKeyOf(OLD));
  });
  afterAll(() => rmSync(original.data, { recursive: true }));

  it('the journal is whole under the one key or the other', { timeout: 600_000 }, async () => {
    const random = seededRandom(8);
    const whole = (await run(['rekey', copyOf(original.data), OLD, NEW])) as number;
    for (let cut = 0; cut < CUTS; cut++) {
      const data = copyOf(original.data);
      const location = path.join(data, 'journal');
      await run(['rekey', data, OLD, NEW], whole, random());
      finishRekey(location);
      const opened = await Promise.allSettled([OLD, NEW].map((key) => openOne(location, storeKeyOf(key))));
      const read = opened.filter((o) => o.status === 'fulfilled').map((o) => o.value);
      expect(read).toEqual([original.records]);
    }
  });
});

let last: Promise<unknown> = Promise.resolve();
/** One after the other: LevelDB admits one. */
function openOne(location: string, key: Uint8Array): Promise<JournalRecord[]> {
  const mine = last.then(async () => {
    const journal = await Journal.open(location, 'g', key);
    try {
      return await journal.readAfter(0, RECORDS);
    } finally {
      await journal.close();
    }
  });
  last = mine.catch(() => {});
  return mine;
}
