import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Barrier } from '../../drivers/contract.js';
import { AnswerFramer, crc16, crcRight, withCrc } from '../../drivers/framing/modbus-frames.js';
import { create } from '../../drivers/modbus/driver.js';
import { modbusOptions } from '../../drivers/modbus/options.js';
import { ModbusTwin } from '../../drivers/modbus/twin.js';
import { untilState } from '../contract/devices.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const soon = (): number => performance.now() + 2_000;

describe('modbus frames', () => {
  it.each([
    '01 05 00 00 FF 00 8C 3A',
    '01 05 00 00 00 00 CD CA',
    '01 05 02 00 00 07 8D B0',
    '01 05 02 00 00 03 8C 73',
    '01 01 00 00 00 08 3D CC',
    '01 01 01 05 91 8B',
    '01 02 00 00 00 08 79 CC',
    '01 02 01 05 61 8B',
    '01 82 02 C1 61',
    '01 85 03 02 91',
  ])('%s has the right check', (text) => {
    const frame = hex(text);
    expect(withCrc(frame.subarray(0, -2))).toEqual(frame);
    expect(crcRight(frame)).toBe(true);
  });

  it('the check of 123456789 is 4B37', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0x4b37);
  });

  const request = hex('01 02 00 00 00 08 79 CC');
  const answer = hex('01 02 01 05 61 8B');

  it('the answer is found behind any noise, in any pieces, and the buffer stays small', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (noise, sizes) => {
          const framer = new AnswerFramer();
          framer.expect(request);
          const all = Uint8Array.of(...noise, ...answer);
          let found: Uint8Array | undefined;
          for (let at = 0, i = 0; at < all.length && !found; i++) {
            const size = sizes[i % sizes.length] as number;
            found = framer.push(all.subarray(at, at + size));
            at += size;
            expect(framer.pending).toBeLessThanOrEqual(256);
          }
          expect(found).toEqual(answer);
        },
      ),
    );
  });

  it('an answer of another unit or function, or with a wrong check, is none; an exception is', () => {
    const framer = new AnswerFramer();
    framer.expect(request);
    expect(framer.push(withCrc(hex('02 02 01 05')))).toBeUndefined();
    expect(framer.push(withCrc(hex('01 01 01 05')))).toBeUndefined();
    expect(framer.push(hex('01 02 01 05 61 8C'))).toBeUndefined();
    expect(framer.push(hex('01 82 02 C1 61'))).toEqual(hex('01 82 02 C1 61'));
    expect(framer.push(answer)).toBeUndefined();
  });
});

interface Rig {
  barrier: Barrier;
  twin: ModbusTwin;
  wire: ReturnType<typeof pty>;
  passages: string[];
  inputs: string[];
  heard: (count: () => number, n: number) => Promise<void>;
}
function rig(options: object = {}, wire = pty(), shared = new Map<string, unknown>(), unit = 1): Rig {
  const twin = new ModbusTwin(wire, unit);
  const barrier = create(
    modbusOptions.parse({
      driver: 'modbus',
      path: wire.path,
      baudRate: 115_200,
      unit,
      timeout: '500ms',
      turnaround: '20ms',
      poll: '10ms',
      pulse: '60ms',
      passMin: '0ms',
      outputs: { grantA: 0, freeA: 1 },
      inputs: { passA: 0, passB: 1, fire: { input: 2, normallyClosed: true } },
      ...options,
    }),
    context('board', shared),
  );
  cleanup(() => barrier.close());
  // The fire loop is closed at rest.
  twin.inputs.add(2);
  const passages: string[] = [];
  const inputs: string[] = [];
  const waiters = new Set<() => void>();
  const told = (): void => [...waiters].forEach((w) => w());
  barrier.on('passage', ({ direction }) => {
    passages.push(direction);
    told();
  });
  barrier.on('input', ({ input, active }) => {
    inputs.push(`${input} ${active}`);
    told();
  });
  barrier.on('status', told);
  const heard = (count: () => number, n: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (count() < n) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
    });
  return { barrier, twin, wire, passages, inputs, heard };
}
/** The board has been asked this often more. */
const asked = async (twin: ModbusTwin, n: number): Promise<void> => {
  const from = twin.requests;
  await twin.until(() => twin.requests >= from + n);
};

