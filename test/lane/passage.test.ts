import { describe, expect, it } from 'vitest';
import type { Signal } from '../../drivers/contract.js';
import { VirtualBarrier } from '../../drivers/virtual/driver.js';
import { virtualBarrierOptions } from '../../drivers/virtual/options.js';
import { systemClock } from '../../src/clock.js';
import type { CheckRecord, EventRecord, JournalRecord } from '../../src/domain/records.js';
import type { LaneEvent, LaneSettings } from '../../src/lane/lane.js';
import { Lane } from '../../src/lane/lane.js';
import type { LaneIncident } from '../../src/lane/passage.js';
import { Reservations, Settlement } from '../../src/lane/reservations.js';
import type { LaneRules } from '../../src/domain/rulebook.js';
import { summarise } from '../../src/domain/usage.js';
import { silentLog } from '../../src/log.js';
import { Journal } from '../../src/store/journal.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { cleanup, temporaryFolder, ticket } from '../support/builders.js';
import { deskOf } from '../support/desk.js';
import { context } from '../support/devices.js';

/** A lane with a pass contact: the code of a real barrier over a board without a wire. */
async function lane(settings: Partial<LaneSettings> = {}, folder = temporaryFolder()) {
  const journal = await Journal.open(`${folder}/journal`, 'g');
  const list = await TicketList.open(`${folder}/list`);
  const writer = await ListWriter.open(`${folder}/list`);
  await writer.applyPage(
    'k',
    { items: ['1', '2'].map((b) => ({ kind: 'ticket', ticket: ticket(b) })), cursor: '1', counted: 2 },
    1,
  );
  const barrier = new VirtualBarrier(
    virtualBarrierOptions.parse({ driver: 'virtual', sensor: true, pulse: '20ms', passMin: '0ms' }),
    context(),
  );
  const waiters = new Set<() => void>();
  const told = (): void => waiters.forEach((w) => w());
  const events: LaneEvent[] = [];
  const incidents: LaneIncident[] = [];
  const shown: Signal[] = [];
  const settlement = new Settlement(told);
  const reservations = new Reservations();
  const rules: LaneRules = { lane: 'lane-1', direction: 'entry', performances: ['PERF1'] };
  const made = new Lane(
    {
      rules,
      language: 'en',
      debounce: 0,
      grantExpiry: 1000,
      config: 'c',
      passageTimeout: 10_000,
      tailgateWindow: 10_000,
      otherDirection: 'controlled',
      burn: 'passage',
      ...settings,
    },
    {
      clock: systemClock,
      log: silentLog,
      list,
      journal,
      reservations,
      desk: deskOf({ list, journal, reservations }, [rules]),
      settlement,
      barrier,
      indicator: { show: (signal) => shown.push(signal) },
      emit: (event) => {
        events.push(event);
        told();
      },
      incident: (incident) => {
        incidents.push(incident);
        told();
      },
    },
  );
  await barrier.open();
  made.start();
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
    });
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await barrier.close();
    await made.close();
    await writer.close();
    await list.close();
    await journal.close();
  };
  cleanup(close);
  const scan = async (code: string): Promise<void> => {
    const n = events.length;
    made.onRead({ text: code, medium: 'barcode', at: systemClock.monotonic() });
    await until(() => events.length > n);
  };
  /** Waits until every check so far may be reported. */
  const settled = (): Promise<void> => until(() => settlement.through(journal.lastSeq) === journal.lastSeq);
  return { lane: made, barrier, journal, events, shown, incidents, settlement, scan, until, settled, close, folder };
}
const kinds = (records: readonly JournalRecord[]): string[] =>
  records.map((r) => (r.kind === 'outcome' ? r.outcome : r.kind === 'event' ? r.what : r.kind));

