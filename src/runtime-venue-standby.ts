import { NO_PROGRAMME } from './domain/programme.js';
import { PortillonError } from './errors.js';
import type { Condition } from './diagnostics/reports.js';
import type { VenueReport } from './diagnostics/venue-model.js';
import type { ClaimPort } from './lane/claims.js';
import { Standby } from './venue/standby.js';
import { ListThread } from './runtime-venue-list.js';
import { stillSync } from './runtime-venue-still.js';
import type { Venue, VenueBasics, VenueParts } from './runtime-venue-parts.js';

/** Stands by for the hub: no lanes, no calls to SecuTix, nothing counted. */
export class StandbyRole implements Venue {
  readonly claims: ClaimPort;
  readonly sync: NonNullable<Venue['sync']>;
  readonly #b: VenueBasics;
  readonly #standby: Standby;

  readonly #list: ListThread;

  constructor(basics: VenueBasics, parts: VenueParts, keepLog: number) {
    this.#b = basics;
    const { config, gate, broker, secret, claims, store } = basics;
    const log = parts.log.child({ room: 'venue' });
    this.#list = new ListThread(basics, parts, { role: 'standby', keepLog });
    this.#standby = new Standby(
      { venue: config.id, gate, session: claims.session, broker, secret },
      {
        clock: parts.clock,
        random: parts.random,
        log,
        store,
        list: () => this.#list.state,
        wakeList: () => this.#list.wake(),
        becomeHub: parts.startAnew,
      },
    );
    this.claims = {
      claim: () => Promise.reject(new PortillonError('VENUE_STANDBY', 'a standby has no lanes')),
      giveUp: () => {},
    };
    this.sync = stillSync(NO_PROGRAMME, 'a standby does not talk to SecuTix: ask the hub');
  }

  /** The hub has said once that there is nothing newer. */
  get #hasList(): boolean {
    return (this.#list.state?.upToDate ?? 0) > 0;
  }

  announce(): void {}
  onDecision(): void {}

  conditions(): Condition[] {
    const { connected, error, hub, caughtUp } = this.#standby.report();
    if (hub !== null && caughtUp && this.#hasList) return [];
    const why = !connected
      ? `the broker cannot be reached${error ? `: ${error}` : ''}`
      : hub === null
        ? 'the hub is silent'
        : 'it is catching up';
    const remedy = hub === null ? '`portillon venue takeover` makes this one the hub' : 'nothing to do';
    return [{ kind: 'standby-apart', severity: 'degraded', what: `standing by for the hub: ${why}`, remedy }];
  }

  report(): VenueReport {
    const { connected, error, hub, epoch, commit, caughtUp } = this.#standby.report();
    const { id, claim } = this.#b.config;
    const { policy, budget, deadline } = claim;
    const list = this.#list.state;
    return {
      role: 'standby',
      venue: id,
      broker: { connected, error },
      policy: { policy, budget, deadline },
      risk: { made: 0, bound: 0 },
      claims: {},
      list: list ? { position: list.position, hash: list.hash } : null,
      standby: { hub, epoch, commit, caughtUp: caughtUp && this.#hasList },
    };
  }

  counts(): undefined {
    return undefined;
  }
  conflicts(): Promise<[]> {
    return Promise.resolve([]);
  }
  trust(): boolean {
    return false;
  }
  takeOver(who: string): Promise<{ inOrder: boolean }> {
    return this.#standby.takeOver(who);
  }

  async close(): Promise<void> {
    await this.#standby.close();
    await this.#list.stop();
    await this.#b.store.close();
  }
}
