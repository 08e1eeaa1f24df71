import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

/** Tells systemd (sd_notify(3)): `READY=1`, `WATCHDOG=1`, `STOPPING=1`. Does nothing where nobody listens. */
export type Notify = (state: string) => void;

/** Half of `WATCHDOG_USEC`, milliseconds; undefined = no watchdog. */
export function watchdogEvery(env: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 2000 : undefined;
}

/** Node has no Unix datagram sockets; libsystemd, which every systemd machine has, sends them. */
export function createNotify(env: NodeJS.ProcessEnv, onTrouble: (why: string) => void): Notify {
  if (env.NOTIFY_SOCKET === undefined) return () => {};
  try {
    const require = createRequire(import.meta.url);
    const koffi = require('koffi') as typeof koffiModule;
    const notify = koffi.load('libsystemd.so.0').func('int sd_notify(int unset, const char *state)') as (
      unset: number,
      state: string,
    ) => number;
    return (state) => void notify(0, state);
  } catch (error) {
    onTrouble((error as Error).message);
    return () => {};
  }
}
