import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Programme } from '../../src/domain/programme.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import type { CheckRecord } from '../../src/domain/records.js';
import type { ControlReport } from '../../src/secutix/types.js';
import { SecutixError } from '../../src/secutix/types.js';
import { seatMapWarnings } from '../../src/simulator/controls.js';
import { isOffline } from '../../src/sync/contact.js';
import { watchCursor } from '../../src/sync/cursor-watch.js';
import type { SyncStatus } from '../../src/sync/messages.js';
import { admissionTimes, planPull } from '../../src/sync/plan.js';
import { pushAll } from '../../src/sync/push.js';
import { reconcile } from '../../src/sync/reconcile.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const settings = { every: HOUR, duringEvent: MINUTE, eventBefore: 2 * HOUR, eventAfter: HOUR, pageSize: 5000 };
const scope = { listType: 'GREY' as const, ticketType: 'ALL' as const, season: 'S', products: ['P'], performances: [] };

describe('when the list is pulled', () => {
  const start = 100 * HOUR;
  const programme: Programme = {
    ...NO_PROGRAMME,
    performances: [
      { code: 'A', season: 'S', product: 'P', start },
      { code: 'B', season: 'S', product: 'OTHER', start: start + 30 * HOUR },
      { code: 'C', season: 'S', product: 'P', start: start + 50 * HOUR, admissionStart: start + 49 * HOUR },
      { code: 'D', product: 'P' },
    ],
  };
  const windows = admissionTimes(programme, [scope], settings);

  it('events are those of the scopes, from their doors on', () => {
    expect(windows).toEqual([
      { from: start - 2 * HOUR, to: start + HOUR },
      { from: start + 49 * HOUR, to: start + 51 * HOUR },
    ]);
  });
  it('hourly, at the doors, by the minute, hourly again', () => {
    const at = (ended: number) => planPull(ended, ended, windows, settings);
    expect(at(0)).toEqual({ at: HOUR, event: false });
    expect(at(start - 2.5 * HOUR)).toEqual({ at: start - 2 * HOUR, event: false });
    expect(at(start - HOUR)).toEqual({ at: start - HOUR + MINUTE, event: true });
    expect(at(start + HOUR)).toEqual({ at: start + 2 * HOUR, event: false });
  });
  it('never under a minute, never later than the interval', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 * HOUR }),
        fc.integer({ min: 0, max: HOUR }),
        fc.double({ min: 0.9, max: 1.1, noNaN: true }),
        (ended, on, stretch) => {
          const plan = planPull(ended, ended + on, windows, settings, stretch);
          expect(plan.at - ended).toBeGreaterThanOrEqual(MINUTE);
          expect(plan.at - ended).toBeLessThanOrEqual(1.1 * HOUR + 1);
        },
      ),
    );
  });
});

describe('a cursor that somebody else moves', () => {
  const items = [{ kind: 'ticket' as const, ticket: { barcode: 'x', state: 'VALID' as const } }];
  it('is noticed when it stands, goes back, or goes to where it was', () => {
    const first = watchCursor([], null, { cursor: '2026-01-02', items });
    expect(first.what).toBeUndefined();
    expect(watchCursor(first.trail, '2026-01-02', { cursor: '2026-01-02', items }).what).toContain('did not move');
    expect(watchCursor(first.trail, '2026-01-02', { cursor: '2026-01-02', items: [] }).what).toBeUndefined();
    expect(watchCursor(first.trail, '2026-01-02', { cursor: '2026-01-01', items }).what).toContain('backwards');
    const second = watchCursor(first.trail, '2026-01-02', { cursor: '2026-01-03', items });
    expect(second.what).toBeUndefined();
    expect(watchCursor(second.trail, '2026-01-03', { cursor: '2026-01-02', items }).what).toContain('had left');
    expect(watchCursor(second.trail, '2026-01-03', { cursor: null, items }).what).toBeUndefined();
  });
});

describe('out of reach', () => {
  const of = (answeredAt: number | null, failedAt: number | null) =>
    isOffline({ secutix: { answeredAt, failedAt } } as SyncStatus, 1_000_000, 300_000);
  it('is a failure after an answer that is too old, and nothing else', () => {
    expect(of(null, null)).toBe(false);
    expect(of(null, 1)).toBe(true);
    expect(of(1, null)).toBe(false);
    expect(of(1, 2)).toBe(true);
    expect(of(2, 1)).toBe(false);
    expect(of(900_000, 950_000)).toBe(false);
    expect(isOffline(undefined, 0, 1)).toBe(true);
  });
});

/** A server and a disk that are cut off at a chosen step; what was written before stays. */
function pushRig(admitted: readonly boolean[], steps: number, refuse: ReadonlySet<number>) {
  const checks = admitted.map((a, i): CheckRecord => ({
    kind: 'check',
    seq: i + 1,
    checkId: `g-${i + 1}`,
    at: i,
    lane: 'l',
    direction: 'entry',
    credential: { code: `b${i}`, medium: 'barcode' },
    barcode: `b${i}`,
    admitted: a,
    reason: a ? 'admitted' : 'unknown',
    list: '1',
    config: 'c',
  }));
  const disk = { all: 0, admitted: 0, rejected: new Set<number>() };
  const server: string[] = [];
  const order: boolean[] = [];
  let left = steps;
  const step = (): void => {
    if (left-- <= 0) throw new SecutixError('transport', 'x', 'cut off');
  };
  const parts: Parameters<typeof pushAll>[0] = {
    client: {
      importChecks: async (reports: readonly ControlReport[]) => {
        step();
        if (reports.some((r) => refuse.has(Number(r.checkId.slice(2))))) throw new SecutixError('business', 'x', 'no');
        for (const r of reports) {
          if (!server.includes(r.checkId)) order.push(r.admitted);
          server.push(r.checkId);
        }
        // The answer may be lost although the server has done it.
        step();
      },
    },
    state: {
      get pushCursor() {
        return disk.all;
      },
      get admittedCursor() {
        return disk.admitted;
      },
      acknowledge: async (through, rejected = []) => {
        step();
        disk.all = through;
        for (const { seq } of rejected) disk.rejected.add(seq);
      },
      acknowledgeAdmitted: async (through, rejected = []) => {
        step();
        disk.admitted = through;
        for (const { seq } of rejected) disk.rejected.add(seq);
      },
    },
    source: async (after, limit) => {
      const read = checks.slice(after, after + limit);
      return { checks: read.map((check) => ({ check, outcome: undefined })), scanned: after + read.length };
    },
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    onAcknowledged: () => {},
    onRejected: () => {},
  };
  return { parts, disk, server, order, resume: (more: number) => (left = more) };
}
const signal = new AbortController().signal;

