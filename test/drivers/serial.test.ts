import { describe, expect, it } from 'vitest';
import { create as createRelay } from '../../drivers/serial-relay/driver.js';
import { serialRelayOptions } from '../../drivers/serial-relay/options.js';
import { RelayTwin } from '../../drivers/serial-relay/twin.js';
import { create as createScanner } from '../../drivers/serial-scanner/driver.js';
import { serialScannerOptions } from '../../drivers/serial-scanner/options.js';
import { remedyFor } from '../../drivers/transport/serial.js';
import { untilState } from '../contract/devices.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

const scanner = (path: string, rest: object = {}) => {
  const reader = createScanner(serialScannerOptions.parse({ driver: 'serial-scanner', path, ...rest }), context());
  cleanup(() => reader.close());
  return reader;
};
const next = <T>(subscribe: (listener: (value: T) => void) => () => void): Promise<T> =>
  new Promise((resolve) => {
    const off = subscribe((value) => {
      off();
      resolve(value);
    });
  });

describe('a scanner on a line', () => {
  it('a scan that spans an unplug is thrown away, never completed by what comes after', async () => {
    const wire = pty();
    const reader = scanner(wire.path, { frameTimeout: '10s' });
    await reader.open();
    const reads: string[] = [];
    reader.on('read', (r) => reads.push(r.text));
    wire.write('40063');
    const noise = next<{ bytes: number }>((l) => reader.on('noise', l));
    // The bytes are in the driver when a complete code that came before them has been delivered.
    wire.unplug();
    await untilState(reader, 'offline');
    wire.replug();
    await untilState(reader, 'ready');
    const read = next<{ text: string }>((l) => reader.on('read', l));
    wire.write('81333931\r');
    expect((await read).text).toBe('81333931');
    expect(reads).toEqual(['81333931']);
    await Promise.race([noise, Promise.resolve()]);
  });

  it('an unfinished code is dropped after the silence', async () => {
    const wire = pty();
    const reader = scanner(wire.path, { frameTimeout: '20ms' });
    await reader.open();
    const noise = next<{ bytes: number; why: string }>((l) => reader.on('noise', l));
    wire.write('4006');
    expect(await noise).toEqual({ bytes: 4, why: 'the end of a code did not come in time' });
  });

  it('a flood without an end degrades it with the remedy, and one good read heals it', async () => {
    const wire = pty();
    const reader = scanner(wire.path, { maxFrameBytes: 64 });
    await reader.open();
    const degraded = untilState(reader, 'degraded');
    for (let i = 0; i < 6; i++) wire.write(`${'x'.repeat(200)}\r`);
    await degraded;
    expect(reader.status().reason).toContain('baudRate');
    const healed = untilState(reader, 'ready');
    wire.write('good\r');
    await healed;
    expect(reader.status().counters.frames).toBe(1);
  });

  it('a port that is missing is a status with a remedy, and is found when it comes', async () => {
    const folder = temporaryFolder();
    const reader = scanner(`${folder}/ttyLater`);
    await reader.open();
    expect(reader.status()).toMatchObject({ state: 'offline' });
    expect(reader.status().reason).toContain('no such port');
    const { LinkedPty } = await import('../../drivers/transport/pty.js');
    const wire = new LinkedPty(`${folder}/ttyLater`);
    cleanup(() => wire.close());
    await untilState(reader, 'ready');
  });

  it('says what to do about each cause', () => {
    expect(remedyFor(new Error('Error: Permission denied, cannot open /dev/ttyS0'), '/dev/ttyS0')).toContain(
      'group dialout',
    );
    expect(remedyFor(new Error('Error Resource temporarily unavailable Cannot lock port'), '/dev/ttyS0')).toContain(
      'another program',
    );
  });
});

describe('a relay on a line', () => {
  it('hears "off" first, and "off" again when it comes back in mid-pulse', async () => {
    const wire = pty();
    const twin = new RelayTwin(wire);
    const relay = createRelay(
      serialRelayOptions.parse({ driver: 'serial-relay', path: wire.path, pulse: '10s', channel: 2 }),
      context(),
    );
    cleanup(() => relay.close());
    await relay.open();
    await twin.until(() => twin.changes.length === 1);
    expect(twin.changes[0]).toMatchObject({ channel: 2, on: false });
    await relay.grant({ direction: 'entry', expiresAt: performance.now() + 1000 });
    await twin.until(() => twin.isOn(2));
    wire.unplug();
    await relay.idle();
    wire.replug();
    await twin.until(() => !twin.isOn(2));
    expect(twin.pulses).toBe(1);
  });

  it('is switched off when the gate stops in mid-pulse', async () => {
    const wire = pty();
    const twin = new RelayTwin(wire);
    const relay = createRelay(
      serialRelayOptions.parse({ driver: 'serial-relay', path: wire.path, pulse: '10s' }),
      context(),
    );
    await relay.open();
    await relay.grant({ direction: 'entry', expiresAt: performance.now() + 1000 });
    await relay.close();
    await twin.until(() => twin.changes.length >= 3);
    expect(twin.isOn(1)).toBe(false);
  });
});
