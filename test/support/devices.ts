import path from 'node:path';
import type { DriverContext } from '../../drivers/contract.js';
import { LinkedPty } from '../../drivers/transport/pty.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { cleanup, temporaryFolder } from './builders.js';

/** A driver's surroundings; devices of one `shared` map are devices of one gate. */
export const context = (name = 'device', shared = new Map<string, unknown>()): DriverContext => ({
  name,
  clock: systemClock,
  random: Math.random,
  share: <T>(key: string, make: () => T): T => {
    if (!shared.has(key)) shared.set(key, make());
    return shared.get(key) as T;
  },
  log: silentLog,
});

/** A pseudo-terminal that is unplugged after the test. */
export function pty(): LinkedPty {
  const made = new LinkedPty(path.join(temporaryFolder(), 'tty'));
  cleanup(() => made.close());
  return made;
}
