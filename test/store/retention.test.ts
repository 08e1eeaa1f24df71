import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summarise } from '../../src/domain/usage.js';
import { Journal } from '../../src/store/journal.js';
import { Retention } from '../../src/store/retention.js';
import { verifyJournal } from '../../src/store/verify.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';
import { check } from '../support/records.js';

const DAY = 24 * 3_600_000;

async function stage(
  options: { keepChecks?: number; keepUsage?: number; free?: () => number; timeKnown?: () => boolean } = {},
) {
  const journal = await Journal.open(temporaryFolder(), 'g');
  cleanup(() => journal.close());
  const clock = new FakeClock();
  const state = { acknowledged: 0 };
  const retention = new Retention({
    journal,
    clock,
    acknowledged: () => state.acknowledged,
    keepChecks: options.keepChecks ?? 10 * DAY,
    keepUsage: options.keepUsage ?? 100 * DAY,
    free: options.free ?? (() => 1e12),
    timeKnown: options.timeKnown ?? (() => true),
  });
  const fill = async (n: number): Promise<void> => {
    await Promise.all(Array.from({ length: n }, () => journal.append(check(`b${journal.lastSeq}`, true, clock.now()))));
  };
  const all = async (): Promise<void> => {
    while (await retention.piece());
  };
  const first = async (): Promise<number> => (await journal.readAfter(0, 1))[0]?.seq ?? 0;
  return { journal, clock, state, retention, fill, all, first };
}

describe('forgetting', () => {
  it('takes what is old and acknowledged, and nothing else; usage stays', async () => {
    const s = await stage();
    await s.fill(200);
    await s.clock.advance(11 * DAY);
    await s.fill(50);
    await s.all();
    expect(await s.first()).toBe(1);
    s.state.acknowledged = 150;
    await s.all();
    // Pieces of 64, of which two are acknowledged whole.
    expect(await s.first()).toBe(129);
    s.state.acknowledged = s.journal.lastSeq;
    await s.all();
    expect(await s.first()).toBe(193);
    for (const n of [0, 100, 199, 249]) expect(summarise(s.journal.usage(`b${n}`)).entries).toBe(1);
    expect(await verifyJournal(s.journal.database)).toMatchObject({ ok: true, problems: [] });
  });

  it('nothing by a clock that nobody can vouch for: years ahead, it would make every use old', async () => {
    let known = false;
    const s = await stage({ keepChecks: DAY, keepUsage: 2 * DAY, timeKnown: () => known });
    await s.fill(130);
    s.state.acknowledged = s.journal.lastSeq;
    await s.clock.advance(5_000 * DAY);
    await s.all();
    expect(await s.first()).toBe(1);
    expect(summarise(s.journal.usage('b7')).entries).toBe(1);
    known = true;
    await s.all();
    expect(await s.first()).toBeGreaterThan(100);
    expect(summarise(s.journal.usage('b7')).entries).toBe(0);
  });

  it('never an admission whose outcome is still to come', async () => {
    const s = await stage({ keepChecks: DAY });
    await s.fill(30);
    await s.journal.append({ ...check('open', true, s.clock.now()), awaits: true });
    await s.fill(100);
    await s.clock.advance(2 * DAY);
    s.state.acknowledged = s.journal.lastSeq;
    await s.all();
    expect(await s.first()).toBe(1);
    await s.journal.append({
      kind: 'outcome',
      at: s.clock.now(),
      of: 31,
      outcome: 'passed',
      barcode: 'open',
      slot: 'PERF1',
    });
    s.state.acknowledged = s.journal.lastSeq;
    await s.all();
    expect(await s.first()).toBeGreaterThan(64);
  });

  it('on a nearly full disk the oldest acknowledged go before their time, the others never', async () => {
    let free = 1e12;
    const s = await stage({ free: () => free });
    await s.fill(300);
    s.state.acknowledged = 100;
    await s.all();
    expect(await s.first()).toBe(1);
    free = 1e6;
    await s.all();
    expect(await s.first()).toBe(101);
    expect(s.retention.counts).toMatchObject({ records: 100, early: true });
    expect(await verifyJournal(s.journal.database)).toMatchObject({ ok: true });
  });

  it('the use of tickets of long ago goes too, once no record of it is left; a later use keeps it', async () => {
    const s = await stage({ keepChecks: DAY, keepUsage: 100 * DAY });
    await s.fill(128);
    await s.clock.advance(60 * DAY);
    s.state.acknowledged = s.journal.lastSeq;
    await s.all();
    await s.journal.append(check('b7', true, s.clock.now()));
    await s.clock.advance(50 * DAY);
    await s.all();
    expect(summarise(s.journal.usage('b7')).entries).toBe(2);
    expect(summarise(s.journal.usage('b8')).entries).toBe(0);
    expect(s.retention.counts.usages).toBe(127);
    expect(await verifyJournal(s.journal.database)).toMatchObject({ ok: true, problems: [] });
  });

  it('whatever is forgotten when: the proof holds, and any tampering breaks it', async () => {
    const step = fc.constantFrom('fill', 'age', 'acknowledge', 'piece', 'again');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.nat(), async (steps, victim) => {
        const s = await stage({ keepChecks: 3 * DAY, keepUsage: 8 * DAY });
        await s.fill(70);
        for (const what of steps) {
          if (what === 'fill') await s.fill(40);
          if (what === 'again') await s.journal.append(check('b3', true, s.clock.now()));
          if (what === 'age') await s.clock.advance(2 * DAY);
          if (what === 'acknowledge') s.state.acknowledged = s.journal.lastSeq;
          if (what === 'piece') await s.retention.piece();
        }
        const db = s.journal.database;
        expect((await verifyJournal(db, s.journal.head)).problems).toEqual([]);
        // One entry is taken away behind the journal's back; the last record needs the head that was noted down.
        const keys = (await db.keys({ gt: 'b', lt: 'v' }).all()).filter((k) => /^[rbu]!/.test(k));
        await db.batch([{ type: 'del', key: keys[victim % keys.length] as string }], { sync: true });
        expect((await verifyJournal(db, s.journal.head)).ok).toBe(false);
      }),
      { numRuns: 15 },
    );
  });
});
