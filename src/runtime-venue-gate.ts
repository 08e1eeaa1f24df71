import { NO_PROGRAMME } from './domain/programme.js';
import { PortillonError } from './errors.js';
import type { Condition } from './diagnostics/reports.js';
import type { VenueReport } from './diagnostics/venue-model.js';
import type { ClaimPort } from './lane/claims.js';
import type { LaneEvent } from './lane/lane.js';
import { idleSync } from './sync/idle-status.js';
import type { SyncStatus, SyncWhat } from './sync/messages.js';
import type { ListState } from './venue/list-client.js';
import type { Telemetry } from './venue/telemetry.js';
import { VenueGate } from './venue/gate.js';
import { buildTelemetry } from './runtime-venue-telemetry.js';
import { ListThread } from './runtime-venue-list.js';
import type { Venue, VenueBasics, VenueParts } from './runtime-venue-parts.js';

/** A gate that follows a hub. */
export class GateRole implements Venue {
  readonly claims: ClaimPort;
  readonly sync: NonNullable<Venue['sync']>;
  readonly #gate: VenueGate;
  readonly #list: ListThread;
  readonly #telemetry: Telemetry;
  readonly #b: VenueBasics;
  readonly #p: VenueParts;

  static async start(basics: VenueBasics, parts: VenueParts): Promise<GateRole> {
    const { config, broker, secret: key, claims } = basics;
    const log = parts.log.child({ room: 'venue' });
    const list = new ListThread(basics, parts, { role: 'gate' });
    const late: { role?: GateRole } = {};
    const telemetry = buildTelemetry(basics, parts, () => (late.role as GateRole).report());
    const venue = await VenueGate.start(
      { venue: config.id, broker, key, claims },
      {
        ...parts,
        log,
        store: basics.store,
        holds: basics.holds,
        list: () => (list.state ? { position: list.state.position, hash: list.state.hash } : null),
        onOther: (topic, payload) => telemetry.onMessage(topic, payload),
        onUp: (wire) => telemetry.onUp(wire),
      },
    );
    late.role = new GateRole(basics, parts, venue, list, telemetry);
    return late.role;
  }

  private constructor(basics: VenueBasics, parts: VenueParts, gate: VenueGate, list: ListThread, telemetry: Telemetry) {
    this.#b = basics;
    this.#p = parts;
    this.#gate = gate;
    this.#list = list;
    this.#telemetry = telemetry;
    this.claims = gate.claims;
    const status = (): SyncStatus => this.#status(list.state);
    this.sync = {
      get status() {
        return status();
      },
      announce: () => gate.announce(),
      start: () => {},
      programme: NO_PROGRAMME,
      ask: () =>
        Promise.reject(new PortillonError('VENUE_GATE', 'a gate of a venue does not talk to SecuTix: ask the hub')),
      syncNow: (what) => this.#syncNow(what),
      stop: async () => {},
    };
  }

  #syncNow(what: SyncWhat): Promise<{ ok: boolean; error?: string }> {
    if (what !== 'pull') this.#gate.announce();
    if (what !== 'push') this.#list.wake();
    const { connected, error } = this.#gate.report();
    return Promise.resolve(
      connected ? { ok: true } : { ok: false, error: `no broker: ${error || 'not connected yet'}` },
    );
  }

  /** In the words of the sync thread, so that every screen shows a gate of a venue as it shows any other. */
  #status(list: ListState | undefined): SyncStatus {
    const { cursor, link, push, skew } = this.#gate.report();
    const now = this.#p.clock.now();
    const { pages = 0, items = 0, completeAt = null } = list ?? {};
    const none: readonly string[] = [];
    const idle = idleSync();
    return {
      ...idle,
      pull: {
        ...idle.pull,
        running: list?.fetching ?? false,
        scopes: [{ season: 'hub', products: none, performances: none, listType: 'GREY', pages, items, completeAt }],
        lastError: list?.lastError ?? null,
      },
      push: { ...idle.push, cursor, acknowledged: cursor, ...push },
      // The hub calls SecuTix; what counts here is whether the hub is there.
      secutix: {
        ...idle.secutix,
        // By the hub's word.
        skewMs: skew,
        answeredAt: link === 'joined' ? now : null,
        failedAt: link === 'alone' ? now : null,
      },
    };
  }

  announce(): void {
    this.#gate.announce();
  }

  onDecision(event: LaneEvent): void {
    this.#telemetry.onDecision(event);
  }

  conditions(): Condition[] {
    const { link, connected, error, hub, risk, inStep } = this.#gate.report();
    const conditions: Condition[] = [];
    const add = (what: string, remedy: string, said: Pick<Condition, 'kind' | 'facts'>): unknown =>
      conditions.push({ severity: 'degraded', what, remedy, ...said });
    if (link === 'alone') {
      const why = connected ? 'the hub does not answer' : `the broker cannot be reached${error ? `: ${error}` : ''}`;
      const { policy } = this.#b.config.claim;
      const bound = risk.bound > 0 ? `; ${risk.bound} double entries are possible at most, ${risk.made} made` : '';
      add(
        `cut off from the hub (${why}); policy ${policy}${bound}`,
        'check the network and the hub; it joins again by itself',
        {
          kind: connected ? 'cut-off-hub' : 'cut-off-broker',
          facts: { policy, budget: this.#b.config.claim.budget, bound: risk.bound, made: risk.made },
        },
      );
    } else if (hub && !hub.sure)
      add(
        'the hub has forgotten something and counts nothing until all gates have spoken',
        '`portillon venue status` at the hub names the missing ones',
        { kind: 'hub-forgot' },
      );
    else if (!inStep && risk.made > 0)
      add(`${risk.made} risk admissions are on their way to the hub`, 'nothing to do', {
        kind: 'risk-pending',
        facts: { made: risk.made },
      });
    return conditions;
  }

  report(): VenueReport {
    const { link, connected, error, hub, risk, inStep, rights, claims, switches } = this.#gate.report();
    const { config } = this.#b;
    const { policy, budget, deadline } = config.claim;
    const { state } = this.#list;
    return {
      role: 'gate',
      venue: config.id,
      broker: { connected, error },
      policy: { policy, budget, deadline },
      risk,
      claims,
      list: state ? { position: state.position, hash: state.hash } : null,
      link: { state: link, inStep, rights, hub, switches },
    };
  }

  conflicts(): Promise<[]> {
    return Promise.resolve([]);
  }

  counts(): undefined {}

  trust(): boolean {
    return false;
  }

  async close(): Promise<void> {
    this.#telemetry.close();
    await this.#gate.close();
    await this.#list.stop();
    await this.#b.store.close();
  }
}
