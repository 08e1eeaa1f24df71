import type { Clock, Random } from './clock.js';
import type { GateConfig, VenueConfig } from './config/schema.js';
import type { Condition } from './diagnostics/reports.js';
import type { ReadModel } from './diagnostics/read-model.js';
import type { VenueModel } from './diagnostics/venue-model.js';
import type { ServiceDays } from './domain/zone.js';
import type { ClaimPort } from './lane/claims.js';
import type { LaneEvent } from './lane/lane.js';
import type { Reservations } from './lane/reservations.js';
import type { Log } from './log.js';
import type { Journal } from './store/journal.js';
import type { StoreKey } from './store/open.js';
import type { VenueStore } from './store/venue-store.js';
import type { SyncHandle } from './sync/handle.js';
import type { SyncStatus } from './sync/messages.js';
import type { ClaimSettings } from './venue/claim-client.js';
import type { BrokerSettings } from './venue/wire.js';

export interface VenueParts {
  clock: Clock;
  random: Random;
  log: Log;
  journal: Journal;
  folder: (name: string) => string;
  reservations: Reservations;
  settledThrough: () => number;
  /** How far SecuTix has the journal, and what it refused; undefined = the sync thread has not said anything yet. */
  synced: () => SyncStatus | undefined;
  /** Ends this process in order; whoever supervises it starts it again, in its new part. */
  startAnew: () => void;
  /** There is something for SecuTix. */
  announce: () => void;
  /** Of this process's log; absent where it has none that can change. */
  setLogLevel?: ((level: 'debug' | 'info' | 'warn' | 'error') => void) | undefined;
  /** The gate itself, for telemetry and commands. */
  model: Pick<
    ReadModel,
    'setMode' | 'pulse' | 'selfTest' | 'syncNow' | 'status' | 'desk' | 'live' | 'tally' | 'platform'
  >;
}

/** What the composition root needs of a venue, whichever part this gate plays in it. */
export interface Venue extends VenueModel {
  claims: ClaimPort;
  /** A gate's list and checks go by the hub: this takes the place of the sync thread. */
  sync?: Pick<SyncHandle, 'status' | 'announce' | 'start' | 'syncNow' | 'stop' | 'ask' | 'programme'>;
  /** Checks have been settled. */
  announce(): void;
  /** A decision was made. */
  onDecision(event: LaneEvent): void;
  conditions(): Condition[];
  close(): Promise<void>;
}

/** Everything both roles are built from. */
export interface VenueBasics {
  config: VenueConfig;
  gate: string;
  broker: BrokerSettings;
  secret: string;
  claims: ClaimSettings;
  store: VenueStore;
  storeKey: StoreKey;
  holds: (barcode: string, slot: string) => boolean;
  /** Days as the venue has them. */
  days: ServiceDays;
  logLevel: GateConfig['log']['level'];
}
