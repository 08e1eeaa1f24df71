import type { Scope } from '../domain/ticket.js';
import type { SettledChecks } from '../store/journal.js';
import type { Rejected } from '../store/sync-state.js';
import type { SecutixSettings } from '../secutix/settings.js';

/** What the worker is started with. Plain data. */
export interface SyncOptions {
  listFolder: string;
  syncFolder: string;
  secutix: SecutixSettings;
  scopes: Scope[];
  /** Milliseconds; tickets a page. */
  pull: { every: number; pageSize: number };
  /** Milliseconds; checks a call. */
  push: { every: number; batch: number };
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export type SyncWhat = 'all' | 'pull' | 'push';

/** Main thread to worker. */
export type ToWorker =
  | { type: 'settled'; through: number }
  | { type: 'records'; id: number; result: SettledChecks | { error: string } }
  | { type: 'sync-now'; id: number; what: SyncWhat }
  | { type: 'list-reopened'; error?: string }
  | { type: 'stop' };

/** Worker to main thread. */
export type FromWorker =
  | { type: 'need-records'; id: number; after: number; limit: number }
  | { type: 'list-closed' }
  | { type: 'status'; status: SyncStatus }
  | { type: 'sync-done'; id: number; ok: boolean; error?: string }
  /** A line this thread has written, for the page's log. */
  | { type: 'log'; line: string }
  | { type: 'stopped' };

export interface ScopeStatus {
  season: string;
  products: readonly string[];
  pages: number;
  items: number;
  /** UTC milliseconds when the end of the list was last reached; null = never yet. */
  completeAt: number | null;
}

export interface SyncStatus {
  pull: {
    running: boolean;
    scopes: ScopeStatus[];
    /** Lines that could not be read, since start. */
    setAside: number;
    lastError: string | null;
    nextAt: number | null;
  };
  push: {
    /** Highest sequence that is dealt with. */
    cursor: number;
    acknowledged: number;
    rejected: number;
    lastRejected: Rejected[];
    lastAt: number | null;
    lastError: string | null;
  };
  secutix: { callsLeft: number; waitMs: number; skewMs: number | null };
}
