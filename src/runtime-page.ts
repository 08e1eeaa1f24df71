import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from './clock.js';
import type { GateConfig } from './config/schema.js';
import { createApi } from './diagnostics/api.js';
import { Live } from './diagnostics/live.js';
import type { LiveParts } from './diagnostics/live.js';
import { metricsText } from './diagnostics/metrics.js';
import { MetricsServer } from './diagnostics/metrics-server.js';
import { LogRing } from './diagnostics/log-ring.js';
import type { ReadModel } from './diagnostics/read-model.js';
import { TraceBook } from './diagnostics/trace.js';
import type { PageServer } from './diagnostics/web/server.js';
import { createVitals } from './fleet/vitals.js';
import type { Log } from './log.js';
import type { LaneSet } from './runtime-lanes.js';
import type { Journal } from './store/journal.js';

interface LiveOptions {
  config: GateConfig;
  clock: Clock;
  log: Log;
  logs: LogRing | undefined;
  configuration: readonly object[] | undefined;
  lanes: () => LaneSet;
  journal: Journal;
  status: LiveParts['status'];
}

/** The memory behind the page. It is there also when no page is served: the command line asks it. */
export function createLive(options: LiveOptions): Live {
  const { config, clock, log, lanes, journal, status } = options;
  return new Live({
    clock,
    log: log.child({ room: 'diagnostics' }),
    gate: { ...config.gate },
    dataFolder: config.data,
    logs: options.logs ?? new LogRing(),
    trace: new TraceBook(() => clock.now()),
    lanes: {
      report: () => lanes().report(),
      show: (lane, pattern) => lanes().show(lane, pattern),
      hold: (lane, until) => lanes().hold(lane, until),
    },
    vitals: createVitals(clock, config.data),
    status,
    selfTest: () => lanes().selfTest(undefined),
    journal: async (limit) => (await journal.latest(limit)).reverse(),
    append: (record) => journal.append(record),
    configuration: options.configuration ?? [],
    databases: async () => ({
      ...Object.fromEntries(['journal', 'list', 'sync'].map((name) => [name, sizeOf(path.join(config.data, name))])),
      journalFailure: journal.failure?.message ?? null,
      journalLastSeq: journal.lastSeq,
    }),
  });
}

function sizeOf(folder: string): { files: number; bytes: number } {
  const files = readdirSync(folder, { withFileTypes: true }).filter((f) => f.isFile());
  return { files: files.length, bytes: files.reduce((sum, f) => sum + statSync(path.join(folder, f.name)).size, 0) };
}

interface PageOptions {
  config: GateConfig;
  clock: Clock;
  log: Log;
  model: ReadModel;
  door: () => PageServer | undefined;
  lanes: LaneSet;
}

/** Metrics without a login, where the configuration says so. */
export function startMetrics({
  config,
  clock,
  log,
  model,
}: Pick<PageOptions, 'config' | 'clock' | 'log' | 'model'>): MetricsServer {
  const text = (): string => metricsText(model);
  return new MetricsServer(config.diagnostics.metrics, { clock, log: log.child({ room: 'metrics' }), text });
}

/** The page on the configured addresses; undefined when there are none. Loaded here: a gate without a page does not carry it. */
export async function startPage(options: PageOptions): Promise<PageServer | undefined> {
  const { config, clock, log, model, door, lanes } = options;
  const { listen, names, tls, certificate, key, session, idle, pins } = config.diagnostics;
  if (listen.length === 0) return undefined;
  const { PageServer } = await import('./diagnostics/web/server.js');
  return PageServer.start(
    { listen, names, tls, certificate, key, session, idle, pins, dataFolder: config.data },
    {
      api: createApi(model, door),
      live: model.live,
      clock,
      log: log.child({ room: 'page' }),
      announce: (pin, addresses, everywhere) => {
        // Not through the log: what is logged is kept and sent elsewhere.
        process.stdout.write(`\n  The page: ${addresses.join('  ')}\n  One-time PIN: ${spaced(pin)}\n\n`);
        if (everywhere) lanes.announce(`PIN ${spaced(pin)}`);
      },
    },
  );
}

const spaced = (pin: string): string => `${pin.slice(0, 4)} ${pin.slice(4)}`;
