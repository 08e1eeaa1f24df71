import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { startSimulator } from '../../src/simulator/server.js';
import type { NewRecord } from '../../src/store/journal.js';
import { Journal } from '../../src/store/journal.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { SyncState } from '../../src/store/sync-state.js';
import { pullScope } from '../../src/sync/pull.js';
import { pushAll } from '../../src/sync/push.js';
import { nextDelay } from '../../src/sync/schedule.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { clientOf, GREY, settingsOf } from '../support/secutix.js';

const scope = GREY;
const never = new AbortController().signal;

async function rig(tickets: number) {
  const simulator = await startSimulator({ port: 0, tickets, seed: 5, callsPerMinute: 0 });
  const folder = temporaryFolder();
  const list = await ListWriter.open(`${folder}/list`);
  const journal = await Journal.open(`${folder}/journal`, 'g');
  const state = await SyncState.open(`${folder}/sync`);
  const client = clientOf(settingsOf(simulator.url, { retry: { attempts: 2, baseMs: 1, maxMs: 2 } }));
  cleanup(async () => {
    await client.close();
    await Promise.all([list.close(), journal.close(), state.close(), simulator.close()]);
  });
  const setAside: number[] = [];
  const pull = (pageSize = 100) =>
    pullScope(
      { client, list, clock: systemClock, onPage: (_s, changes) => void setAside.push(changes.counts.unreadable) },
      scope,
      'k',
      { pageSize, startsRun: true, signal: never },
    );
  const push = (batch: number, through = journal.lastSeq) =>
    pushAll(
      {
        client,
        state,
        clock: systemClock,
        source: (after, limit) => journal.checksAfter(after, limit, through),
        onAcknowledged: () => {},
        onRejected: () => {},
      },
      { batch, signal: never },
    );
  return { simulator, list, journal, state, pull, push, setAside };
}
const check = (barcode: string, admitted = true): NewRecord => ({
  kind: 'check',
  at: 1000,
  lane: 'l',
  direction: 'entry',
  credential: { code: barcode, medium: 'barcode' },
  barcode,
  admitted,
  reason: admitted ? 'admitted' : 'unknown',
  ...(admitted && { slot: 'PERF1' }),
  list: '1',
  config: 'c',
});

describe('pull', () => {
  it('reads page after page to the end, then only what changed', async () => {
    const { simulator, list, pull } = await rig(1050);
    expect((await pull()).items).toBe(simulator.model.changes);
    expect(list.scope('k').completeAt).not.toBeNull();
    simulator.model.reprint('24282035061813972260', 'NEW');
    expect((await pull()).items).toBe(3);
    expect((await pull()).items).toBe(0);
    expect(simulator.stats().alarms).toEqual([]);
  });

  it('goes on where a cut ended it, with nothing twice and nothing missing', async () => {
    const { simulator, list, pull } = await rig(1050);
    simulator.faults.latencyMs = 0;
    const original = simulator.faults;
    // The third and all later calls are cut until told otherwise.
    let calls = 0;
    Object.defineProperty(original, 'cut', { get: () => (++calls > 2 ? 1 : 0), set: () => {}, configurable: true });
    await expect(pull()).rejects.toMatchObject({ kind: 'transport' });
    const between = list.scope('k');
    expect(between.pages).toBeGreaterThan(0);
    expect(between.completeAt).toBeNull();
    Object.defineProperty(original, 'cut', { value: 0, writable: true, configurable: true });
    await pull();
    expect(list.scope('k').items).toBe(simulator.model.changes);
  });

  it('a wrong type in item 4,321 sets that line aside and takes the other 4,999', async () => {
    const { simulator, list, pull, setAside } = await rig(4_900);
    simulator.faults.wrongItemAt = 4321;
    const { items } = await pull(5000);
    expect(items).toBeGreaterThan(4321);
    expect(setAside).toEqual([1]);
    expect(list.scope('k').completeAt).not.toBeNull();
  });
});

describe('push', () => {
  it('sends all, good and bad, oldest first, and steps over the rest without an empty call', async () => {
    const { simulator, journal, state, push } = await rig(10);
    await journal.append(check('a'));
    await journal.append(check('b', false));
    await journal.append({ kind: 'outcome', at: 1, of: 1, outcome: 'not-passed', barcode: 'a', slot: 'PERF1' });
    await journal.append(check('c'));
    await push(2);
    expect(simulator.controls().map((c) => `${c.barcode} ${c.controlResult}`)).toEqual(['a FAIL', 'c OK', 'b FAIL']);
    expect(state.pushCursor).toBe(4);
    await journal.append({ kind: 'note', at: 1, what: 'x' });
    await push(2);
    expect(state.pushCursor).toBe(5);
    expect(simulator.stats().importBatches).toEqual([2, 1]);
  });

  it('a check that SecuTix refuses is set aside alone, with its words, and the rest goes on', async () => {
    const { simulator, journal, state, push } = await rig(10);
    for (let i = 0; i < 20; i++) await journal.append(check(`b${i}`));
    simulator.state.rules.rejectBarcodes = new Set(['b3', 'b17']);
    await push(16);
    expect(simulator.controls().map((c) => c.barcode)).toEqual(
      Array.from({ length: 20 }, (_, i) => `b${i}`).filter((b) => b !== 'b3' && b !== 'b17'),
    );
    expect(await state.rejected(10)).toMatchObject([
      { seq: 18, checkId: 'g-000000000018', statusDetail: 'control g-000000000018 cannot be imported' },
      { seq: 4 },
    ]);
    // Whole, for its journal record goes after its time; but not in a status, whose readers must not have codes.
    expect(await state.rejectedAfter(4, 10)).toMatchObject([
      { seq: 18, check: { seq: 18, barcode: 'b17', lane: 'l' } },
    ]);
    expect(JSON.stringify(await state.rejected(10))).not.toContain('b17');
    expect(state.pushCursor).toBe(20);
  });

  it('stops at a failure of the network and loses nothing', async () => {
    const { simulator, journal, state, push } = await rig(10);
    for (let i = 0; i < 6; i++) await journal.append(check(`b${i}`));
    simulator.faults.errors = 2;
    await expect(push(3)).rejects.toMatchObject({ kind: 'server' });
    expect(state.pushCursor).toBe(0);
    await push(3);
    expect(simulator.controls()).toHaveLength(6);
  });

  it('sends nothing that is not settled yet', async () => {
    const { simulator, journal, push } = await rig(10);
    for (let i = 0; i < 3; i++) await journal.append(check(`b${i}`));
    await push(10, 2);
    expect(simulator.controls()).toHaveLength(2);
  });
});

describe('schedule', () => {
  it('waits the interval, and after failures 5 s doubling up to it', () => {
    const delays = [0, 1, 2, 3, 20].map((f) => nextDelay(3_600_000, f, () => 0.5));
    expect(delays).toEqual([3_600_000, 5_000, 10_000, 20_000, 3_600_000]);
    expect(nextDelay(5_000, 10, () => 0.5)).toBe(60_000);
  });
});
