import type { PullStatus, SyncStatus } from './messages.js';

/** A pull that has not begun. */
export function idlePull(): PullStatus {
  return {
    running: false,
    scopes: [],
    run: null,
    rebuild: null,
    lastResync: null,
    setAside: 0,
    warnings: [],
    event: false,
    lastError: null,
    nextAt: null,
  };
}

/** The status of a process that does not call SecuTix itself. */
export function idleSync(): SyncStatus {
  return {
    pull: idlePull(),
    push: { cursor: 0, acknowledged: 0, rejected: 0, lastRejected: [], more: false, lastError: null, lastAt: null },
    programme: { at: 0, performances: 0, lastError: null },
    secutix: {
      callsLeft: 0,
      waitMs: 0,
      skewMs: null,
      perMinute: 0,
      month: { month: '', calls: 0, bytes: 0, callsLimit: 0, bytesLimit: 0 },
      sharedBudget: false,
      answeredAt: null,
      failedAt: null,
    },
  };
}
