import { Command } from 'commander';
import { systemClock } from '../clock.js';
import { explain } from '../config/explain.js';
import { loadConfig } from '../config/load.js';
import type { GateConfig } from '../config/schema.js';
import { describeError } from '../errors.js';
import { LogRing } from '../diagnostics/log-ring.js';
import type { Watch } from '../fleet/watch.js';
import { watchOver } from '../fleet/watch.js';
import type { Log } from '../log.js';
import { createLog } from '../log.js';
import { Gate } from '../runtime.js';
import { FORMAT, prepareFormat } from '../store/format.js';
import { leaveIn } from '../store/leave.js';
import { VERSION } from '../version.js';
import { configOption } from './options.js';

/** Milliseconds a stop may take beside the passage in hand; the composition's grace period is 20 s. */
const STOP_MARGIN = 8_000;

interface Running {
  gate: Gate;
  watch: Watch;
}

/** An older release is to take the data over (`fleet.leaveFormat`). */
async function leave({ data, fleet }: GateConfig, log: Log): Promise<void> {
  if (fleet.leaveFormat === undefined) return;
  try {
    const { changed, list } = await leaveIn(data, fleet.leaveFormat, { by: VERSION, now: systemClock.now() });
    if (changed) log.info({ format: fleet.leaveFormat, list }, 'the data are left in an older format');
  } catch (error) {
    log.error({ error: describeError(error) }, 'the data stay in their format');
  }
}

export function runCommand(): Command {
  return new Command('run')
    .description('run this gate until it is told to stop (SIGTERM, Ctrl-C)')
    .addOption(configOption())
    .action(async ({ config: file }: { config: string }) => {
      const loaded = loadConfig(file);
      const { config } = loaded;
      const logs = new LogRing();
      const log = createLog(config.log.level, (line) => logs.add(line));
      // Before the start, which opens devices: whoever stops a gate that is still starting wants its outputs off too.
      let started: (running: Running) => void = () => {};
      const running = new Promise<Running>((resolve) => {
        started = resolve;
      });
      let stopping = false;
      const stop = (signal: string): void => {
        if (stopping) process.exit(130);
        stopping = true;
        log.info({ signal }, 'stopping');
        const deadline = setTimeout(
          () => {
            log.error({}, 'the stop took too long and is cut short; what was acknowledged is on the disk');
            process.exit(1);
          },
          STOP_MARGIN + Math.max(0, ...config.lanes.map((l) => l.passageTimeout)),
        );
        deadline.unref();
        void running.then(async ({ gate, watch }) => {
          watch.stopping();
          await gate.stop();
          await leave(config, log);
          watch.close();
          process.exit(0);
        });
      };
      process.on('SIGTERM', () => stop('SIGTERM'));
      process.on('SIGINT', () => stop('SIGINT'));
      const migrated = await prepareFormat(config.data, VERSION, systemClock.now());
      if (migrated) log.info({ ...migrated, to: FORMAT }, 'the data go over to a newer format; a backup was made');
      const gate = await Gate.start(config, {
        clock: systemClock,
        random: Math.random,
        log,
        logs,
        setLogLevel: (level) => log.setLevel(level),
        configuration: explain(loaded),
        startAnew: () => stop('startAnew'),
      });
      process.title = 'portillon';
      const watch = watchOver({
        clock: systemClock,
        log,
        env: process.env,
        dataFolder: config.data,
        status: () => gate.status(),
        lastCheckAt: () => gate.lastCheckAt,
        admitting: () => gate.admitting(),
        timeZone: config.gate.timeZone,
        fleet: config.fleet,
      });
      gate.fleet = () => watch.report();
      started({ gate, watch });
    });
}
