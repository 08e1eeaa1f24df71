import { describe, expect, it } from 'vitest';
import { NO_TEXT, TextShare } from '../../drivers/kit/text-share.js';
import { create } from '../../drivers/serial-scanner/driver.js';
import { serialScannerOptions } from '../../drivers/serial-scanner/options.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';
import { heardAt } from '../../drivers/serial-scanner/uart.js';

const SPEEDS = [1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200];
const CODES = ['24282035061813972260', '9780201379624', 'ABC-1234567890', '00112233445566778899aabb'];

describe('a scanner at another speed than its port', () => {
  it('the same speed is heard as it was sent', () => {
    for (const code of CODES) expect(Buffer.from(heardAt(`${code}\r`, 9600, 9600)).toString()).toBe(`${code}\r`);
  });

  it('is recognised for every pair of usual speeds, within three codes unless hardly a byte a code arrives', () => {
    const missed: string[] = [];
    for (const sent of SPEEDS)
      for (const port of SPEEDS) {
        const share = new TextShare();
        const codes = sent / port > 12 ? [...CODES, ...CODES, ...CODES] : CODES.slice(0, 3);
        for (const code of codes) share.push(heardAt(`${code}\r\n`, sent, port));
        if (share.looksWrong !== (sent !== port)) missed.push(`${sent} at ${port}`);
      }
    expect(missed).toEqual([]);
  });

  it('the reader says what to check after a few codes, and is well again with the first good one', async () => {
    const wire = pty();
    const options = serialScannerOptions.parse({ driver: 'serial-scanner', path: wire.path, frameTimeout: '50ms' });
    const reader = create(options, context());
    cleanup(() => reader.close());
    await reader.open();
    const degraded = new Promise<string>((resolve) => {
      reader.on('status', ({ state, reason }) => state === 'degraded' && resolve(reason ?? ''));
    });
    // Somebody presents ticket after ticket until the gate says something.
    const tries = setInterval(() => wire.write(heardAt(`${CODES[0]}\r`, 9600, 115200)), 120);
    expect(await degraded).toBe(NO_TEXT);
    clearInterval(tries);
    const ready = new Promise<void>((resolve) => {
      reader.on('status', ({ state }) => state === 'ready' && resolve());
    });
    const good = setInterval(() => wire.write(`${CODES[0]}\r`), 120);
    await ready;
    clearInterval(good);
  });
});
