import type { Clock } from '../clock.js';
import type { FleetReport } from '../diagnostics/fleet-report.js';
import type { StatusReport } from '../diagnostics/read-model.js';
import type { Log } from '../log.js';
import { doorsOpen, parseDoors } from './doors.js';
import { beatFolder, beatText, writeBeat } from './heartbeat.js';
import { watchLanes } from './lanes-live.js';
import { guardLoop } from './loop-guard.js';
import { createNotify, watchdogEvery } from './notify.js';
import { talkToSupervisor } from './supervisor.js';
import { UpdateLock } from './update-lock.js';

export interface WatchOptions {
  clock: Clock;
  log: Log;
  env: NodeJS.ProcessEnv;
  dataFolder: string;
  timeZone: string;
  status: () => StatusReport;
  /** UTC milliseconds of the last check; 0 = none yet. */
  lastCheckAt: () => number;
  /** What a lane admits now by the programme; undefined = nothing. */
  admitting?: () => string | undefined;
  fleet: {
    updateLock: { hold: number; longest: number; doors: readonly string[]; programme?: boolean };
    tags: boolean;
    /** Milliseconds; 0 = never. */
    watchdog: number;
  };
}

export interface Watch {
  report(): FleetReport;
  /** The gate begins to stop: what is in hand ends first. */
  stopping(): void;
  /** The gate has stopped in order: an update may come. */
  close(): void;
}

const LOOK_EVERY = 1_000;
const BEAT_EVERY = 10_000;

/**
 * What the machine around a gate sees of it: balena's update lock and tags, the heartbeat file, systemd's watchdog. All of it lives on the
 * lanes' event loop, so a loop that stands still is seen by everybody; a lane that hangs while the loop goes round is seen here.
 */
export function watchOver(options: WatchOptions): Watch {
  const { clock, log, env, fleet } = options;
  const stop = new AbortController();
  const notify = createNotify(env, (why) => log.warn({ why }, 'systemd cannot be told'));
  const lockPath = env.BALENA_APP_LOCK_PATH;
  const lock = lockPath ? new UpdateLock({ path: lockPath, ...fleet.updateLock }, clock, log) : undefined;
  const doors = fleet.updateLock.doors.map(parseDoors);
  const hangs = watchLanes();
  const watchdog = watchdogEvery(env);
  const guard =
    watchdog === undefined && fleet.watchdog > 0
      ? guardLoop(fleet.watchdog, (why) => log.warn({ why }, 'nobody watches over the event loop'))
      : undefined;
  /** Its files close one after the other: nothing is asked any more, and the lock stays as it is until the end. */
  let stopping = false;
  const supervisor = talkToSupervisor({
    clock,
    log,
    env,
    signal: stop.signal,
    tags: () => (fleet.tags && !stopping ? tagsOf(options.status()) : undefined),
  });
  let stuck: string | undefined;
  let nextBeat = 0;

  const look = (): void => {
    if (stopping) return;
    const status = options.status();
    const serving = status.lanes.some((l) => l.phase !== 'ready');
    const open = lock !== undefined && doorsOpen(doors, options.timeZone, clock.now());
    const admitting = lock !== undefined && fleet.updateLock.programme ? options.admitting?.() : undefined;
    lock?.look({ serving, doorsOpen: open, admitting, lastCheckAt: options.lastCheckAt() });
    const hanging = hangs(status.lanes, clock.monotonic());
    if (hanging !== undefined && stuck === undefined)
      log.error({ hanging }, 'a lane hangs: the watchdog is fed no more');
    if (clock.monotonic() < nextBeat && hanging === stuck) return;
    stuck = hanging;
    nextBeat = clock.monotonic() + BEAT_EVERY;
    try {
      writeBeat(beatFolder(env, options.dataFolder), beatText(status, stuck));
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
  if (watchdog !== undefined)
    void every(watchdog, () => {
      if (stuck === undefined) notify('WATCHDOG=1');
    });
  return {
    report: () => {
      const held = lock?.held;
      return {
        updateLock: lock ? { state: lock.state, ...(held && { why: held.why, heldFor: Math.round(held.for) }) } : null,
        device: supervisor ? { ...supervisor.state } : null,
      };
    },
    stopping: () => {
      stopping = true;
      notify('STOPPING=1');
    },
    close: () => {
      stop.abort();
      guard?.close();
      lock?.close();
    },
  };
}

/** No spaces in the names; the device owns them, people's own tags are left alone. */
function tagsOf({ gate, version, lanes, health }: StatusReport): Record<string, string> {
  return {
    'portillon.gate': gate,
    'portillon.version': version,
    'portillon.lanes': lanes.map((l) => l.id).join(' '),
    'portillon.health': health,
  };
}
