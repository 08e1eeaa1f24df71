import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { Programme } from '../../src/domain/programme.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import { silentLog } from '../../src/log.js';
import type { SecutixClient } from '../../src/secutix/types.js';
import { startSimulator } from '../../src/simulator/server.js';
import { casesOf } from '../../src/simulator/model.js';
import { entriesOf } from '../../src/store/list-generations.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { ListHold } from '../../src/sync/list-hold.js';
import type { SyncOptions } from '../../src/sync/messages.js';
import { Puller } from '../../src/sync/puller.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { clientOf, GREY, settingsOf } from '../support/secutix.js';

const DAY = 24 * 3_600_000;

async function rig(options: { keepTickets?: number; programme?: () => Programme } = {}) {
  const simulator = await startSimulator({ port: 0, tickets: 1_000, seed: 5, callsPerMinute: 0 });
  const folder = temporaryFolder();
  const lanes = await TicketList.open(folder);
  const writer = await ListWriter.open(folder);
  const secutix = settingsOf(simulator.url);
  const real = clientOf(secutix);
  /** Called with every cursor before its page is fetched. */
  const gate: { before: (cursor: string | null) => Promise<void> } = { before: async () => {} };
  const client: SecutixClient = {
    ...real,
    exportPage: async (scope, cursor, o) => {
      await gate.before(cursor);
      return real.exportPage(scope, cursor, o);
    },
  };
  const stop = new AbortController();
  const scope = GREY;
  const puller = new Puller({
    clock: systemClock,
    log: silentLog,
    client,
    hold: new ListHold(writer, async () => undefined),
    options: {
      secutix,
      scopes: [scope],
      pull: { pageSize: 200 },
      ...(options.keepTickets !== undefined && { keepTickets: options.keepTickets }),
    } as unknown as SyncOptions,
    signal: stop.signal,
    report: () => {},
    programme: options.programme ?? (() => NO_PROGRAMME),
    halted: () => false,
  });
  cleanup(async () => {
    stop.abort();
    await writer.close();
    await lanes.close();
    await client.close();
    await simulator.close();
  });
  const stateOf = (barcode: string): string | undefined => lanes.find(barcode, 'barcode').tickets[0]?.state;
  const size = async (): Promise<number> => {
    let n = 0;
    for await (const piece of entriesOf(writer, writer.generation)) n += piece.length;
    return n;
  };
  const valid = casesOf(simulator.model, 'P1', 'PERF1', 50).valid;
  return { simulator, writer, puller, gate, stateOf, size, valid };
}

/** Stops the reading of the whole list before its third page. */
function stopBeside(gate: { before: (cursor: string | null) => Promise<void> }) {
  let reached: () => void = () => {};
  let release: () => void = () => {};
  const stopped = new Promise<void>((resolve) => (reached = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  let pages = -1;
  let stopHere = false;
  gate.before = async (cursor) => {
    if (cursor === null) pages = 0;
    if (pages < 0 || stopHere) return;
    if (++pages === 3) {
      stopHere = true;
      reached();
      await released;
    }
  };
  return { stopped, release };
}

describe('while a whole list is read beside the one in force', () => {
  it('a ticket that is cancelled is refused at once, and the new list has it too', async () => {
    const { simulator, writer, puller, gate, stateOf, valid } = await rig();
    await puller.pull();
    const before = writer.generation;
    const { stopped, release } = stopBeside(gate);
    const resync = puller.resync('resync');
    // One that waits for the list is let in when the reading begins.
    const early = puller.pull();
    await stopped;
    await early;
    const [a, b] = valid as [string, string];
    simulator.model.cancel(a);
    await puller.pull();
    expect(stateOf(a)).toBe('CANCELLED');
    expect(writer.generation).toBe(before);
    simulator.model.cancel(b);
    release();
    const report = await resync;
    expect(report).toMatchObject({ swapped: true, new: 0, changed: 0, vanished: 0 });
    expect(writer.generation).toBeGreaterThan(before);
    expect([stateOf(a), stateOf(b)]).toEqual(['CANCELLED', 'CANCELLED']);
    // Pulls go on where the new list's cursor is.
    simulator.model.cancel(valid[2] as string);
    await puller.pull();
    expect(stateOf(valid[2] as string)).toBe('CANCELLED');
  });

  it('one that was cut off goes on by itself, and does not hold up the next pull', async () => {
    const { simulator, writer, puller, gate, stateOf, valid } = await rig();
    await puller.pull();
    const before = writer.generation;
    let pages = 0;
    gate.before = async () => {
      if (++pages > 3) throw new Error('the power is cut');
    };
    await expect(puller.resync('resync')).rejects.toThrow('the power is cut');
    const going = new Promise<void>((resolve) => {
      gate.before = async () => resolve();
    });
    simulator.model.cancel(valid[0] as string);
    await puller.pull();
    expect(stateOf(valid[0] as string)).toBe('CANCELLED');
    await going;
    await expect.poll(() => writer.generation, { timeout: 60_000 }).toBeGreaterThan(before);
  });
});

describe('tickets of the past', () => {
  it('go with their time, by the catalogue; what is on stays, in a list read anew too', async () => {
    let ended = Date.now() - 20 * DAY;
    const programme = (): Programme => ({
      ...NO_PROGRAMME,
      performances: [
        { code: 'PERF1', season: 'S26', product: 'P1', start: ended },
        { code: 'PERF2', season: 'S26', product: 'P1', start: Date.now() + DAY },
      ],
    });
    const { simulator, writer, puller, stateOf, size, valid } = await rig({ keepTickets: 30 * DAY, programme });
    await puller.pull();
    const whole = await size();
    const [a] = valid as [string];
    expect(stateOf(a)).toBe('VALID');
    ended = Date.now() - 40 * DAY;
    // Once a day.
    await puller.pull();
    expect(stateOf(a)).toBe('VALID');
    await writer.write([{ type: 'del', key: 'm!purged' }]);
    await puller.pull();
    expect(stateOf(a)).toBeUndefined();
    const left = await size();
    const past = [...simulator.model.tickets.values()].filter((t) => t.performanceCode === 'PERF1').length;
    expect([left, past > 0, left > 0]).toEqual([whole - past, true, true]);
    expect(await puller.resync('verify')).toMatchObject({ new: 0, changed: 0, vanished: 0 });
    expect(await size()).toBe(left);
  });
});
