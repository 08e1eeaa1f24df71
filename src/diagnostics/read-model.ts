import type { DeviceStatus, SelfTestStep } from '../../drivers/contract.js';
import type { LaneEvent, Phase } from '../lane/lane.js';
import type { EffectiveMode, Mode } from '../lane/machine.js';
import type { LaneIncident } from '../lane/passage.js';
import type { JournalRecord } from '../domain/records.js';
import type { Ticket } from '../domain/ticket.js';
import type { UsageSummary } from '../domain/usage.js';
import type { Decision } from '../domain/decide.js';
import type { SyncStatus, SyncWhat } from '../sync/messages.js';

/** One thing that is not as it should be, and what to do about it. */
export interface Condition {
  /** `degraded`: the lanes go on. `down`: a lane cannot admit. */
  severity: 'degraded' | 'down';
  what: string;
  remedy: string;
}

export interface DeviceReport {
  role: string;
  driver: string;
  status: DeviceStatus;
}

export interface LaneReport {
  id: string;
  direction: string;
  mode: EffectiveMode;
  phase: Phase;
  /** False: an admission counts as passed, for nothing reports passages. */
  passageSensor: boolean;
  /** Inputs of the barrier that are active now. */
  active: string[];
  counters: Readonly<Record<string, number>>;
  devices: DeviceReport[];
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
  | { event: 'read'; data: ReadEvent };

export interface StatusReport {
  gate: string;
  version: string;
  pid: number;
  /** UTC milliseconds. */
  startedAt: number;
  /** Milliseconds from process start until the first decision could be made. */
  readyAfter: number;
  health: 'ok' | 'degraded' | 'down';
  conditions: Condition[];
  lanes: LaneReport[];
  journal: { lastSeq: number; waiting: number; failure: string | null };
  sync: SyncStatus | null;
  /** Bytes. */
  memory: number;
}

export interface TicketReport {
  code: string;
  via: 'ticket' | 'container' | 'none';
  tickets: { ticket: Ticket; usage: UsageSummary }[];
  /** What each lane would say now, without using anything up. */
  decisions: { lane: string; decision: Decision }[];
}

/** Everything diagnostics may ask of the running gate. No driver, no database. */
export interface ReadModel {
  status(): StatusReport;
  ticket(code: string): TicketReport;
  journal(query: { after?: number; limit: number }): Promise<JournalRecord[]>;
  syncNow(what: SyncWhat): Promise<{ ok: boolean; error?: string }>;
  /** Hands a text to a virtual reader; false = that reader has a wire. */
  present(lane: string, reader: number, text: string): boolean;
  /** Somebody walks through a virtual barrier; false = that barrier has a wire. */
  pass(lane: string, direction: 'entry' | 'exit'): Promise<boolean>;
  setMode(lane: string, mode: Mode, who: string, why: string): Promise<void>;
  pulse(lane: string, who: string): Promise<void>;
  selfTest(lane: string | undefined): Promise<SelfTestReport[]>;
  onEvent(listener: (event: GateEvent) => void): () => void;
}