describe('a board on a bus', () => {
  it('reports passages and a fire loop that opens', async () => {
    const r = rig();
    await r.barrier.open();
    expect([...r.barrier.active()]).toEqual([]);
    r.twin.inputs.add(0);
    await asked(r.twin, 8);
    r.twin.inputs.delete(0);
    await r.heard(() => r.passages.length, 1);
    r.twin.inputs.delete(2);
    await r.heard(() => r.inputs.length, 1);
    expect(r.passages).toEqual(['entry']);
    expect(r.inputs).toEqual(['fire true']);
    expect([...r.barrier.active()]).toEqual(['fire']);
  });

  it('skips noise and a damaged answer; the inputs are right at the next poll', async () => {
    const r = rig();
    await r.barrier.open();
    r.twin.faults.noise = 20;
    await asked(r.twin, 2);
    r.twin.faults.damage = 1;
    r.twin.inputs.delete(2);
    await r.heard(() => r.barrier.active().size, 1);
    expect([...r.barrier.active()]).toEqual(['fire']);
  });

  it('a late answer is lent to nobody: stale inputs are never seen', async () => {
    const r = rig();
    await r.barrier.open();
    // The answer with the fire loop open comes long after its time; by then the loop is closed again.
    r.twin.inputs.delete(2);
    r.twin.faults.lateBy = 700;
    await asked(r.twin, 1);
    r.twin.inputs.add(2);
    await r.twin.until(() => r.twin.late === 1);
    await asked(r.twin, 12);
    expect(r.inputs).toEqual([]);
    expect(r.barrier.status().counters.timeouts).toBeGreaterThanOrEqual(1);
  });

  it.each([1100, 1700, 2300])(
    'answers that come after %i ms, behind several questions, are lent to nobody',
    async (late) => {
      const r = rig();
      await r.barrier.open();
      r.twin.inputs.delete(2);
      r.twin.faults.lateBy = late;
      await asked(r.twin, 1);
      r.twin.inputs.add(2);
      await r.twin.until(() => r.twin.late === 1);
      await untilState(r.barrier, 'ready');
      await asked(r.twin, 12);
      expect(r.inputs).toEqual([]);
      // It can be trusted again.
      r.twin.inputs.delete(2);
      await r.heard(() => r.inputs.length, 1);
      expect(r.inputs).toEqual(['fire true']);
    },
  );

  it('a write whose answer is lost is looked up: told once, and done', async () => {
    const r = rig({ inputs: {} });
    await r.barrier.open();
    r.twin.faults.mutedWrites = 1;
    await r.barrier.grant({ direction: 'entry', expiresAt: soon() });
    expect(r.twin.writes.filter((w) => w.on)).toHaveLength(1);
    expect(r.twin.pulses).toBe(1);
    await r.barrier.idle();
    expect(r.twin.coils.has(0)).toBe(false);
  });

  it('a relay that sticks fails the grant', async () => {
    const r = rig({ inputs: {} });
    await r.barrier.open();
    r.twin.faults.stuck = true;
    r.twin.faults.mutedWrites = 1;
    await expect(r.barrier.grant({ direction: 'entry', expiresAt: soon() })).rejects.toMatchObject({
      code: 'no-answer',
    });
    expect(r.twin.pulses).toBe(0);
  });

  it('an exception is told with its words', async () => {
    const r = rig({ inputs: {} });
    await r.barrier.open();
    r.twin.faults.exception = 2;
    await expect(r.barrier.grant({ direction: 'entry', expiresAt: soon() })).rejects.toThrow(/address/i);
  });

  it('three silences are offline with the remedy; back, every coil is off first', async () => {
    const r = rig();
    await r.barrier.open();
    await r.barrier.hold(['entry']);
    expect(r.twin.coils.has(1)).toBe(true);
    r.twin.faults.silence = 6;
    await untilState(r.barrier, 'offline');
    expect(r.barrier.status().reason).toContain('baudRate');
    const before = r.twin.writes.length;
    await untilState(r.barrier, 'ready');
    expect(r.twin.writes.slice(before, before + 2)).toEqual([
      { coil: 0, on: false },
      { coil: 1, on: false },
    ]);
    // What was held is held again.
    await r.twin.until(() => r.twin.coils.has(1));
  });

  it('the board ends its own pulse', async () => {
    const r = rig({ inputs: {}, pulseBy: 'board', pulse: '100ms' });
    await r.barrier.open();
    const before = r.twin.writes.length;
    await r.barrier.grant({ direction: 'entry', expiresAt: soon() });
    await r.barrier.idle();
    await r.twin.until(() => !r.twin.coils.has(0));
    expect(r.twin.writes.slice(before)).toEqual([{ coil: 0, on: true }]);
  });

  it('one silent unit does not stop the other one on the bus', async () => {
    const wire = pty();
    const shared = new Map<string, unknown>();
    const one = rig({ inputs: {} }, wire, shared, 1);
    const two = rig({ inputs: {} }, wire, shared, 2);
    await one.barrier.open();
    await two.barrier.open();
    one.twin.faults.silence = 1_000;
    await untilState(one.barrier, 'offline');
    await two.barrier.grant({ direction: 'entry', expiresAt: soon() });
    expect(two.twin.pulses).toBe(1);
    expect(two.barrier.status().state).toBe('ready');
  });
});
