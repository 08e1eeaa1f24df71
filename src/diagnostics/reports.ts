import type { ConditionKind } from './condition-kinds.js';
import type { FleetReport } from './fleet-report.js';
import type { DeviceStatus, LineState, SelfTestStep } from '../../drivers/contract.js';
import type { LaneEvent, Phase } from '../lane/lane.js';
import type { EffectiveMode } from '../lane/machine.js';
import type { LaneIncident, LaneOutcome } from '../lane/passage.js';
import type { Ticket } from '../domain/ticket.js';
import type { UsageSummary } from '../domain/usage.js';
import type { Decision } from '../domain/decide.js';
import type { SyncStatus } from '../sync/messages.js';
import type { StoreReport } from './store-model.js';

/** One thing that is not as it should be, and what to do about it. */
export interface Condition {
  /** `degraded`: the lanes go on. `down`: a lane cannot admit. */
  severity: 'degraded' | 'down';
  what: string;
  remedy: string;
  /** What a page translates by, with the facts that go into the sentence. The words above are for the log and the command line. */
  kind: ConditionKind;
  lane?: string;
  facts?: Readonly<Record<string, string | number>>;
}

export interface DeviceReport {
  role: string;
  driver: string;
  status: DeviceStatus;
}

export interface LaneReport {
  id: string;
  /** For people; the ID where none is configured. */
  name?: string;
  direction: string;
  mode: EffectiveMode;
  phase: Phase;
  /** False: an admission counts as passed, for nothing reports passages. */
  passageSensor: boolean;
  /** Inputs of the barrier that are active now. */
  active: string[];
  counters: Readonly<Record<string, number>>;
  devices: DeviceReport[];
  /** Lines of the barrier; `at` is UTC milliseconds of the last change. */
  lines?: LineState[];
  /** A technician tests: reads are shown and not decided. */
  held?: boolean;
}

export interface SelfTestReport {
  lane: string;
  role: string;
  driver: string;
  steps: SelfTestStep[];
}

/** What a reader delivered, whole: for the technician in front of it. */
export interface ReadEvent {
  device: string;
  at: number;
  text: string;
  medium: string;
  symbology?: string;
  /** Hexadecimal, in reading order. */
  uid?: string;
  /** Readings of the UID, each with the options that make it and whether the ticket list knows it. */
  readings: { text: string; format: Record<string, unknown>; known: boolean }[];
  known: boolean;
}

export type GateEvent =
  | { event: 'decision'; data: LaneEvent }
  | { event: 'incident'; data: LaneIncident }
  | { event: 'read'; data: ReadEvent }
  | { event: 'outcome'; data: LaneOutcome };

export interface StatusReport {
  gate: string;
  version: string;
  pid: number;
  /** UTC milliseconds: now, and when it began. */
  at: number;
  startedAt: number;
  /** Milliseconds from process start until the first decision could be made. */
  readyAfter: number;
  health: 'ok' | 'degraded' | 'down';
  conditions: Condition[];
  lanes: LaneReport[];
  journal: { lastSeq: number; waiting: number; failure: string | null };
  store: StoreReport;
  sync: SyncStatus | null;
  /** Bytes. */
  memory: number;
  /** Null while the gate starts, and where nobody watches over it. */
  fleet: FleetReport | null;
}

export interface TicketReport {
  code: string;
  via: 'ticket' | 'container' | 'none';
  tickets: { ticket: Ticket; usage: UsageSummary }[];
  /** What each lane would say now, without using anything up. */
  decisions: { lane: string; decision: Decision }[];
}
