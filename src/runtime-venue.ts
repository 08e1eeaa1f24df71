import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GateConfig, VenueConfig } from './config/schema.js';
import { ConfigError, PortillonError } from './errors.js';
import { movements } from './domain/usage.js';
import { ruleBook } from './runtime-rules.js';
import { storeKeyFrom } from './runtime-store.js';
import { venueKeys, VenueStore } from './store/venue-store.js';
import type { LanePolicy } from './venue/claim-client.js';
import type { BrokerSettings } from './venue/wire.js';
import type { Venue, VenueBasics, VenueParts } from './runtime-venue-parts.js';
import { GateRole } from './runtime-venue-gate.js';
import { standBy } from './runtime-venue-handover.js';
import { HubRole } from './runtime-venue-hub.js';
import { StandbyRole } from './runtime-venue-standby.js';

export async function startVenue(config: GateConfig, parts: VenueParts): Promise<Venue | undefined> {
  const { venue } = config;
  if (venue.role === 'standalone') return undefined;
  const gate = config.gate.id;
  const session = randomBytes(6).toString('hex');
  const basics: VenueBasics = {
    config: venue,
    gate,
    broker: brokerOf(venue, gate),
    secret: venue.secret ?? read(venue.secretFile, 'venue.secretFile'),
    claims: {
      gate,
      session,
      deadline: venue.claim.deadline,
      policies: policiesOf(venue),
      homes: venue.home,
      rights: venue.claim.rights,
    },
    store: await VenueStore.open(parts.folder('venue'), storeKeyFrom(config)),
    storeKey: storeKeyFrom(config),
    holds: (barcode, slot) => holds(parts, barcode, slot),
    days: ruleBook(config).days,
    logLevel: config.log.level,
  };
  try {
    if (venue.role === 'gate') return await GateRole.start(basics, parts);
    return await startHub(config, basics, parts);
  } catch (error) {
    await basics.store.close();
    throw error;
  }
}

/** As the hub or as the one that stands by: what it was told last, by a person or by the other one. */
async function startHub(config: GateConfig, basics: VenueBasics, parts: VenueParts): Promise<Venue> {
  const { store } = basics;
  const part = (store.get(venueKeys.named('part')) as 'hub' | 'standby' | undefined) ?? config.venue.role;
  const { listLog } = config.venue;
  if (part === 'standby') return new StandbyRole(basics, parts, listLog);
  try {
    return await HubRole.start(basics, parts);
  } catch (error) {
    if (!(error instanceof PortillonError) || error.code !== 'VENUE_REPLACED' || config.lanes.length > 0) throw error;
    await standBy(basics, parts, error.message);
    return new StandbyRole(basics, parts, listLog);
  }
}

function policiesOf({ claim }: VenueConfig): LanePolicy[] {
  const policy = (kind: VenueConfig['claim']['policy'], budget: number): LanePolicy['policy'] =>
    kind === 'budget' ? { kind, max: budget } : { kind };
  return [
    ...claim.exceptions.map(({ lane, product, policy: kind, budget }) => ({
      ...(lane !== undefined && { lane }),
      ...(product !== undefined && { product }),
      policy: policy(kind, budget),
    })),
    { policy: policy(claim.policy, claim.budget) },
  ];
}

function brokerOf({ broker }: VenueConfig, gate: string): BrokerSettings {
  if (!broker) throw new PortillonError('VENUE_BROKER', 'venue.broker is missing');
  const { url, username, password, passwordFile, ca, cert, key } = broker;
  return {
    url,
    username: username ?? gate,
    ...(password !== undefined && { password }),
    ...(passwordFile !== undefined && { password: read(passwordFile, 'venue.broker.passwordFile') }),
    ...(ca !== undefined && { ca: read(ca, 'venue.broker.ca') }),
    ...(cert !== undefined && { cert: read(cert, 'venue.broker.cert') }),
    ...(key !== undefined && { key: read(key, 'venue.broker.key') }),
  };
}

function read(file: string | undefined, key: string): string {
  try {
    return readFileSync(file ?? '', 'utf8').trim();
  } catch (cause) {
    throw new ConfigError(`${key}: ${file ?? ''} cannot be read`, { cause });
  }
}

/** This gate has let somebody in on the ticket, or is about to. */
function holds({ reservations, journal }: VenueParts, barcode: string, slot: string): boolean {
  if (reservations.has(barcode)) return true;
  return movements(journal.usage(barcode)).some(
    (m) =>
      m.direction === 'entry' &&
      !m.elsewhere &&
      !m.void &&
      (m.slot === slot || m.slot === '*' || slot === '*' || m.slot === undefined),
  );
}
