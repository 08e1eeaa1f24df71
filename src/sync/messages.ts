import type { ClockSpec } from '../clock.js';
import type { Programme } from '../domain/programme.js';
import type { Scope } from '../domain/ticket.js';
import type { ControlHistory, SecutixClient } from '../secutix/types.js';
import type { StoreKey } from '../store/open.js';
import type { SecutixSettings } from '../secutix/settings.js';
import type { SettledChecks } from '../store/journal.js';
import type { ResyncReport } from '../store/list-generations.js';
import type { Rejected, RejectedCheck } from '../store/sync-state.js';
import type { ListKind } from '../secutix/wire-files.js';
import type { ExportReport, ImportReport, ImportRequest } from './list-files.js';
import type { PullSettings } from './plan.js';

/** What the worker is started with. Plain data. */
export interface SyncOptions {
  /** Left out: the system's clock. */
  clock?: ClockSpec;
  listFolder: string;
  syncFolder: string;
  /** Key of the databases; undefined = they are not sealed. */
  storeKey?: StoreKey;
  secutix: SecutixSettings;
  scopes: Scope[];
  pull: PullSettings;
  /** Milliseconds; checks a call. */
  push: { every: number; batch: number };
  /** Milliseconds. */
  catalogue: { every: number };
  /** Characters that printed codes leave out at the beginning. */
  dropFirst: number;
  /** Milliseconds a ticket stays after it has ended; left out: for ever. */
  keepTickets?: number;
  /** At a hub: list changes kept for its gates, in pages. */
  listLog?: number;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export type SyncWhat = 'all' | 'pull' | 'push';

/** What whoever takes this hub's place goes on with, beside the list. */
export interface Handover {
  /** Sequences up to which SecuTix has everything, and every admission. */
  pushed: number;
  admitted: number;
  /** Calls of the last minute and of the month: the budget is one, whoever calls. */
  limiter: unknown;
  programme?: Programme;
}

/** What the lanes' side may ask of the worker, and what it gets. */
export interface Questions {
  sync: { ask: { what: SyncWhat }; answer: { ok: true } };
  remote: { ask: { code: string }; answer: ControlHistory };
  catalogue: { ask: object; answer: Programme };
  import: { ask: ImportRequest; answer: ImportReport };
  export: { ask: { kind: ListKind; file: string }; answer: ExportReport };
  /** Checks that SecuTix refused, with sequence > `after`. */
  refused: { ask: { after: number; limit: number }; answer: RejectedCheck[] };
  /** `hold` true: nothing is exchanged with SecuTix any more, and what was begun has ended; false: it goes on. */
  handover: { ask: { hold?: boolean }; answer: Handover };
  resync: { ask: { purpose: 'resync' | 'verify' }; answer: ResyncReport };
}
export type QuestionKind = keyof Questions;

/** Main thread to worker. */
export type ToWorker =
  | { type: 'settled'; through: number }
  | { type: 'records'; id: number; result: SettledChecks | { error: string } }
  | { [K in QuestionKind]: { type: 'ask'; id: number; kind: K; ask: Questions[K]['ask'] } }[QuestionKind]
  | { type: 'list-reopened'; error?: string }
  | { type: 'stop' };

/** Worker to main thread. */
export type FromWorker =
  | { type: 'need-records'; id: number; after: number; limit: number }
  | { type: 'list-closed' }
  | { type: 'status'; status: SyncStatus }
  /** A line this thread has written, for the page's log. */
  | { type: 'log'; line: string }
  | { type: 'programme'; programme: Programme }
  | { type: 'answer'; id: number; answer: unknown }
  | { type: 'no-answer'; id: number; error: string; code?: string; hint?: string }
  | { type: 'stopped' };

export interface ScopeStatus {
  season: string;
  products: readonly string[];
  performances: readonly string[];
  listType: Scope['listType'];
  pages: number;
  items: number;
  /** UTC milliseconds when the end of the list was last reached; null = never yet. */
  completeAt: number | null;
}

export interface Progress {
  pages: number;
  items: number;
  /** UTC milliseconds. */
  since: number;
}

export interface PullStatus {
  running: boolean;
  scopes: ScopeStatus[];
  /** The run in progress. */
  run: Progress | null;
  /** A list that is being built beside the one in force. */
  rebuild: (Progress & { purpose: 'resync' | 'verify' }) | null;
  lastResync: ResyncReport | null;
  /** Lines that could not be read, since start. */
  setAside: number;
  /** Places on the disk where the list is not what was written, since start; absent = not known. */
  damaged?: number;
  /** Cursors that moved as if somebody else read the same product. */
  warnings: { at: number; scope: string; what: string }[];
  /** People are being admitted now, by the catalogue. */
  event: boolean;
  lastError: string | null;
  nextAt: number | null;
}

export interface PushStatus {
  /** Highest sequence that is dealt with. */
  cursor: number;
  acknowledged: number;
  rejected: number;
  lastRejected: Rejected[];
  lastAt: number | null;
  lastError: string | null;
  /** Refusals of a backlog are left for the next runs. */
  more: boolean;
}

export interface ProgrammeStatus {
  /** UTC milliseconds; 0 = never fetched. */
  at: number;
  performances: number;
  lastError: string | null;
}

type ClientBudget = ReturnType<SecutixClient['budget']>;

export interface SyncStatus {
  pull: PullStatus;
  push: PushStatus;
  programme: ProgrammeStatus;
  secutix: {
    callsLeft: number;
    waitMs: number;
    skewMs: number | null;
    perMinute: number;
    month: ClientBudget['month'];
    sharedBudget: boolean;
    /** UTC milliseconds of the last answer and of the last call without one; null = none since the start. */
    answeredAt: number | null;
    failedAt: number | null;
  };
}