describe('a lane with a pass contact', () => {
  it('is not reported before somebody walked, then as passed', async () => {
    const l = await lane();
    await l.scan('1');
    expect(l.events[0]).toMatchObject({ admitted: true });
    expect(l.settlement.through(l.journal.lastSeq)).toBe(0);
    expect((await l.journal.read(1)) as CheckRecord).toMatchObject({ awaits: true });
    await l.barrier.pass('entry');
    await l.settled();
    expect(kinds(await l.journal.readAfter(0, 10))).toEqual(['check', 'passed']);
    const { checks } = await l.journal.checksAfter(0, 10, 10);
    expect(checks).toMatchObject([{ outcome: 'passed' }]);
    expect(l.lane.counters).toMatchObject({ passed: 1, forced: 0 });
  });

  it('a grant that nobody used gives the ticket back, and the same person may try again', async () => {
    const l = await lane({ passageTimeout: 30 });
    await l.scan('1');
    await l.settled();
    expect(summarise(l.journal.usage('1')).entries).toBe(0);
    await l.scan('1');
    expect(l.events[1]).toMatchObject({ admitted: true });
  });

  it('who went through in the last moment is through, though the contact is judged after the time-out', async () => {
    const l = await lane({ passageTimeout: 30 });
    l.barrier.board.onRelay = (_, on) => {
      if (on) l.barrier.board.drive('passA', true);
    };
    await l.scan('1');
    await l.settled();
    expect(kinds(await l.journal.readAfter(0, 10))).toEqual(['check', 'passed']);
    expect(l.lane.counters).toMatchObject({ passed: 1, forced: 0 });
  });

  it('with `burn: grant` it stays used, and is reported as an admission', async () => {
    const l = await lane({ passageTimeout: 30, burn: 'grant' });
    await l.scan('1');
    await l.settled();
    expect(summarise(l.journal.usage('1'))).toMatchObject({ entries: 1, movements: [{ slot: 'PERF1' }] });
    expect((await l.journal.checksAfter(0, 10, 10)).checks).toMatchObject([{ outcome: 'kept' }]);
    await l.scan('1');
    expect(l.events[1]).toMatchObject({ admitted: false, reason: 'already-used' });
  });

  it('the next visitor waits until the one before is through; a second person behind is tailgating', async () => {
    const l = await lane();
    await l.scan('1');
    l.lane.onRead({ text: '2', medium: 'barcode', at: systemClock.monotonic() });
    expect(l.lane.phase).toBe('waiting');
    await l.barrier.pass('entry');
    await l.until(() => l.events.length === 2);
    await l.barrier.pass('entry');
    await l.settled();
    await l.barrier.pass('entry');
    await l.until(() => l.incidents.some((i) => i.what === 'tailgating'));
    expect(l.incidents.at(-1)).toMatchObject({ what: 'tailgating', of: 3, direction: 'entry' });
    expect(l.lane.counters).toMatchObject({ passed: 2, tailgating: 1 });
  });

  it('a passage without a grant is forced, the other way too when it is controlled', async () => {
    const l = await lane();
    await l.barrier.pass('entry');
    await l.until(() => l.incidents.length === 1);
    await l.barrier.pass('exit');
    await l.until(() => l.incidents.length === 2);
    expect(l.incidents).toMatchObject([
      { what: 'forced', direction: 'entry' },
      { what: 'forced', direction: 'exit' },
    ]);
    await l.until(() => l.journal.lastSeq === 2);
  });

  it('nobody is called to a barrier that is away; when it is back, the display says so', async () => {
    const l = await lane();
    l.barrier.board.unplug();
    await l.barrier.board.open();
    l.barrier.board.drive('fault', true);
    l.barrier.board.drive('fault', false);
    expect(l.shown.map((s) => s.pattern)).toEqual(['ready', 'closed', 'ready', 'closed', 'ready']);
    expect(l.shown[1]?.text).toBe('Use next gate');
    // While somebody is served the display is his.
    await l.scan('1');
    expect(l.shown.at(-1)?.pattern).toBe('admit');
    l.barrier.board.unplug();
    await l.settled();
    expect(l.shown.at(-1)?.pattern).toBe('closed');
  });

  it('fire counts also when the turnstile comes back with a fault', async () => {
    const l = await lane();
    l.barrier.board.drive('fault', true);
    l.barrier.board.unplug();
    // Nobody hears these: the wires are off.
    Object.assign(l.barrier.board, { level: (input: string) => input === 'fire' || input === 'fault' });
    await l.barrier.board.open();
    expect(l.lane.mode).toBe('emergency');
    expect(l.incidents.map((i) => i.what)).toContain('fire');
  });

  it('unplugged while somebody walks: unknown, and it stays used', async () => {
    const l = await lane();
    await l.scan('1');
    l.barrier.board.unplug();
    await l.settled();
    expect(kinds(await l.journal.readAfter(0, 10))).toEqual(['check', 'unknown']);
    expect(summarise(l.journal.usage('1'))).toMatchObject({ entries: 1, movements: [{ slot: 'PERF1' }] });
    await l.scan('2');
    expect(l.events.at(-1)).toMatchObject({ reason: 'barrier-unavailable' });
    expect(summarise(l.journal.usage('2')).entries).toBe(0);
  });

  it('what a crash left open is written as unknown at the next start, once', async () => {
    const l = await lane();
    await l.scan('1');
    // As after a power cut: nothing of the end gets to the disk.
    await l.journal.close();
    const journal = await Journal.open(`${l.folder}/journal`, 'g');
    cleanup(() => journal.close());
    expect(await journal.settleUnknown(5)).toBe(1);
    expect(await journal.settleUnknown(6)).toBe(0);
    expect((await journal.checksAfter(0, 10, 10)).checks).toMatchObject([{ outcome: 'unknown' }]);
    expect(summarise(journal.usage('1'))).toMatchObject({ entries: 1, movements: [{ slot: 'PERF1' }] });
  });

  it('closed: refused, nothing used up, journalled with who and why; still closed after a restart', async () => {
    const l = await lane();
    await l.lane.setMode('closed', 'anna', 'broken arm');
    await l.scan('1');
    expect(l.events[0]).toMatchObject({ admitted: false, reason: 'lane-closed' });
    expect(summarise(l.journal.usage('1')).entries).toBe(0);
    expect((await l.journal.read(1)) as EventRecord).toMatchObject({
      what: 'mode',
      mode: 'closed',
      who: 'anna',
      why: 'broken arm',
    });
    await l.close();
    const again = await lane({}, l.folder);
    expect(again.lane.mode).toBe('closed');
    await again.lane.setMode('controlled', 'anna', '');
    await again.scan('1');
    expect(again.events[0]).toMatchObject({ admitted: true });
  });

  it('free: held open, passages counted, tickets left alone', async () => {
    const l = await lane();
    await l.lane.setMode('free', 'anna', '');
    expect([...l.barrier.board.on_].sort()).toEqual(['freeA', 'freeB']);
    l.lane.onRead({ text: '1', medium: 'barcode', at: systemClock.monotonic() });
    await l.barrier.pass('entry');
    await l.until(() => l.incidents.some((i) => i.what === 'passage'));
    expect(summarise(l.journal.usage('1')).entries).toBe(0);
    await l.lane.setMode('controlled', 'anna', '');
    expect([...l.barrier.board.on_]).toEqual([]);
  });

  it('fire: everything released, nothing decided, everything recorded', async () => {
    const l = await lane();
    await l.scan('1');
    l.barrier.board.drive('fire', true);
    await l.settled();
    expect(l.lane.mode).toBe('emergency');
    expect([...l.barrier.board.on_].filter((o) => o.startsWith('free')).sort()).toEqual(['freeA', 'freeB']);
    l.lane.onRead({ text: '2', medium: 'barcode', at: systemClock.monotonic() });
    await l.barrier.pass('entry');
    await l.until(() => l.incidents.some((i) => i.what === 'passage'));
    l.barrier.board.drive('fire', false);
    await l.until(() => l.incidents.some((i) => i.what === 'fire-over'));
    await l.scan('2');
    expect(l.events.at(-1)).toMatchObject({ admitted: true });
    const records = await l.journal.readAfter(0, 20);
    expect(kinds(records)).toEqual(
      expect.arrayContaining(['check', 'unknown', 'fire', 'read', 'passage', 'fire-over']),
    );
    expect(records.find((r) => r.kind === 'event' && r.what === 'read')).toMatchObject({ credential: { code: '2' } });
  });

  it('a technician’s pulse is no check but a record; during a passage it is refused', async () => {
    const l = await lane();
    await l.lane.pulse('anna');
    await l.until(() => l.incidents.length === 1);
    expect(l.incidents[0]).toMatchObject({ what: 'pulse', who: 'anna' });
    await l.barrier.idle();
    await l.scan('1');
    await expect(l.lane.pulse('anna')).rejects.toMatchObject({ code: 'busy' });
  });
});
