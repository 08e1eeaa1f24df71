import { execFileSync } from 'node:child_process';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckRecord, JournalRecord } from '../../src/domain/records.js';
import { fold, usageKey } from '../../src/domain/fold.js';
import { NO_USAGE, summarise } from '../../src/domain/usage.js';
import type { NewRecord } from '../../src/store/journal.js';
import { Journal } from '../../src/store/journal.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { check } from '../support/records.js';
import { encodeUsage } from '../../src/store/usage-bytes.js';

async function open(folder: string): Promise<Journal> {
  const journal = await Journal.open(folder, 'north-1');
  cleanup(() => journal.close());
  return journal;
}

describe('Journal', () => {
  it('numbers checks without gap or repeat across restarts, and keeps their usage', async () => {
    const folder = temporaryFolder();
    const first = await Journal.open(folder, 'north-1');
    await Promise.all(Array.from({ length: 20 }, (_, i) => first.append(check(`b${i}`))));
    await first.close();
    const second = await open(folder);
    const record = (await second.append(check('b20'))) as CheckRecord;
    expect(record).toMatchObject({ seq: 21, checkId: 'north-1-000000000021' });
    expect((await second.readAfter(0, 100)).map((r) => r.seq)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
    expect(summarise(second.usage('b3'))).toMatchObject({
      entries: 1,
      inside: true,
      movements: [{ gate: 'north-1', seq: 4, lane: 'lane-1', slot: 'PERF1' }],
    });
    expect(second.usage('nobody')).toEqual(NO_USAGE);
  });

  it('gives the entry back when the outcome says that nobody passed, and shows it beside the check', async () => {
    const journal = await open(temporaryFolder());
    await journal.append(check('b1'));
    await journal.append({ kind: 'outcome', at: 1001, of: 1, outcome: 'not-passed', barcode: 'b1', slot: 'PERF1' });
    expect(summarise(journal.usage('b1'))).toMatchObject({ entries: 0, inside: false, movements: [{ void: true }] });
    const { checks, scanned } = await journal.checksAfter(0, 1, 2);
    expect(checks.map((c) => c.outcome)).toEqual(['not-passed']);
    expect(scanned).toBe(1);
  });

  it('a rehearsed record leaves no trace, open and sealed, whatever comes before and after', async () => {
    const step = fc.record({ barcode: fc.constantFrom('a', 'b'), rehearse: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.boolean(), async (steps, sealed) => {
        const key = sealed ? new Uint8Array(32).fill(7) : undefined;
        const open = (): Promise<Journal> => Journal.open(temporaryFolder(), 'north-1', key);
        const [plain, rehearsed] = [await open(), await open()];
        for (const { barcode, rehearse } of steps) {
          await plain.append(check(barcode));
          for (let i = 0; i < rehearse; i++) {
            const record = rehearsed.rehearse(check(i === 1 ? 'c' : barcode));
            expect(record).toMatchObject({ seq: rehearsed.lastSeq + 1 });
          }
          const appended = rehearsed.append(check(barcode));
          // Also while a record is on its way.
          if (rehearse > 2) rehearsed.rehearse(check(barcode));
          await appended;
        }
        expect(rehearsed.head).toEqual(plain.head);
        expect(await rehearsed.latest(20)).toEqual(await plain.latest(20));
        for (const barcode of ['a', 'b', 'c'])
          expect(summarise(rehearsed.usage(barcode))).toEqual(summarise(plain.usage(barcode)));
        await Promise.all([plain.close(), rehearsed.close()]);
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a second process and says so', async () => {
    const folder = temporaryFolder();
    await open(folder);
    const other = `import { ClassicLevel } from 'classic-level';
      try { await new ClassicLevel(process.argv[1]).open(); console.log('opened'); } catch (e) { console.log(e.cause.code); }`;
    const args = ['--input-type=module', '-e', other, folder];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe('LEVEL_LOCKED');
    await expect(Journal.open(folder, 'north-1')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('usage is always the fold of all records, whatever was appended at once', async () => {
    const step = fc.record({
      barcode: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom('admit', 'refuse', 'giveBack'),
      wait: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const folder = temporaryFolder();
        const journal = await Journal.open(folder, 'g');
        const pending: Promise<unknown>[] = [];
        for (const s of steps) {
          const record: NewRecord =
            s.kind === 'giveBack'
              ? { kind: 'outcome', at: 1, of: 1, outcome: 'not-passed', barcode: s.barcode, slot: 'PERF1' }
              : check(s.barcode, s.kind === 'admit');
          pending.push(journal.append(record));
          if (s.wait) await pending.at(-1);
        }
        await Promise.all(pending);
        const records: JournalRecord[] = await journal.readAfter(0, 1000);
        expect(records.map((r) => r.seq)).toEqual(steps.map((_, i) => i + 1));
        for (const barcode of ['a', 'b', 'c']) {
          const folded = records.filter((r) => usageKey(r) === barcode).reduce(fold, NO_USAGE);
          expect(encodeUsage(journal.usage(barcode)).equals(encodeUsage(folded))).toBe(true);
        }
        await journal.close();
      }),
      { numRuns: 30 },
    );
  });

  it('a full disk closes the journal, loses nothing that was acknowledged, and opens again when there is space', async (context) => {
    const mount = temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'pipe' });
    } catch {
      context.skip('this machine does not let the test mount a small tmpfs');
    }
    cleanup(() => void execFileSync('umount', ['-l', mount]));
    const journal = await open(path.join(mount, 'journal'));
    const { writeFileSync, rmSync } = await import('node:fs');
    const ballast = path.join(mount, 'ballast');
    let written = 0;
    let failure: unknown;
    // The ballast leaves only a few pages free, so that the log itself runs into the end of the disk.
    try {
      writeFileSync(ballast, Buffer.alloc(2 ** 20));
    } catch {
      // that is the point
    }
    const { truncateSync, statSync } = await import('node:fs');
    truncateSync(ballast, statSync(ballast).size - 65_536);
    for (let i = 0; i < 5000 && !failure; i++) {
      try {
        await journal.append(check(`b${i}`));
        written++;
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({ code: 'JOURNAL_WRITE', hint: expect.stringContaining('disk is full') as string });
    await expect(journal.append(check('late'))).rejects.toMatchObject({ code: 'JOURNAL_WRITE' });
    rmSync(ballast);
    await journal.recover(2000);
    expect(journal.failure).toBeUndefined();
    await journal.append(check('after'));
    const records = await journal.readAfter(0, 100_000);
    expect(records.map((r) => r.seq)).toEqual(records.map((_, i) => i + 1));
    const acknowledged = records.filter((r) => r.kind === 'check').map((r) => r.barcode);
    for (let i = 0; i < written; i++) expect(acknowledged).toContain(`b${i}`);
    expect(journal.usage(`b${written}`)).toEqual(NO_USAGE);
  });
});
