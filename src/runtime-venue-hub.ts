import { mask } from './domain/credential.js';
import { parseCheckId } from './domain/records.js';
import type { Condition } from './diagnostics/reports.js';
import type { ConflictReport, ConflictSide, VenueCounts, VenueReport } from './diagnostics/venue-model.js';
import { describeError } from './errors.js';
import type { ClaimPort } from './lane/claims.js';
import type { LaneEvent } from './lane/lane.js';
import { venueKeys } from './store/venue-store.js';
import { ClaimClient } from './venue/claim-client.js';
import type { Use } from './venue/claim-types.js';
import type { SettledCheck } from './venue/hub-claims.js';
import type { ClockOff } from './venue/hub-time.js';
import { CountsKeeper } from './venue/counts-keeper.js';
import { VenueHub } from './venue/hub.js';
import { elsewhereRecords } from './venue/usage-intake.js';
import { HubTelemetry } from './runtime-venue-telemetry.js';
import { ListThread } from './runtime-venue-list.js';
import { remote, standBy, syncFacts, takeFollowed } from './runtime-venue-handover.js';
import type { TakeOver } from './venue/followed.js';
import type { Venue, VenueBasics, VenueParts } from './runtime-venue-parts.js';

/** Milliseconds a start waits for the broker, to learn whether another hub runs. */
const DECIDE_WITHIN = 8_000;
const PUMP_EVERY = 1_000;
const BATCH = 200;

/** The hub: the venue's one SecuTix client and owner of usage; its own lanes claim like any gate's. */
export class HubRole implements Venue {
  readonly claims: ClaimPort;
  readonly #b: VenueBasics;
  readonly #p: VenueParts;
  readonly #client: ClaimClient;
  readonly #hub: VenueHub;
  readonly #list: ListThread;
  readonly #counts: CountsKeeper;
  readonly #telemetry: HubTelemetry;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #pumping: Promise<void>;

  static async start(basics: VenueBasics, parts: VenueParts): Promise<HubRole> {
    const { config, gate, broker, secret, claims, store } = basics;
    const log = parts.log.child({ room: 'venue' });
    const late: { role?: HubRole } = {};
    await takeFollowed(basics, parts);
    const hub = await VenueHub.start(
      {
        venue: config.id,
        gate,
        session: claims.session,
        broker,
        secret,
        gates: config.gates,
        deadline: config.claim.deadline,
      },
      store,
      {
        ...parts,
        log,
        forward: async (from, checks) => {
          await Promise.all(checks.map((c) => parts.journal.append(remote(parts, from, c))));
          parts.announce();
        },
        onUsage: () => late.role?.announce(),
        journal: async (after, limit) => ({
          ...(await parts.journal.checksAfter(after, limit, parts.settledThrough())),
          last: parts.settledThrough(),
        }),
        follow: {
          pushed: () => parts.synced()?.push.cursor ?? 0,
          lastRefused: () => parts.synced()?.push.lastRejected[0]?.seq ?? 0,
          countedFrom: () => late.role?.countedFrom ?? 0,
          refused: (after, limit) => parts.model.platform('refused', { after, limit }),
          sync: (hold) => syncFacts(parts, hold),
        },
        skew: () => parts.synced()?.secutix.skewMs ?? null,
        onReplaced: (why) => void standBy(basics, parts, why).then(parts.startAnew),
      },
    );
    try {
      await hub.decided(DECIDE_WITHIN);
    } catch (error) {
      await hub.close();
      throw error;
    }
    const list = new ListThread(basics, parts, { role: 'hub' });
    late.role = new HubRole(basics, parts, hub, list);
    return late.role;
  }

