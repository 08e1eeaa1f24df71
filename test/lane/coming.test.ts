import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ScannerTwin } from '../../drivers/serial-scanner/twin.js';
import { systemClock } from '../../src/clock.js';
import { EXAMPLE } from '../../src/config/example.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log.js';
import { buildLanes } from '../../src/runtime-lanes.js';
import type { NewRecord } from '../../src/store/journal.js';
import { cleanup, temporaryFolder, ticket } from '../support/builders.js';
import { pty } from '../support/devices.js';
import { gate } from '../support/lane-rig.js';

it('while a code comes in on a wire the lane that will decide on it rehearses; while nobody is let in it does not', async () => {
  const wire = pty();
  const twin = new ScannerTwin(wire);
  const rig = await gate(1, [ticket('1', { product: 'P1' }), ticket('2', { product: 'P1' })]);
  const file = path.join(temporaryFolder(), 'gate.yaml');
  const text = EXAMPLE.replace('/dev/ttyUSB0', wire.path)
    .replace(/secret: .*/, 'secret: not-a-secret')
    .replace(/barrier: .*/, 'barrier: { driver: virtual, pulse: 20ms }');
  writeFileSync(file, text, { mode: 0o600 });
  const { config } = loadConfig(file);
  const decided: string[] = [];
  const deciding: (() => void)[] = [];
  const waiting: ((record: NewRecord) => void)[] = [];
  const rehearsed: NewRecord[] = [];
  const { journal } = rig;
  const rehearse = journal.rehearse.bind(journal);
  journal.rehearse = (record) => {
    rehearsed.push(record);
    for (const told of waiting.splice(0)) told(record);
    return rehearse(record);
  };
  const lanes = await buildLanes(config, {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    configHash: 'c',
    trace: () => () => {},
    share: <T>(_key: string, make: () => T) => make(),
    onRead: () => {},
    shared: {
      list: rig.list,
      journal,
      reservations: rig.reservations,
      settlement: rig.settlement,
      desk: rig.desk,
      emit: (event) => {
        decided.push(event.reason);
        for (const told of deciding.splice(0)) told();
      },
      incident: () => {},
    },
  });
  cleanup(() => lanes.close());
  const scanned = async (rest: string): Promise<void> => {
    const next = new Promise<void>((resolve) => deciding.push(resolve));
    twin.scan(rest);
    await next;
  };
  await scanned('1');
  expect(rehearsed).toEqual([]);
  // The lane is ready again when the pulse is over.
  await expect.poll(() => lanes.report()[0]?.phase).toBe('ready');
  const record = new Promise<NewRecord>((resolve) => waiting.push(resolve));
  twin.begin('2');
  expect(await record).toMatchObject({ kind: 'check', lane: 'lane-1', admitted: true, barcode: '1?' });
  await scanned('');
  expect(decided).toEqual(['admitted', 'admitted']);
  expect(await journal.latest(5)).toHaveLength(2);

  await lanes.setMode('lane-1', 'closed', 'somebody', 'test');
  const before = rehearsed.length;
  twin.begin('3');
  await scanned('4');
  expect(decided.at(-1)).toBe('unknown');
  expect(rehearsed).toHaveLength(before);
});
