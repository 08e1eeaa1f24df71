import type { Barrier, DriverContext, Indicator, Reader, Read, SelfTestStep } from '../drivers/contract.js';
import { createBarrier, createIndicator, createReader } from '../drivers/registry.js';
import type { Clock, Random } from './clock.js';
import type { GateConfig, LaneConfig } from './config/schema.js';
import type { DeviceReport, LaneReport, SelfTestReport } from './diagnostics/read-model.js';
import type { LaneRules } from './domain/rules.js';
import { PortillonError } from './errors.js';
import type { LaneParts } from './lane/lane.js';
import { Lane } from './lane/lane.js';
import type { Mode } from './lane/machine.js';
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
  /** Walks through a virtual barrier; false = that barrier has a wire. */
  pass(lane: string, direction: 'entry' | 'exit'): Promise<boolean>;
  setMode(lane: string, mode: Mode, who: string, why: string): Promise<void>;
  /** One pulse on a technician's word; no check, but journalled. */
  pulse(lane: string, who: string): Promise<void>;
  selfTest(lane: string | undefined): Promise<SelfTestReport[]>;
  close(): Promise<void>;
}

interface BuildParts {
  clock: Clock;
  random: Random;
  log: Log;
  configHash: string;
  /** Buses that several devices of this gate use. */
  share: DriverContext['share'];
  /** Every read of every reader, for the technician's eyes. */
  onRead: (device: string, read: Read) => void;
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
  const find = (id: string): Built => {
    const found = built.find((b) => b.lane.id === id);
    if (found) return found;
    throw new PortillonError('NO_LANE', `no lane ${id}; there are: ${built.map((b) => b.lane.id).join(', ')}`);
  };
  return {
    report: () => built.map(report),
    present: (lane, reader, text) => {
      const device = built.find((b) => b.lane.id === lane)?.readers[reader];
      if (!device || !('present' in device) || typeof device.present !== 'function') return false;
      (device as { present(text: string): void }).present(text);
      return true;
    },
    pass: async (lane, direction) => {
      const { barrier } = find(lane);
      if (!('pass' in barrier) || typeof barrier.pass !== 'function') return false;
      await (barrier as { pass(direction: string): Promise<void> }).pass(direction);
      return true;
    },
    setMode: (lane, mode, who, why) => find(lane).lane.setMode(mode, who, why),
    pulse: async (id, who) => {
      const { lane } = find(id);
      await lane.pulse(who);
    },
    selfTest: async (id) => {
      const reports: SelfTestReport[] = [];
      for (const b of id === undefined ? built : [find(id)]) {
        for (const { role, driver, device } of devicesOf(b)) {
          const steps: SelfTestStep[] = [];
          await device.selfTest((step) => steps.push(step));
          reports.push({ lane: b.lane.id, role, driver, steps });
        }
      }
      return reports;
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
    return { name, clock, random, share: parts.share, log: parts.log.child({ room: 'driver', device: name }) };
  };
  const readers = await Promise.all(config.readers.map((options, i) => createReader(options, context(`reader-${i}`))));
  const barrier = await createBarrier(config.barrier, context('barrier'));
  const indicator = config.indicator && (await createIndicator(config.indicator, context('indicator'), readers));
  const lane = new Lane(
    {
      rules: laneRules(config),
      language: gate.gate.language,
      debounce: config.debounce,
      grantExpiry: config.grantExpiry,
      config: parts.configHash,
      passageTimeout: config.passageTimeout,
      tailgateWindow: config.tailgateWindow,
      otherDirection: config.otherDirection,
      burn: config.burn,
    },
    { ...parts.shared, clock, log, barrier, indicator },
  );
  for (const [i, reader] of readers.entries()) {
    reader.on('read', (read) => {
      lane.onRead(read);
      parts.onRead(`${config.id}/reader-${i}`, read);
    });
  }
  // The barrier's first word to its board is "off": it is opened before anybody can be read.
  await Promise.all([barrier.open(), ...(indicator ? [indicator.open()] : [])]);
  lane.start();
  await Promise.all(readers.map((r) => r.open()));
  return { lane, config, readers, barrier, indicator };
}

function devicesOf({ config, readers, barrier, indicator }: Built) {
  return [
    ...readers.map((device, i) => ({ role: `reader-${i}`, driver: config.readers[i]?.driver ?? '?', device })),
    { role: 'barrier', driver: config.barrier.driver, device: barrier },
    ...(indicator && config.indicator
      ? [{ role: 'indicator', driver: config.indicator.driver, device: indicator }]
      : []),
  ] as { role: string; driver: string; device: Reader | Barrier | Indicator }[];
}

function report(built: Built): LaneReport {
  const { lane, config, barrier } = built;
  const devices: DeviceReport[] = devicesOf(built).map(({ role, driver, device }) => ({
    role,
    driver,
    status: device.status(),
  }));
  return {
    id: lane.id,
    direction: config.direction,
    mode: lane.mode,
    phase: lane.phase,
    counters: { ...lane.counters },
    passageSensor: barrier.capabilities.passageSensor,
    active: [...barrier.active()],
    devices,
  };
}