  private constructor(basics: VenueBasics, parts: VenueParts, hub: VenueHub, list: ListThread) {
    this.#b = basics;
    this.#p = parts;
    this.#hub = hub;
    this.#list = list;
    const { gate } = basics;
    this.#client = new ClaimClient(basics.claims, {
      clock: parts.clock,
      joined: () => hub.phase.phase === 'serving',
      send: (claim) => void hub.claims.claim(claim).then((answer) => this.#client.take(claim.id, answer)),
      end: (claim) => void hub.claims.end(gate, [claim]).catch(() => {}),
      heard: () => {},
    });
    this.claims = this.#client;
    this.#counts = new CountsKeeper({ ...parts, store: basics.store, gate, days: basics.days });
    this.#telemetry = new HubTelemetry(
      basics,
      parts,
      () => this.report(),
      () => this.counts(),
    );
    this.#pumping = this.#pump();
  }

  announce(): void {
    this.#wake.abort();
  }
  onDecision(event: LaneEvent): void {
    this.#telemetry.onDecision(event);
  }

  /** The hub's own lanes: their checks into the usage, and what gates did into this journal. */
  async #pump(): Promise<void> {
    const { clock, log } = this.#p;
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#takeOwn();
        await this.#learn();
      } catch (error) {
        log.warn({ error: describeError(error) }, 'the hub’s own checks wait');
      }
      await clock.sleep(PUMP_EVERY, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
    }
  }

  async #takeOwn(): Promise<void> {
    const { journal, settledThrough } = this.#p;
    const { gate } = this.#b;
    const { claims } = this.#hub;
    const isOwn = ({ check }: SettledCheck): boolean => parseCheckId(check.checkId).gate === gate;
    for (;;) {
      const cursor = claims.cursor(gate, 'own');
      const { checks, scanned } = await journal.checksAfter(cursor, BATCH, settledThrough());
      if (scanned <= cursor) break;
      await claims.take(gate, 'own', checks.filter(isOwn), scanned);
    }
    if (claims.cursor(gate, 'own') >= journal.lastSeq && this.#client.waiting === 0) this.#client.inStep();
  }

  async #learn(): Promise<void> {
    const { journal, clock } = this.#p;
    const { store, gate } = this.#b;
    for (;;) {
      const known = (store.get(venueKeys.named('usage')) as number | undefined) ?? 0;
      const entries = await this.#hub.claims.usageAfter(known, BATCH);
      const last = entries.at(-1);
      if (!last) return;
      const own = (store.get(venueKeys.named('own')) as number | undefined) ?? 0;
      const { records, through } = elsewhereRecords(entries, gate, own, clock);
      await Promise.all(records.map((r) => journal.append(r)));
      await store.commit([
        { key: venueKeys.named('usage'), value: last.n },
        { key: venueKeys.named('own'), value: through },
      ]);
    }
  }

  conditions(): Condition[] {
    const hub = this.#hub;
    const conditions: Condition[] = [];
    type Said = Pick<Condition, 'kind' | 'facts'>;
    const add = (severity: Condition['severity'], what: string, remedy: string, said: Said): unknown =>
      conditions.push({ severity, what, remedy, ...said });
    const { phase } = hub;
    if (phase.phase === 'refused')
      add('down', phase.why, 'a venue has one hub: stop one of the two', {
        kind: 'second-hub',
        facts: { why: phase.why },
      });
    if (!hub.connected)
      add(
        'degraded',
        `the broker cannot be reached${hub.lastError ? `: ${hub.lastError}` : ''}`,
        'check the broker; gates are cut off',
        { kind: 'broker-away', facts: { error: hub.lastError } },
      );
    if (phase.phase === 'serving' && hub.doubt !== undefined)
      add(
        'degraded',
        hub.doubt,
        '`portillon venue trust` lets it count without them; a ticket they have admitted may then enter again',
        { kind: 'hub-doubt', facts: { why: hub.doubt } },
      );
    const away = hub.gates().filter((g) => !g.joined);
    if (away.length > 0) {
      const { bound } = this.#risk();
      const most = bound > 0 ? `; ${bound} double entries are possible at most` : '';
      add(
        'degraded',
        `cut off: ${away.map((g) => g.gate).join(', ')}${most}`,
        'check their network; they join again by themselves',
        { kind: 'gates-away', facts: { gates: away.map((g) => g.gate).join(', '), bound } },
      );
    }
    if (hub.claims.conflicts > 0)
      add(
        'degraded',
        `${hub.claims.conflicts} tickets were admitted twice`,
        '`portillon venue conflicts` names both checks',
        { kind: 'double-entries', facts: { count: hub.claims.conflicts } },
      );
    return conditions;
  }

  /** A gate that is not in touch may use its whole budget; one that is has said what it has made. */
  #risk(): { made: number; bound: number } {
    // Its own lanes are in touch with it as long as it counts.
    const own = this.#client.risk;
    let { made } = own;
    let bound = this.#hub.phase.phase === 'serving' ? own.made : own.bound;
    for (const g of this.#hub.gates()) {
      made += g.risk.made;
      bound += g.joined ? g.risk.made : Math.max(g.risk.bound, g.risk.made);
    }
    return { made, bound };
  }

  report(): VenueReport {
    const { config } = this.#b;
    const hub = this.#hub;
    const { policy, budget, deadline } = config.claim;
    const views = hub.gates();
    const own = this.#newest(views.map((v) => v.list));
    return {
      role: 'hub',
      venue: config.id,
      broker: { connected: hub.connected, error: hub.lastError },
      policy: { policy, budget, deadline },
      risk: this.#risk(),
      claims: { ...this.#client.counters, longest: this.#client.longest },
      list: own,
      hub: {
        phase: hub.phase.phase,
        why: hub.phase.phase === 'refused' ? hub.phase.why : (hub.doubt ?? null),
        epoch: hub.epoch,
        commit: hub.claims.commits,
        conflicts: hub.claims.conflicts,
        taken: (this.#b.store.get(venueKeys.named('taken')) as TakeOver | undefined) ?? null,
        counters: hub.claims.counters,
        gates: views.map((v) => ({
          ...v,
          list: v.list && { ...v.list, same: v.list.position === own?.position && v.list.hash === own.hash },
        })),
      },
    };
  }

  #newest(lists: readonly ({ position: number; hash: string } | null)[]): { position: number; hash: string } | null {
    return this.#list.state ?? lists.reduce((a, b) => (b && (!a || b.position > a.position) ? b : a), null);
  }

  async conflicts(limit: number): Promise<ConflictReport[]> {
    const side = ({ checkId, gate, lane, at, risk, doubtful }: Use, off: ClockOff | null): ConflictSide => ({
      checkId: checkId ?? null,
      gate,
      lane,
      at,
      hubTime: off && !doubtful ? at - off.by : null,
      within: off && !doubtful ? off.within : null,
      how: risk ?? 'granted',
    });
    return (await this.#hub.claims.ledger(limit)).map(({ n, barcode, slot, foundAt, first, second, clocks }) => ({
      n,
      code: mask(barcode),
      slot,
      foundAt,
      first: side(first, clocks?.first ?? null),
      second: side(second, clocks?.second ?? null),
    }));
  }

  counts(): VenueCounts {
    return this.#counts.report();
  }

  trust(who: string): boolean {
    this.#hub.trust(who);
    return true;
  }

  /** The standby takes over again. False = nobody follows. */
  handBack(who: string): boolean {
    return this.#hub.follow.handBack(who);
  }

  get countedFrom(): number {
    return this.#counts.since;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#pumping;
    await this.#counts.close();
    await this.#telemetry.close();
    await this.#list.stop();
    await this.#hub.close();
    await this.#b.store.close();
  }
}
