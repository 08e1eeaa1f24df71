import type { WithVenue } from './venue-model.js';
import type { Mode } from '../lane/machine.js';
import type { JournalRecord } from '../domain/records.js';
import type { SyncWhat } from '../sync/messages.js';
import type { DeskModel } from './desk-model.js';
import type { LiveModel } from './live-model.js';
import type { StoreModel } from './store-model.js';
import type { GateEvent, SelfTestReport, StatusReport, TicketReport } from './reports.js';
import type { Tally } from './tally.js';
import type { PlatformModel } from './read-model-platform.js';

export type * from './reports.js';

/** Everything diagnostics may ask of the running gate. No driver, no database. */
export interface ReadModel extends PlatformModel, StoreModel, WithVenue {
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
  /** Decisions explained, and what a steward may do. */
  readonly desk: DeskModel;
  /** Decisions by reason since the start. */
  readonly tally: Tally;
  /** What the technician's page adds. */
  readonly live: LiveModel;
}
