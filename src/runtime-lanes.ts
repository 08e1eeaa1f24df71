import type { Barrier, DriverContext, Indicator, Reader } from '../drivers/contract.js';
import { createBarrier, createIndicator, createReader } from '../drivers/registry.js';
import type { Clock, Random } from './clock.js';
import type { GateConfig, LaneConfig } from './config/schema.js';
import type { DeviceReport, LaneReport } from './diagnostics/read-model.js';
import type { LaneRules } from './domain/rules.js';
import type { LaneParts } from './lane/lane.js';
import { Lane } from './lane/lane.js';
import type { Log } from './log.js';

interface Built {
  lane: Lane;
  config: LaneConfig;
  readers: Reader[];
  barrier: Barrier;
  indicator: Indicator | undefined;
}

export interface LaneSet {
  report(): LaneReport[];
  present(lane: string, reader: number, text: string): boolean;
  close(): Promise<void>;
}

interface BuildParts {
  clock: Clock;
  random: Random;
  log: Log;
  configHash: string;
  shared: Omit<LaneParts, 'clock' | 'log' | 'barrier' | 'indicator'>;
}

export function laneRules(lane: LaneConfig): LaneRules {
  const { products, performances, entrances } = lane.admits;
  return {
    lane: lane.id,
    direction: lane.direction,
    ...(products && { products }),
    ...(performances && { performances }),
    ...(entrances && { entrances }),
  };
}

/** Builds and opens every lane with its devices. A device that is not there is a status, not an error: it is retried. */
export async function buildLanes(config: GateConfig, parts: BuildParts): Promise<LaneSet> {
  const built: Built[] = [];
  for (const lane of config.lanes) built.push(await buildLane(lane, config, parts));
  return {
    report: () => built.map(report),
    present: (lane, reader, text) => {
      const device = built.find((b) => b.lane.id === lane)?.readers[reader];
      if (!device || !('present' in device) || typeof device.present !== 'function') return false;
      (device as { present(text: string): void }).present(text);
      return true;
    },
    close: async () => {
      await Promise.all(built.flatMap((b) => b.readers.map((r) => r.close())));
      await Promise.all(built.map((b) => b.lane.close()));
      await Promise.all(built.flatMap((b) => [b.barrier.close(), ...(b.indicator ? [b.indicator.close()] : [])]));
    },
  };
}

async function buildLane(config: LaneConfig, gate: GateConfig, parts: BuildParts): Promise<Built> {
  const { clock, random } = parts;
  const log = parts.log.child({ room: 'lane', lane: config.id });
  const context = (role: string): DriverContext => {
    const name = `${config.id}/${role}`;
    return { name, clock, random, log: parts.log.child({ room: 'driver', device: name }) };
  };
  const barrier = await createBarrier(config.barrier, context('barrier'));
  const indicator = config.indicator && (await createIndicator(config.indicator, context('indicator')));
  const lane = new Lane(
    {
      rules: laneRules(config),
      language: gate.gate.language,
      debounce: config.debounce,
      grantExpiry: config.grantExpiry,
      config: parts.configHash,
    },
    { ...parts.shared, clock, log, barrier, indicator },
  );
  const readers = await Promise.all(config.readers.map((options, i) => createReader(options, context(`reader-${i}`))));
  for (const reader of readers) reader.on('read', (read) => lane.onRead(read));
  // The barrier's first word to its board is "off": it is opened before anybody can be read.
  await Promise.all([barrier.open(), ...(indicator ? [indicator.open()] : [])]);
  await Promise.all(readers.map((r) => r.open()));
  return { lane, config, readers, barrier, indicator };
}

function report({ lane, config, readers, barrier, indicator }: Built): LaneReport {
  const devices: DeviceReport[] = [
    ...readers.map((r, i) => ({ role: `reader-${i}`, driver: config.readers[i]?.driver ?? '?', status: r.status() })),
    { role: 'barrier', driver: config.barrier.driver, status: barrier.status() },
  ];
  if (indicator && config.indicator) {
    devices.push({ role: 'indicator', driver: config.indicator.driver, status: indicator.status() });
  }
  return { id: lane.id, direction: config.direction, phase: lane.phase, counters: { ...lane.counters }, devices };
}
