import type {
  Barrier,
  DriverContext,
  Indicator,
  Pattern,
  Reader,
  Read,
  SelfTestStep,
  Trace,
} from '../drivers/contract.js';
import { createBarrier, createIndicator, createReader } from '../drivers/registry.js';
import type { Clock, Random } from './clock.js';
import type { GateConfig, LaneConfig } from './config/schema.js';
import type { DeviceReport, LaneReport, SelfTestReport } from './diagnostics/read-model.js';
import type { LaneEvent, Steward } from './lane/lane.js';
import { PortillonError } from './errors.js';
import type { LaneParts, LaneSettings } from './lane/lane.js';
import { Lane } from './lane/lane.js';
import type { Mode } from './lane/machine.js';
import { Rehearsal } from './lane/rehearsal.js';
import type { RehearsalParts } from './lane/rehearsal.js';
import type { Log } from './log.js';

interface Built {
  lane: Lane;
  config: LaneConfig;
  readers: Reader[];
  barrier: Barrier;
  indicator: Indicator | undefined;
  /** Monotonic milliseconds until which reads are shown and not decided. */
  heldUntil: number;
}

/** A pattern played for a technician gives way to what the lane shows at rest, after this time, milliseconds. */
const PLAYED_FOR = 4_000;

export interface LaneSet {
  report(): LaneReport[];
  present(lane: string, reader: number, text: string): boolean;
  /** Walks through a virtual barrier; false = that barrier has a wire. */
  pass(lane: string, direction: 'entry' | 'exit'): Promise<boolean>;
  setMode(lane: string, mode: Mode, who: string, why: string): Promise<void>;
  /** One pulse on a technician's word; no check, but journalled. */
  pulse(lane: string, who: string): Promise<void>;
  selfTest(lane: string | undefined): Promise<SelfTestReport[]>;
  show(lane: string, pattern: Pattern): void;
  hold(lane: string, until: number): void;
  force(lane: string, code: string, medium: Read['medium'], by: Steward): Promise<LaneEvent>;
  /** Shows again what each lane says at rest, where that has changed. */
  refresh(): void;
  /** A text on every display, until the next person comes. */
  announce(text: string): void;
  close(): Promise<void>;
}

interface BuildParts {
  clock: Clock;
  random: Random;
  log: Log;
  configHash: string;
  /** The technician's record of a device's wire. */
  trace: (device: string) => Trace;
  /** Buses that several devices of this gate use. */
  share: DriverContext['share'];
  /** Every read of every reader, for the technician's eyes. */
  onRead: (device: string, read: Read) => void;
  shared: Omit<LaneParts, 'clock' | 'log' | 'barrier' | 'indicator'> & Omit<RehearsalParts, 'clock'>;
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
    report: () => built.map((b) => report(b, parts.clock)),
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
    force: async (lane, code, medium, by) => find(lane).lane.force(code, medium, by),
    refresh: () => built.forEach((b) => b.lane.refresh()),
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
    show: (id, pattern) => {
      const { lane, indicator } = find(id);
      if (!indicator) throw new PortillonError('NO_INDICATOR', `${id} has no indicator`);
      indicator.show({ pattern, text: pattern.toUpperCase() });
      void parts.clock.sleep(PLAYED_FOR).then(() => lane.phase === 'ready' && lane.passage.showRest());
    },
    announce: (text) => {
      for (const { indicator } of built) if (indicator?.capabilities.text) indicator.show({ pattern: 'ready', text });
    },
    hold: (id, until) => {
      const b = find(id);
      b.heldUntil = until;
      if (until > 0) b.indicator?.show({ pattern: 'closed', text: 'TEST' });
      else b.lane.passage.showRest();
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
    return {
      name,
      clock,
      random,
      share: parts.share,
      trace: parts.trace(name),
      log: parts.log.child({ room: 'driver', device: name }),
    };
  };
  const readers = await Promise.all(config.readers.map((options, i) => createReader(options, context(`reader-${i}`))));
  const barrier = await createBarrier(config.barrier, context('barrier'));
  const indicator = config.indicator && (await createIndicator(config.indicator, context('indicator'), readers));
  const settings: LaneSettings = {
    rules: parts.shared.desk.rules(config.id),
    language: gate.gate.language,
    debounce: config.debounce,
    grantExpiry: config.grantExpiry,
    config: parts.configHash,
    passageTimeout: config.passageTimeout,
    tailgateWindow: config.tailgateWindow,
    otherDirection: config.otherDirection,
    burn: config.burn,
  };
  const lane = new Lane(settings, { ...parts.shared, clock, log, barrier, indicator });
  const rehearsal = new Rehearsal(settings, { ...parts.shared, clock });
  const one: Built = { lane, config, readers, barrier, indicator, heldUntil: 0 };
  for (const [i, reader] of readers.entries()) {
    const rehearsed = rehearsal.reader();
    reader.on('coming', () => {
      if (lane.phase === 'ready' && lane.mode === 'controlled') rehearsed.coming();
    });
    reader.on('read', (read) => {
      if (clock.monotonic() >= one.heldUntil) lane.onRead(read);
      rehearsed.read(read);
      parts.onRead(`${config.id}/reader-${i}`, read);
    });
  }
  // The barrier's first word to its board is "off": it is opened before anybody can be read.
  await Promise.all([barrier.open(), ...(indicator ? [indicator.open()] : [])]);
  lane.start();
  await Promise.all(readers.map((r) => r.open()));
  return one;
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

function report(built: Built, clock: Clock): LaneReport {
  const { lane, config, barrier } = built;
  const devices: DeviceReport[] = devicesOf(built).map(({ role, driver, device }) => ({
    role,
    driver,
    status: device.status(),
  }));
  // Monotonic times mean nothing outside this process.
  const toWall = clock.now() - clock.monotonic();
  const held = clock.monotonic() < built.heldUntil;
  return {
    id: lane.id,
    name: config.name ?? lane.id,
    direction: config.direction,
    mode: lane.mode,
    phase: lane.phase,
    counters: { ...lane.counters },
    passageSensor: barrier.capabilities.passageSensor,
    active: [...barrier.active()],
    devices,
    ...(barrier.lines && {
      lines: barrier.lines().map((l) => ({ ...l, at: l.at === null ? null : Math.round(l.at + toWall) })),
    }),
    ...(held && { held }),
  };
}
