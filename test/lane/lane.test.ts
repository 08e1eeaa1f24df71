import { describe, expect, it } from 'vitest';
import { DriverFault } from '../../drivers/contract.js';
import type { CheckRecord } from '../../src/domain/records.js';
import { summarise } from '../../src/domain/usage.js';
import { ticket } from '../support/builders.js';
import { first, gate, read } from '../support/lane-rig.js';

describe('the way of a scan', () => {
  it('writes the check before the barrier is told, then shows the welcome', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, barrier, shown } = first(rig);
    let onDisk: unknown;
    const granted = new Promise<void>((resolve) => {
      const grant = barrier.grant.bind(barrier);
      barrier.grant = async (g) => {
        onDisk = await rig.journal.read(1);
        await grant(g);
        resolve();
      };
    });
    lane.onRead(read('1'));
    await granted;
    await rig.eventsReach(1);
    expect(onDisk).toMatchObject({
      kind: 'check',
      admitted: true,
      barcode: '1',
      slot: 'PERF1',
      checkId: 'g-000000000001',
    });
    expect(shown).toEqual([{ pattern: 'admit', text: 'Welcome' }]);
    expect(rig.reservations.size).toBe(0);
    expect(rig.settlement.through(1)).toBe(1);
  });

  it('the same card on two lanes in the same tick uses its two tickets, a third presentation none', async () => {
    const rig = await gate(3, [ticket('1', { container: 'C' }), ticket('2', { container: 'C' })]);
    for (const { lane } of rig.lanes) lane.onRead(read('C', 'rfid'));
    await rig.eventsReach(3);
    expect(rig.events.filter((e) => e.admitted)).toHaveLength(2);
    expect(rig.events.find((e) => !e.admitted)?.reason).toBe('already-used');
    const checks = (await rig.journal.latest(3)) as CheckRecord[];
    expect(
      checks
        .filter((c) => c.admitted)
        .map((c) => c.barcode)
        .sort(),
    ).toEqual(['1', '2']);
    expect(rig.lanes.reduce((n, l) => n + l.grants.length, 0)).toBe(2);
  });

  it('two lanes, one ticket, the same instant: exactly one admission', async () => {
    const rig = await gate(2, [ticket('1')]);
    for (const { lane } of rig.lanes) lane.onRead(read('1'));
    await rig.eventsReach(2);
    expect(rig.events.map((e) => e.reason).sort()).toEqual(['admitted', 'already-used']);
  });

  it('a phone left in front of the scanner is one presentation', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane } = first(rig);
    lane.onRead(read('1'));
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    lane.onRead(read('1'));
    await lane.close();
    expect(lane.counters).toMatchObject({ reads: 3, repeats: 2, admitted: 1, refused: 0 });
    expect(rig.journal.lastSeq).toBe(1);
  });

  it('a grant that the barrier did not take gives the entry back and is settled', async () => {
    const rig = await gate(1, [ticket('1'), ticket('2')]);
    const { lane, fail, shown, grants } = first(rig);
    fail.with = new DriverFault('offline', 'unplugged');
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: false, reason: 'barrier-unavailable' });
    expect(shown.at(-1)?.pattern).toBe('fault');
    expect(await rig.journal.latest(1)).toMatchObject([{ kind: 'outcome', of: 1, outcome: 'not-passed' }]);
    fail.with = undefined;
    lane.onRead(read('2'));
    await rig.eventsReach(2);
    lane.onRead(read('1'));
    await rig.eventsReach(3);
    expect(rig.events[2]).toMatchObject({ admitted: true });
    expect(grants).toHaveLength(2);
  });

  it('a barrier that is away refuses without using the ticket up', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, state } = first(rig);
    state.is = 'offline';
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: false, reason: 'barrier-unavailable' });
    expect(summarise(rig.journal.usage('1')).entries).toBe(0);
  });

  it('says "not ready yet" instead of "unknown" while no list has come', async () => {
    const rig = await gate(1, []);
    first(rig).lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ reason: 'list-empty', message: 'Lane not ready yet' });
  });

  it('shows a garbled read and goes on', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, shown } = first(rig);
    lane.onRead(read('a\u0001b'));
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(shown.map((s) => s.pattern)).toEqual(['refuse', 'admit']);
    expect(lane.counters.unreadable).toBe(1);
  });

  it('nobody is admitted when the journal cannot be written', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { lane, grants } = first(rig);
    await rig.journal.close();
    lane.onRead(read('1'));
    await lane.close();
    expect(grants).toEqual([]);
    expect(rig.reservations.size).toBe(0);
  });

  it('at most one read waits while a passage is under way: the newest', async () => {
    const rig = await gate(1, [ticket('1'), ticket('2'), ticket('3')]);
    const { lane } = first(rig);
    for (const code of ['1', '2', '3']) lane.onRead(read(code));
    await rig.eventsReach(2);
    const checks = (await rig.journal.readAfter(0, 10)) as CheckRecord[];
    expect(checks.map((c) => c.barcode)).toEqual(['1', '3']);
    expect(lane.counters.busy).toBe(1);
  });
});
