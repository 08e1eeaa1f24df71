import { expect, it } from 'vitest';
import type { Barrier, Reader } from '../../drivers/contract.js';
import { DriverFault } from '../../drivers/contract.js';

/** What a suite needs to play the other side of a reader. */
export interface ReaderRig {
  reader: Reader;
  /** A visitor presents a code. */
  present: (code: string) => void;
  /** The first characters of a code, of a reader that delivers piece by piece. */
  begin?: (part: string) => void;
  /** Undefined where there is nothing to unplug. */
  cable?: { unplug(): void; replug(): void };
}

export interface BarrierRig {
  barrier: Barrier;
  /** Pulses seen on the device's side. */
  pulses: () => number;
  /** Resolves when the device has seen that many. */
  pulsesReach: (n: number) => Promise<void>;
  cable?: { unplug(): void; replug(): void };
}

/** Resolves when the device reports the state. */
export async function untilState(device: Pick<Reader, 'status' | 'on'>, wanted: string): Promise<void> {
  if (device.status().state === wanted) return;
  await new Promise<void>((resolve) => {
    const off = device.on('status', (status) => {
      if (status.state !== wanted) return;
      off();
      resolve();
    });
  });
}

const nextRead = (reader: Reader): Promise<string> =>
  new Promise((resolve) => {
    const off = reader.on('read', (read) => {
      off();
      resolve(read.text);
    });
  });

export function readerContract(make: () => Promise<ReaderRig>, has: { cable: boolean; pieces?: boolean }): void {
  it('delivers what is presented, in order, once open', async () => {
    const { reader, present } = await make();
    await reader.open();
    expect(reader.status().state).toBe('ready');
    for (const code of ['24282035061813972260', '0007', 'OTI-a-1']) {
      const read = nextRead(reader);
      present(code);
      expect(await read).toBe(code);
    }
    expect(reader.status().counters.frames).toBe(3);
    await reader.close();
  });

  it('opens and closes twice without complaint, and again after a close', async () => {
    const { reader, present } = await make();
    await Promise.all([reader.open(), reader.open()]);
    await reader.close();
    await reader.close();
    expect(reader.status().state).toBe('closed');
    await reader.open();
    const read = nextRead(reader);
    present('again');
    expect(await read).toBe('again');
    await reader.close();
  });

  it('survives a listener that throws', async () => {
    const { reader, present } = await make();
    reader.on('read', () => {
      throw new Error('not the device’s fault');
    });
    await reader.open();
    const read = nextRead(reader);
    present('x1');
    expect(await read).toBe('x1');
    await reader.close();
  });

  if (has.pieces)
    it('says that a code is coming when part of it is here, and not with its end', async () => {
      const { reader, present, begin } = await make();
      if (!begin) throw new Error('the rig begins no code');
      const told: string[] = [];
      reader.on('coming', () => told.push('coming'));
      reader.on('read', ({ text }) => told.push(text));
      await reader.open();
      const coming = new Promise<void>((resolve) => reader.on('coming', () => resolve()));
      begin('2428');
      await coming;
      expect(new Set(told)).toEqual(new Set(['coming']));
      const read = nextRead(reader);
      present('77');
      expect(await read).toBe('242877');
      expect(told.at(-1)).toBe('242877');
      await reader.close();
    });

  if (!has.cable) return;
  it('is back after an unplug, and says so', async () => {
    const { reader, present, cable } = await make();
    if (!cable) throw new Error('the rig has no cable');
    await reader.open();
    cable.unplug();
    await untilState(reader, 'offline');
    expect(reader.status().reason).toBeTruthy();
    cable.replug();
    await untilState(reader, 'ready');
    const read = nextRead(reader);
    present('after');
    expect(await read).toBe('after');
    expect(reader.status().counters.reconnects).toBe(1);
    await reader.close();
  });
}

const soon = (): number => performance.now() + 1_000;
const fault = async (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'granted',
    (error: unknown) => (error instanceof DriverFault ? error.code : String(error)),
  );

export function barrierContract(make: () => Promise<BarrierRig>, has: { cable: boolean }): void {
  it('one grant is one pulse, and the next one may follow when it has ended', async () => {
    const { barrier, pulsesReach, pulses } = await make();
    await barrier.open();
    await barrier.grant({ direction: 'entry', expiresAt: soon() });
    expect(await fault(barrier.grant({ direction: 'entry', expiresAt: soon() }))).toBe('busy');
    await pulsesReach(1);
    await barrier.idle();
    await barrier.grant({ direction: 'entry', expiresAt: soon() });
    await pulsesReach(2);
    await barrier.close();
    expect(pulses()).toBe(2);
  });

  it('refuses a grant that is too late, before it is open and after it is closed', async () => {
    const { barrier, pulses } = await make();
    expect(await fault(barrier.grant({ direction: 'entry', expiresAt: soon() }))).toBe('offline');
    await barrier.open();
    expect(await fault(barrier.grant({ direction: 'entry', expiresAt: performance.now() - 1 }))).toBe('expired');
    await barrier.close();
    await barrier.close();
    expect(await fault(barrier.grant({ direction: 'entry', expiresAt: soon() }))).toBe('offline');
    expect(pulses()).toBe(0);
  });

  it('a revoke ends the pulse and may come twice', async () => {
    const { barrier } = await make();
    await barrier.open();
    await barrier.grant({ direction: 'entry', expiresAt: soon() });
    await barrier.revoke();
    await barrier.revoke();
    await barrier.idle();
    expect(await fault(barrier.grant({ direction: 'entry', expiresAt: soon() }))).toBe('granted');
    await barrier.close();
  });

  if (!has.cable) return;
  it('nothing that was asked while unplugged opens it later', async () => {
    const { barrier, pulses, pulsesReach, cable } = await make();
    if (!cable) throw new Error('the rig has no cable');
    await barrier.open();
    cable.unplug();
    // The port may not know yet: whatever the answer, nothing may come out later.
    await fault(barrier.grant({ direction: 'entry', expiresAt: soon() }));
    await untilState(barrier, 'offline');
    expect(await fault(barrier.grant({ direction: 'entry', expiresAt: soon() }))).toBe('offline');
    cable.replug();
    await untilState(barrier, 'ready');
    await barrier.idle();
    expect(pulses()).toBe(0);
    await barrier.grant({ direction: 'entry', expiresAt: soon() });
    await pulsesReach(1);
    await barrier.close();
  });
}
