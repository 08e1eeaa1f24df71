import type { Programme } from './domain/programme.js';
import { PortillonError } from './errors.js';
import type { SyncStatus } from './sync/messages.js';
import type { Venue } from './runtime-venue-parts.js';

const NOTHING: SyncStatus = {
  pull: {
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
  },
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

/** In the place of the sync thread where nothing is exchanged with SecuTix. */
export function stillSync(programme: Programme, why: string): NonNullable<Venue['sync']> {
  return {
    status: NOTHING,
    programme,
    announce: () => {},
    start: () => {},
    ask: () => Promise.reject(new PortillonError('VENUE_STANDBY', why)),
    syncNow: () => Promise.resolve({ ok: false, error: why }),
    stop: async () => {},
  };
}
