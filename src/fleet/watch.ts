import type { Clock } from '../clock.js';
import type { StatusReport } from '../diagnostics/read-model.js';
import type { Log } from '../log.js';
import { writeBeat } from './heartbeat.js';
import { createNotify, watchdogEvery } from './notify.js';
import { UpdateLock } from './update-lock.js';

export interface WatchOptions {
  clock: Clock;
  log: Log;
  env: NodeJS.ProcessEnv;
  dataFolder: string;
  status: () => StatusReport;
  /** UTC milliseconds of the last check; 0 = none yet. */
  lastCheckAt: () => number;
  updateLock: { hold: number; longest: number };
}

const LOOK_EVERY = 1_000;
const BEAT_EVERY = 10_000;

/**
 * What the machine around a gate sees of it: balena's update lock, the heartbeat file, systemd's watchdog. All of it lives on the lanes'
 * event loop, so a loop that stands still is seen by everybody.
 */
export function watchOver(options: WatchOptions): { close(): void } {
  const { clock, log, env } = options;
  const stop = new AbortController();
  const trouble = (why: string): void => log.warn({ why }, 'systemd cannot be told');
  const notify = createNotify(env, trouble);
  const lock =
    env.BALENA_APP_LOCK_PATH === undefined
      ? undefined
      : new UpdateLock({ path: env.BALENA_APP_LOCK_PATH, ...options.updateLock }, clock, log);
  let nextBeat = 0;

  const look = (): void => {
    const status = options.status();
    const serving = status.lanes.some((l) => l.phase === 'granting' || l.phase === 'waiting');
    lock?.look({ serving, lastCheckAt: options.lastCheckAt() });
    if (clock.monotonic() < nextBeat) return;
    nextBeat = clock.monotonic() + BEAT_EVERY;
    try {
      writeBeat(options.dataFolder, { alive: true, conditions: status.conditions });
    } catch (error) {
      // A full disk: the conditions say so already.
      log.debug({ error: (error as Error).message }, 'no heartbeat');
    }
  };
  const every = async (ms: number, action: () => void): Promise<void> => {
    while (!stop.signal.aborted) {
      action();
      await clock.sleep(ms, stop.signal);
    }
  };
  void every(LOOK_EVERY, look);
  notify('READY=1');
  const watchdog = watchdogEvery(env);
  if (watchdog !== undefined) void every(watchdog, () => notify('WATCHDOG=1'));
  return {
    close: () => {
      stop.abort();
      notify('STOPPING=1');
      lock?.close();
    },
  };
}
