import type { DeviceStatus } from '../../drivers/contract.js';
import type { LaneEvent, Phase } from '../lane/lane.js';
import type { JournalRecord } from '../domain/records.js';
import type { Ticket } from '../domain/ticket.js';
import type { Usage } from '../domain/usage.js';
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
  phase: Phase;
  counters: Readonly<Record<string, number>>;
  devices: DeviceReport[];
}

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
  tickets: { ticket: Ticket; usage: Usage }[];
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
  onEvent(listener: (event: LaneEvent) => void): () => void;
}
