import { describe, expect, it } from 'vitest';
import type { CheckRecord, JournalRecord } from '../../src/domain/records.js';
import type { RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { summarise } from '../../src/domain/usage.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';
import type { LaneEvent } from '../../src/lane/lane.js';
import { ticket } from '../support/builders.js';
import type { Rig } from '../support/lane-rig.js';
import { first, gate, read } from '../support/lane-rig.js';

const anna = { who: 'anna', why: 'press pass' };
/** The lane is free again when everything behind the answer has run. */
async function force(rig: Rig, code: string, by = anna): Promise<LaneEvent> {
  const event = await first(rig).lane.force(code, 'barcode', by);
  await new Promise((resolve) => setImmediate(resolve));
  return event;
}
const records = (rig: Rig): Promise<JournalRecord[]> => rig.journal.readAfter(0, 100);

describe('a steward forces an entry', () => {
  it('whatever the rules say: one check with its actor and reason, counted, reported as admitted', async () => {
    const rig = await gate(1, [ticket('1', { state: 'CANCELLED' })]);
    const { lane, grants } = first(rig);
    expect(await force(rig, '1')).toMatchObject({ admitted: true, reason: 'forced' });
    expect(grants).toHaveLength(1);
    const [check] = await records(rig);
    expect(check).toMatchObject({ kind: 'check', admitted: true, reason: 'forced', ...anna, slot: 'PERF1' });
    expect(summarise(rig.journal.usage('1')).movements).toMatchObject([{ forced: true }]);
    // Its end is known, so it may be delivered.
    await lane.close();
    expect(rig.settlement.through(rig.journal.lastSeq)).toBe(rig.journal.lastSeq);
  });

  it('uses the ticket up: the next presentation is a second one', async () => {
    const rig = await gate(1, [ticket('1', { entrance: 'B' })], { rules: { entrances: ['A'] } });
    await force(rig, '1');
    await force(rig, '1', { who: 'ben', why: 'again' });
    expect(summarise(rig.journal.usage('1')).entries).toBe(2);
    expect(rig.desk.explain('lane-1', '1').decision.reason).toBe('wrong-entrance');
    expect(((await records(rig)) as CheckRecord[]).filter((r) => r.kind === 'check').map((r) => r.who)).toEqual([
      'anna',
      'ben',
    ]);
  });

  it('for a code that nobody knows, too; not at a barrier that is away, and nothing is used then', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { state, grants } = first(rig);
    expect(await force(rig, 'NOBODY')).toMatchObject({ admitted: true });
    state.is = 'offline';
    expect(await force(rig, '1')).toMatchObject({ admitted: false, reason: 'barrier-unavailable' });
    expect(grants).toHaveLength(1);
    expect(summarise(rig.journal.usage('1')).entries).toBe(0);
  });

  it('not into a group of somebody else: while somebody is served it is refused', async () => {
    const rig = await gate(1, [ticket('1'), ticket('2')]);
    const { lane } = first(rig);
    lane.onRead(read('1'));
    await expect(lane.force('2', 'barcode', anna)).rejects.toThrow('being served');
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: true, reason: 'admitted' });
  });
});

describe('a steward looks', () => {
  it('and nothing is used up; the journal says who looked, and what the lane would have said', async () => {
    const rig = await gate(1, [ticket('1')]);
    const { decision, checkId } = await rig.stewarding.look('lane-1', '1', { who: 'anna', why: '' });
    expect(decision).toMatchObject({ admitted: true });
    expect(checkId).toBe('g-000000000001');
    const [check] = await records(rig);
    expect(check).toMatchObject({ admitted: false, reason: 'looked', who: 'anna', basis: { ruled: 'admitted' } });
    expect(check).not.toHaveProperty('slot');
    expect(summarise(rig.journal.usage('1')).entries).toBe(0);
    expect(rig.settlement.through(1)).toBe(1);
    first(rig).lane.onRead(read('1'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: true });
  });
});

describe('a steward gives an entry back', () => {
  it('the newest of the code, once; the ticket admits again', async () => {
    const rig = await gate(1, [ticket('1', { container: 'C' }), ticket('2', { container: 'C' })]);
    const { lane } = first(rig);
    lane.onRead(read('1'));
    await rig.eventsReach(1);
    const back = await rig.stewarding.giveBack('C', undefined, anna);
    expect(back).toMatchObject({ barcode: '1', movement: { seq: 1 } });
    const check = (await records(rig)).find((r) => r.kind === 'check' && r.reason === 'given-back');
    expect(check).toMatchObject({ admitted: false, givesBack: 'g-000000000001', ...anna, barcode: '1' });
    await expect(rig.stewarding.giveBack('C', undefined, anna)).rejects.toMatchObject({ code: 'NOTHING_TO_GIVE_BACK' });
    expect(rig.desk.explain('lane-1', '1').decision.admitted).toBe(true);
    await lane.close();
    expect(rig.settlement.through(rig.journal.lastSeq)).toBe(rig.journal.lastSeq);
  });

  it('the one of a check, and no other', async () => {
    const book: RuleBook = {
      defaults: { ...PLAIN_RULES, entries: 3 },
      products: new Map(),
      days: serviceDays(zoneOf('UTC'), 0),
    };
    const rig = await gate(1, [ticket('1')], { book, rules: { book } });
    await force(rig, '1');
    const two = await force(rig, '1');
    const one = (await records(rig))[0] as CheckRecord;
    expect((await rig.stewarding.giveBack('1', one.checkId, anna)).movement.seq).toBe(1);
    expect(summarise(rig.journal.usage('1')).movements.map((m) => m.void ?? false)).toEqual([true, false]);
    await expect(rig.stewarding.giveBack('1', 'g-000000009999', anna)).rejects.toThrow('none to give back');
    expect(two.checkId).not.toBe(one.checkId);
  });
});

