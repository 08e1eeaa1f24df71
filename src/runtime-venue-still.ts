import type { Programme } from './domain/programme.js';
import { PortillonError } from './errors.js';
import { idleSync } from './sync/idle-status.js';
import type { Venue } from './runtime-venue-parts.js';

/** In the place of the sync thread where nothing is exchanged with SecuTix. */
export function stillSync(programme: Programme, why: string): NonNullable<Venue['sync']> {
  return {
    status: idleSync(),
    programme,
    announce: () => {},
    start: () => {},
    ask: () => Promise.reject(new PortillonError('VENUE_STANDBY', why)),
    syncNow: () => Promise.resolve({ ok: false, error: why }),
    stop: async () => {},
  };
}