describe('admissions first', () => {
  it('any checks, any cuts, any refusals: each one arrives or is set aside, none is skipped', async () => {
    const plan = fc.array(fc.nat(25), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        plan,
        fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }),
        fc.option(fc.integer({ min: 1, max: 9 })),
        async (admitted, batch, cuts, refused, refusals) => {
          const refuse = new Set(refused.filter((seq) => seq <= admitted.length));
          const rig = pushRig(admitted, 0, refuse);
          const options = { batch, signal, ...(refusals !== null && { refusals }) };
          for (const steps of cuts) {
            rig.resume(steps);
            await pushAll(rig.parts, options).catch(() => {});
          }
          rig.resume(Number.POSITIVE_INFINITY);
          for (let more = true; more;) ({ more } = await pushAll(rig.parts, options));
          const arrived = new Set(rig.server);
          for (let seq = 1; seq <= admitted.length; seq++)
            expect([seq, arrived.has(`g-${seq}`), rig.disk.rejected.has(seq)]).toEqual([
              seq,
              !refuse.has(seq),
              refuse.has(seq),
            ]);
          expect(rig.disk.all).toBe(admitted.length);
        },
      ),
      { numRuns: Number(process.env.PORTILLON_TEST_RUNS ?? 200) },
    );
  });

  it('of a backlog every admission is there before the first refusal', async () => {
    const rig = pushRig(
      Array.from({ length: 100 }, (_, i) => i % 3 > 0),
      Number.POSITIVE_INFINITY,
      new Set(),
    );
    await pushAll(rig.parts, { batch: 10, signal });
    expect(rig.order.indexOf(false)).toBe(rig.order.filter(Boolean).length);
  });

  it('after a backlog the flow ebbs away: the seat map has nothing to warn of but the outage', async () => {
    const rig = pushRig(
      Array.from({ length: 2_000 }, (_, i) => i % 10 > 0),
      Number.POSITIVE_INFINITY,
      new Set(),
    );
    const arrivals: { at: number; count: number }[] = [];
    let last = 0;
    for (let minute = 0, more = true; more; minute++) {
      const before = new Set(rig.server).size;
      ({ more } = await pushAll(rig.parts, { batch: 100, signal, refusals: Math.max(100, Math.ceil(last / 4)) }));
      last = new Set(rig.server).size - before;
      if (last > 0) arrivals.push({ at: minute * MINUTE, count: last });
    }
    expect(seatMapWarnings(arrivals, arrivals.length * MINUTE).length).toBeLessThanOrEqual(1);
    expect(
      seatMapWarnings(
        [
          { at: 0, count: 100 },
          { at: MINUTE, count: 10 },
        ],
        3 * MINUTE,
      ),
    ).toEqual(['minute 1: 10 controls after 100', 'minute 2: no new controls']);
  });
});

describe('reconciliation', () => {
  const history = (state: string, ...operations: { type: string; at: string }[]) => ({
    barcode: 'b',
    state,
    container: null,
    operations,
    raw: {},
  });
  const local = [{ checkId: 'g-1', at: Date.UTC(2026, 0, 1, 12, 0, 0, 400), admitted: true }];
  it('same, missing, foreign, another state, no answer', () => {
    const ok = { type: 'OK', at: '2026-01-01T12:00:00.000Z' };
    expect(reconcile({ local, state: 'VALID', remote: history('VALID', ok) })).toEqual([]);
    expect(reconcile({ local, state: 'VALID', remote: history('VALID', { ...ok, type: 'OFFLINE_OK' }) })).toEqual([]);
    expect(reconcile({ local, state: 'VALID', remote: history('VALID') })).toMatchObject([{ kind: 'missing' }]);
    expect(reconcile({ local: [], state: 'VALID', remote: history('VALID', ok) })).toMatchObject([{ kind: 'foreign' }]);
    expect(
      reconcile({ local, state: 'VALID', remote: history('CANCELLED', ok, { type: 'CANCELLED_TICKET', at: ok.at }) }),
    ).toMatchObject([{ kind: 'state' }]);
    const error = { error: 'unknown ticket' };
    expect(reconcile({ local, state: 'VALID', remote: error })).toMatchObject([{ kind: 'unknown' }]);
    expect(reconcile({ local, state: undefined, remote: error })).toMatchObject([{ kind: 'unknown' }]);
    expect(reconcile({ local: [], state: 'VALID', remote: error })).toMatchObject([{ kind: 'unknown' }]);
    // Neither knows it, and it was refused: every gate has such reads.
    const refused = local.map((check) => ({ ...check, admitted: false }));
    expect(reconcile({ local: refused, state: undefined, remote: error })).toEqual([]);
    expect(reconcile({ local: [], state: undefined, remote: { error: 'unknown ticket' } })).toEqual([]);
  });
});
