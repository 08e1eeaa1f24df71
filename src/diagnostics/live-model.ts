import type { Pattern } from '../../drivers/contract.js';
import type { LogRing } from './log-ring.js';
import type { RecentItem } from './recent.js';
import type { SelfTestReport } from './reports.js';
import type { TraceBook } from './trace.js';
import type { TrendsReport } from './trends.js';
import type { Vitals } from './vitals.js';

/** One step of a guided self-test, as the technician ended it. */
export interface GuidedStep {
  lane: string;
  name: string;
  result: 'pass' | 'fail' | 'skipped';
  detail: string;
  /** Milliseconds measured, where a step measures. */
  ms?: number;
}

/** A guided self-test, kept by the gate for the bundle. */
export interface GuidedReport {
  at: number;
  who: string;
  version: string;
  devices: SelfTestReport[];
  steps: GuidedStep[];
}

/** A block of facts of another room (venue, fleet): shown as it is. */
export interface ExtraSection {
  title: string;
  lines: { label: string; value: string; state: 'ok' | 'warn' | 'bad' | 'info' }[];
}

/** What the technician's page adds to the read model. */
export interface LiveModel {
  readonly gate: { id: string; name: string; timeZone: string; language: string };
  readonly logs: LogRing;
  readonly trace: TraceBook;
  vitals(): Vitals;
  extra(): ExtraSection[];
  recent(): RecentItem[];
  trends(): TrendsReport;
  /** Plays a pattern on the lane's indicator; the lane shows its rest a few seconds later. */
  show(lane: string, pattern: Pattern): void;
  /**
   * For this many milliseconds what the lane's readers read is shown and not decided; called again it goes on. Ends by itself, so that
   * a phone that ran empty leaves no lane out of service.
   */
  hold(lane: string, ms: number, who: string): Promise<void>;
  release(lane: string, who: string): Promise<void>;
  keepReport(report: GuidedReport): void;
  reports(): GuidedReport[];
  /** A line of the journal that belongs to no lane: who did what with the page. */
  note(what: string): Promise<void>;
  /** One gzipped tar file: everything support needs, no secret and no whole code in it. */
  bundle(): Promise<Uint8Array>;
}