describe('a steward blocks', () => {
  it('a card with all its tickets, and takes it off again; both stay in the journal', async () => {
    const rig = await gate(1, [ticket('1', { container: 'C' }), ticket('2', { container: 'C' })]);
    expect(await rig.stewarding.block('C', true, { who: 'anna', why: 'stolen' })).toEqual(['1', '2']);
    const { lane } = first(rig);
    lane.onRead(read('C', 'rfid'));
    await rig.eventsReach(1);
    expect(rig.events[0]).toMatchObject({ admitted: false, reason: 'black-listed' });
    expect(await rig.stewarding.block('C', false, anna)).toEqual(['1', '2']);
    expect(rig.desk.explain('lane-1', '1').decision.admitted).toBe(true);
    expect((await records(rig)).filter((r) => r.kind === 'block')).toHaveLength(4);
  });
});

describe('a group with one code', () => {
  const bookOf = (group: 'one-by-one' | 'batch'): RuleBook => ({
    defaults: { ...PLAIN_RULES, group },
    products: new Map(),
    days: serviceDays(zoneOf('UTC'), 0),
  });

  it('as a batch: one presentation, one check and one grant a person, then it is used up', async () => {
    const book = bookOf('batch');
    const rig = await gate(1, [ticket('G', { persons: 3 })], { book, rules: { book } });
    const { lane, grants } = first(rig);
    lane.onRead(read('G'));
    await rig.eventsReach(3);
    expect(rig.events.map((e) => e.reason)).toEqual(['admitted', 'admitted', 'admitted']);
    expect(grants).toHaveLength(3);
    expect(new Set(rig.events.map((e) => e.checkId)).size).toBe(3);
    await lane.close();
    expect(summarise(rig.journal.usage('G')).entries).toBe(3);
    expect(rig.desk.explain('lane-1', 'G').decision).toMatchObject({ admitted: false, reason: 'entries-exhausted' });
  });

  it('one by one: each presentation lets one in, also at another lane; the fourth is one too many', async () => {
    const book = bookOf('one-by-one');
    const rig = await gate(4, [ticket('G', { persons: 3 })], { book, rules: { book } });
    for (const { lane } of rig.lanes) lane.onRead(read('G'));
    await rig.eventsReach(4);
    expect(rig.events.filter((e) => e.admitted)).toHaveLength(3);
    expect(rig.events.find((e) => !e.admitted)?.reason).toBe('entries-exhausted');
  });

  it('that has begun goes on with who is left', async () => {
    const book = bookOf('batch');
    const rig = await gate(1, [ticket('G', { persons: 3 })], { book, rules: { book } });
    const { lane, grants } = first(rig);
    await force(rig, 'G');
    lane.onRead(read('G'));
    await rig.eventsReach(3);
    await lane.close();
    expect(grants).toHaveLength(3);
    expect(summarise(rig.journal.usage('G')).entries).toBe(3);
  });
});

describe('a lane before the doors', () => {
  it('without a list says that it is not ready, and is when the list has come', async () => {
    const rig = await gate(1, []);
    const { lane, shown } = first(rig);
    lane.start();
    expect(shown.at(-1)).toMatchObject({ text: 'Lane not ready yet' });
    await rig.writer.applyPage('k', { items: [{ kind: 'ticket', ticket: ticket('1') }], cursor: '1', counted: 1 }, 1);
    lane.refresh();
    expect(shown.at(-1)).toMatchObject({ text: 'Present ticket' });
  });

  it('with a list of something else says so, too', async () => {
    const rig = await gate(1, [ticket('1', { product: 'OTHER' })], { rules: { products: ['P1'] } });
    const { lane, shown } = first(rig);
    rig.desk.setForeign('lane-1', true);
    lane.start();
    expect(shown.at(-1)).toMatchObject({ text: 'Lane not ready yet' });
    rig.desk.setForeign('lane-1', false);
    lane.refresh();
    expect(shown.at(-1)).toMatchObject({ text: 'Present ticket' });
  });
});
