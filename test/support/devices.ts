import path from 'node:path';
import type { DriverContext } from '../../drivers/contract.js';
import { LinkedPty } from '../../drivers/transport/pty.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { cleanup, temporaryFolder } from './builders.js';

export const context = (name = 'device'): DriverContext => ({
  name,
  clock: systemClock,
  random: Math.random,
  log: silentLog,
});

/** A pseudo-terminal that is unplugged after the test. */
export function pty(): LinkedPty {
  const made = new LinkedPty(path.join(temporaryFolder(), 'tty'));
  cleanup(() => made.close());
  return made;
}
