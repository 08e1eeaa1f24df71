import { describe, expect, it } from 'vitest';
import { PLAIN_BOOK, PLAIN_RULES } from '../../src/domain/rulebook.js';
import { Rehearsal } from '../../src/lane/rehearsal.js';
import type { NewRecord } from '../../src/store/journal.js';
import { ticket } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';
import type { Rig } from '../support/lane-rig.js';
import { first, gate, read } from '../support/lane-rig.js';

/** A rehearsal of the rig's first lane; `costs`: milliseconds that each takes. */
function rehearsalOf(rig: Rig, costs = 0) {
  const clock = new FakeClock();
  const records: Extract<NewRecord, { kind: 'check' }>[] = [];
  const fail: { with: Error | undefined } = { with: undefined };
  const whole = new Rehearsal(first(rig).settings, {
    clock,
    list: rig.list,
    desk: rig.desk,
    journal: {
      get busy() {
        return rig.journal.busy;
      },
      rehearse: (record) => {
        if (record.kind === 'check') records.push(record);
        if (fail.with) throw fail.with;
        clock.spend(costs);
        return rig.journal.rehearse(record);
      },
    },
  });
  const rehearsal = whole.reader();
  /** A piece of a code comes; resolves when the way has been walked. */
  const coming = async (): Promise<void> => {
    rehearsal.coming();
    await new Promise(setImmediate);
  };
  return { whole, rehearsal, clock, records, fail, coming };
}

describe('the rehearsal of a scan', () => {
  it('walks the way with a ticket that nobody has, and leaves no trace', async () => {
    const rig = await gate(1, [ticket('1', { tariff: 'ADULT' })]);
    const { lane, grants } = first(rig);
    const { rehearsal, records, coming } = rehearsalOf(rig);
    rehearsal.read(read('1'));
    for (let i = 0; i < 10; i++) await coming();
    expect(records).toHaveLength(10);
    expect(records[0]).toMatchObject({ admitted: true, reason: 'admitted', barcode: '1?', slot: 'PERF1' });
    expect(rig.journal.lastSeq).toBe(0);
    expect(await rig.journal.latest(5)).toEqual([]);
    expect([rig.reservations.size, rig.events.length, grants.length]).toEqual([0, 0, 0]);
    expect(lane.counters).toMatchObject({ reads: 0, admitted: 0, faults: 0 });
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: true, checkId: 'g-000000000001' });
  });

  it('a ticket that was used is rehearsed as one that was not; a code of nobody does not take its place', async () => {
    const rig = await gate(1, [ticket('1'), ticket('2', { state: 'CANCELLED', cancellationCause: 'REFUND' })]);
    const { rehearsal, records, coming } = rehearsalOf(rig);
    first(rig).lane.onRead(read('1'));
    await rig.eventsReach(1);
    for (const code of ['1', 'nobody', '2']) {
      rehearsal.read(read(code));
      await coming();
      await coming();
    }
    expect(records.map((r) => `${r.barcode} ${r.reason}`)).toEqual([
      '1? admitted',
      '1? admitted',
      'nobody unknown',
      '1? admitted',
      '2? cancelled',
      '1? admitted',
    ]);
  });

  it('has nothing to walk with before the first read', async () => {
    const { records, coming } = rehearsalOf(await gate(1, [ticket('1')]));
    await coming();
    expect(records).toEqual([]);
  });

  it('takes at most half of the time', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { rehearsal, clock, records, coming } = rehearsalOf(rig, 3);
    rehearsal.read(read('1'));
    await coming();
    await clock.advance(2.9);
    await coming();
    expect(records).toHaveLength(1);
    await clock.advance(0.1);
    await coming();
    expect(records).toHaveLength(2);
  });

  it('keeps to the end of a code, which it knows from the one before on that reader, and gives a noisy line up', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { whole, rehearsal, records, coming } = rehearsalOf(rig);
    rehearsal.read(read('1'));
    const pieces = async (count: number): Promise<number> => {
      const before = records.length;
      for (let i = 0; i < count; i++) await coming();
      return records.length - before;
    };
    expect(await pieces(20)).toBe(20);
    rehearsal.read(read('1'));
    expect(await pieces(16)).toBe(0);
    expect(await pieces(4)).toBe(4);
    // A longer one, and then no end.
    expect(await pieces(100)).toBe(44);
    rehearsal.read(read('1'));
    expect(await pieces(64)).toBe(0);
    rehearsal.read(read('1'));
    whole.reader().coming();
    expect(records).toHaveLength(69);
  });

  it('waits while a check of another lane is on its way to the disk', async () => {
    const rig = await gate(2, [ticket('1'), ticket('2')]);
    const { rehearsal, records } = rehearsalOf(rig);
    rehearsal.read(read('1'));
    rig.lanes[1]?.lane.onRead(read('2'));
    expect(rig.journal.busy).toBe(true);
    rehearsal.coming();
    await rig.eventsReach(1);
    expect(records).toEqual([]);
    expect(rig.journal.busy).toBe(false);
    rehearsal.coming();
    expect(records).toHaveLength(1);
  });

  it('one that fails harms nobody and is not tried again before the next read', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { rehearsal, records, fail, coming } = rehearsalOf(rig);
    rehearsal.read(read('1'));
    fail.with = new Error('no disk');
    await coming();
    fail.with = undefined;
    await coming();
    expect(records).toHaveLength(1);
    rehearsal.read(read('1'));
    await coming();
    expect(records).toHaveLength(2);
    first(rig).lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]?.admitted).toBe(true);
  });

  it('a group is rehearsed once, not once a person', async () => {
    const book = { ...PLAIN_BOOK, defaults: { ...PLAIN_RULES, group: 'batch' as const } };
    const rig = await gate(1, [ticket('1', { persons: 12 })], { book, rules: { book } });
    const { rehearsal, records, coming } = rehearsalOf(rig);
    rehearsal.read(read('1'));
    await coming();
    expect(records).toHaveLength(1);
    first(rig).lane.onRead(read('1'));
    await rig.eventsReach(12);
    expect(rig.events.every((e) => e.admitted)).toBe(true);
  });
});
