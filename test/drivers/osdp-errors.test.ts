import { describe, expect, it } from 'vitest';
import { Bus } from '../../drivers/osdp/bus.js';
import { create } from '../../drivers/osdp/driver.js';
import { osdpOptions } from '../../drivers/osdp/options.js';
import { OsdpTwin } from '../../drivers/osdp/twin.js';
import { Emitter } from '../../drivers/transport/emitter.js';
import type { BytePortEvents } from '../../drivers/transport/serial.js';
import { seededRandom } from '../../src/clock.js';
import { context } from '../support/devices.js';
import { FakeClock } from '../support/fake-clock.js';

const BAUD = 9600;
/** Hours of bus time per run; OSDP_HOURS for more. */
const HOURS = Number(process.env.OSDP_HOURS ?? 2);
const KEY = '101112131415161718191A1B1C1D1E1F';

/** A two-wire line in memory: bytes take their time at 9600 baud, and nothing else does. */
function memoryWire(clock: FakeClock) {
  const events = new Emitter<BytePortEvents>((error) => {
    throw error;
  });
  let heard: (chunk: Uint8Array) => void = () => {};
  const after = (bytes: Uint8Array, run: () => void) => void clock.sleep((bytes.length * 10_000) / BAUD).then(run);
  let state = 'starting';
  return {
    wire: {
      get state() {
        return state;
      },
      reason: '',
      open: async () => {
        state = 'ready';
        events.emit('up', undefined);
      },
      close: async () => {
        state = 'closed';
        events.emit('down', 'closed');
      },
      write: (bytes: Uint8Array) => after(bytes, () => heard(bytes)),
      on: <K extends keyof BytePortEvents>(event: K, listener: BytePortEvents[K]) => events.on(event, listener),
    },
    device: {
      write: (bytes: Uint8Array) => after(bytes, () => events.emit('data', bytes)),
      onData: (listener: (chunk: Uint8Array) => void) => {
        heard = listener;
        return () => {};
      },
    },
  };
}

describe('osdp: one bit in a thousand is wrong', () => {
  it.each([
    ['plain', undefined],
    ['secure', KEY],
  ])(
    'no card that a correct frame carried is lost, doubled or altered (%s)',
    async (_, key) => {
      const clock = new FakeClock();
      const random = seededRandom(20_261_124);
      const { wire, device } = memoryWire(clock);
      const surroundings = { ...context('gate'), clock };
      const bus = new Bus(wire, BAUD, surroundings);
      const twin = new OsdpTwin(device, {
        random,
        now: () => clock.monotonic(),
        ...(key !== undefined && { key: Buffer.from(key, 'hex') }),
      });
      twin.keepHeard = false;
      twin.faults.bitErrorRate = 1e-3;
      const reader = create(osdpOptions.parse({ driver: 'osdp', path: 'memory', ...(key && { key }) }), {
        ...surroundings,
        share: <T>() => bus as T,
      });
      const reads: string[] = [];
      reader.on('read', ({ text }) => reads.push(text));
      const opened = reader.open();
      await clock.advance(5_000);
      await opened;
      const presented: string[] = [];
      const started = performance.now();
      // A card every one to five seconds.
      for (const end = clock.monotonic() + HOURS * 3_600_000; clock.monotonic() < end;) {
        const uid = (0x04000000 + presented.length).toString(16).padStart(8, '0').toUpperCase();
        presented.push(uid);
        twin.present(uid);
        await clock.advance(1_000 + Math.floor(random() * 4_000));
      }
      await clock.advance(60_000);
      const carried = twin.carried.map((bits) => Number.parseInt(bits, 2).toString(16).padStart(8, '0').toUpperCase());
      const { counters } = reader.status();
      if (process.env.OSDP_HOURS)
        console.log({
          HOURS,
          cpu: performance.now() - started,
          cards: presented.length,
          carried: carried.length,
          counters,
        });
      expect(reads).toEqual(carried);
      expect(counters.timeouts! / counters.polls!).toBeGreaterThan(0.05);
      // Stronger than asked: the repeats of the same number lose nothing at all while the link is not restarted.
      expect(presented.length - reads.length).toBeLessThanOrEqual(counters.reconnects! + counters.handshakes!);
      const closed = reader.close();
      await clock.advance(1_000);
      await closed;
    },
    3_600_000,
  );
});
