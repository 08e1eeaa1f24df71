import type { IPublishPacket } from 'mqtt';
import type { Clock, Random } from '../clock.js';
import { describeError, PortillonError } from '../errors.js';
import type { CheckRecord, OutcomeRecord } from '../domain/records.js';
import type { Log } from '../log.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { Claim } from './claim-types.js';
import type { FollowParts } from './follow-server.js';
import { FollowServer } from './follow-server.js';
import type { TakeOver } from './followed.js';
import { HubAsks } from './hub-asks.js';
import type { GateView } from './hub-gates.js';
import { HubGates } from './hub-gates.js';
import type { SettledCheck } from './hub-claims.js';
import { HubClaims } from './hub-claims.js';
import type { HubSelf } from './hub-identity.js';
import { givesUp, isPair, mayStart } from './hub-identity.js';
import { Rpc } from './rpc.js';
import { linkKey, seal, unseal } from './seal.js';
import type { HubState } from './topics.js';
import * as t from './topics.js';
import type { BrokerSettings } from './wire.js';
import { Wire } from './wire.js';

export interface HubSettings {
  venue: string;
  gate: string;
  session: string;
  broker: BrokerSettings;
  /** The venue's secret. */
  secret: string;
  /** Gates that must have spoken before a hub that forgot something counts again. */
  gates: readonly string[];
  /** Milliseconds a lane waits for a claim. */
  deadline: number;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
  /** Takes checks of a gate on their way to SecuTix; resolves when they are on the disk. */
  forward: (gate: string, checks: readonly SettledCheck[]) => Promise<void>;
  /** New entries of the use log. */
  onUsage: () => void;
  /** Checks of this hub's journal on their way to SecuTix, for a standby; and up to which sequence SecuTix has them. */
  journal: (
    after: number,
    limit: number,
  ) => Promise<{ checks: readonly SettledCheck[]; scanned: number; last: number }>;
  follow: Pick<FollowParts, 'pushed' | 'lastRefused' | 'countedFrom' | 'refused' | 'sync'>;
  /** This clock minus SecuTix's, milliseconds; null = not known. */
  skew: () => number | null;
  /** Another box counts from now on. */
  onReplaced: (why: string) => void;
}

/** Milliseconds a starting hub waits for another one's word. */
const ASK_FOR = 1_500;
const STATE_EVERY = 1_000;
const HINT_AFTER = 200;
const USAGE_PAGE = 500;

type Phase =
  | { phase: 'starting' }
  | { phase: 'serving' }
  | { phase: 'handing-over' }
  | { phase: 'refused'; why: string; replaced?: true };

/** The venue's owner of usage, on the wire: identity, gates, their requests. */
export class VenueHub {
  readonly claims: HubClaims;
  readonly follow: FollowServer;
  readonly #s: HubSettings;
  readonly #p: Parts;
  readonly #store: VenueStore;
  readonly #self: HubSelf;
  readonly #commitAtStart: number;
  readonly #wire: Wire;
  readonly #rpc: Rpc;
  readonly #asks: HubAsks;
  readonly #keys = new Map<string, string>();
  readonly #gates: HubGates;
  readonly #others: HubState[] = [];
  #retained: HubState | undefined;
  #phase: Phase = { phase: 'starting' };
  #why: string | undefined;
  #deciding: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #announced = -1;
  #hinting: Promise<void> | undefined;

  static async start(settings: HubSettings, store: VenueStore, parts: Parts): Promise<VenueHub> {
    const named = (name: string): unknown => store.get(venueKeys.named(name));
    const self: HubSelf = {
      hub: (named('hub') as string | undefined) ?? settings.session,
      session: settings.session,
      epoch: (named('epoch') as number | undefined) ?? 0,
      commit: (named('commits') as number | undefined) ?? 0,
      by: settings.gate,
      ...(named('takeover') !== undefined && { takeover: named('takeover') as TakeOver }),
    };
    if (named('hub') === undefined) await store.commit([{ key: venueKeys.named('hub'), value: self.hub }]);
    const forward: { to?: VenueHub } = {};
    const claims = await HubClaims.open(store, {
      clock: parts.clock,
      log: parts.log,
      askHome: (claim) => (forward.to as VenueHub).#asks.home(claim),
      askHolders: (claim, rights) => (forward.to as VenueHub).#asks.holders(claim, rights),
      clockOf: (gate) => (forward.to as VenueHub).#gates.clockOf(gate),
      onCommit: (n, puts) => forward.to?.follow.add(n, puts),
      onUsage: () => {
        parts.onUsage();
        forward.to?.hint();
      },
    });
    forward.to = new VenueHub(settings, store, parts, self, claims);
    return forward.to;
  }

  private constructor(settings: HubSettings, store: VenueStore, parts: Parts, self: HubSelf, claims: HubClaims) {
    this.#s = settings;
    this.#p = parts;
    this.#store = store;
    this.#self = self;
    this.#commitAtStart = self.commit;
    this.claims = claims;
    this.#gates = new HubGates({ clock: parts.clock, store, claims, gate: settings.gate, named: settings.gates });
    const { venue } = settings;
    const topic = t.topics.hub(venue);
    const requests = ['claim', 'end', 'noted', 'ping', 'rights', 'journal', 'usage', 'noticed'].map((k) =>
      t.topics.toHub(venue, '+', k),
    );
    const will = { ...this.#state(), online: false };
    this.#wire = new Wire(
      {
        broker: settings.broker,
        clientId: `${venue}-hub-${settings.session}`,
        subscriptions: [topic, t.topics.hubAsk(venue), t.topics.hubHere(venue), t.topics.follow(venue), ...requests],
        will: { topic, payload: seal(settings.secret, topic, will) },
      },
      {
        log: parts.log,
        random: parts.random,
        onMessage: (at, payload, packet) => void this.#onMessage(at, payload, packet),
        onUp: () => this.#onUp(),
        onDown: () => {},
      },
    );
    this.#rpc = new Rpc(this.#wire, parts.clock);
    this.#asks = new HubAsks({
      rpc: this.#rpc,
      venue,
      session: settings.session,
      deadline: settings.deadline,
      key: (gate) => this.#key(gate),
      homes: (entrance) => this.#gates.homes(entrance),
    });
    this.follow = new FollowServer({
      store,
      session: settings.session,
      now: () => parts.clock.monotonic(),
      state: () => ({
        hub: self.hub,
        box: self.by,
        epoch: self.epoch,
        commit: claims.commits,
        roster: this.#gates.roster,
      }),
      journal: parts.journal,
      ...parts.follow,
      release: () => this.#handOver(),
      resume: () => this.#resume(),
      replaced: (by, who) => this.#refuse(`${by} has taken over as the hub of this venue, on the word of ${who}`, true),
    });
    void this.#stateLoop();
  }

  /** Resolves when it is known whether this hub runs, or after `patience` milliseconds without a broker. Throws when it does not. */
  async decided(patience: number): Promise<void> {
    const end = this.#p.clock.monotonic() + patience;
    while (this.#phase.phase === 'starting' && this.#p.clock.monotonic() < end)
      await this.#p.clock.sleep(20, this.#stop.signal);
    if (this.#phase.phase === 'refused' && this.#phase.replaced)
      throw new PortillonError('VENUE_REPLACED', this.#phase.why, {
        hint: 'a hub without lanes stands by from now on; `portillon venue handback` at the other one gives it back',
      });
    if (this.#phase.phase === 'refused')
      throw new PortillonError('VENUE_TWO_HUBS', this.#phase.why, {
        hint: 'a venue has one hub: stop the other one first, or make this one `venue.role: gate`',
      });
  }

  get epoch(): number {
    return this.#self.epoch;
  }
  get phase(): Phase {
    return this.#phase;
  }
  /** Why it is not sure of what it knows. */
  get doubt(): string | undefined {
    return this.claims.sure ? undefined : this.#why;
  }
  get connected(): boolean {
    return this.#wire.up;
  }
  get lastError(): string {
    return this.#wire.lastError;
  }

  #state(): HubState {
    const { hub, session, epoch, by } = this.#self;
    return { hub, session, epoch, by, commit: this.claims.commits, online: this.#phase.phase === 'serving' };
  }

  #publishState(): void {
    const topic = t.topics.hub(this.#s.venue);
    const state = this.#state();
    if (this.#wire.send(topic, seal(this.#s.secret, topic, state), { retain: true })) this.#announced = state.commit;
  }

  async #stateLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#p.clock.sleep(STATE_EVERY, this.#stop.signal);
      this.follow.look();
      if (this.#phase.phase === 'serving' && this.claims.commits !== this.#announced) this.#publishState();
    }
  }

  #onUp(): void {
    if (this.#phase.phase === 'serving') return this.#publishState();
    if (this.#phase.phase === 'starting') this.#deciding ??= this.#decide();
  }

  async #decide(): Promise<void> {
    const { clock, log } = this.#p;
    const topic = t.topics.hubAsk(this.#s.venue);
    this.#wire.send(topic, seal(this.#s.secret, topic, { ...this.#state(), online: true }));
    await clock.sleep(ASK_FOR, this.#stop.signal);
    this.#deciding = undefined;
    if (this.#stop.signal.aborted || !this.#wire.up) return;
    const start = mayStart(this.#self, this.#retained, this.#others);
    if (!start.start) return this.#refuse(start.why, start.replaced);
    this.#self.epoch = start.epoch;
    await this.#store.commit([
      { key: venueKeys.named('epoch'), value: start.epoch },
      { key: venueKeys.named('takeover'), value: undefined },
    ]);
    this.claims.sure = start.sure;
    this.#why = start.why;
    if (start.why) log.error({ why: start.why }, 'the hub counts nothing until the gates have spoken');
    this.#phase = { phase: 'serving' };
    this.#publishState();
    log.info({ hub: this.#self.hub, epoch: start.epoch, sure: start.sure }, 'hub of the venue');
  }

  #refuse(why: string, replaced?: true): void {
    const started = this.#phase.phase !== 'starting';
    this.#phase = { phase: 'refused', why, ...(replaced && { replaced }) };
    this.claims.sure = false;
    this.#p.log.error({ why }, 'this hub does not run: a venue has one hub');
    // Whoever waits for the start hears of it there.
    if (replaced && started) this.#p.onReplaced(why);
  }

  /** Nothing is counted from here on; what was answered is on the disk when it resolves. */
  async #handOver(): Promise<void> {
    if (this.#phase.phase === 'serving') {
      this.#p.log.warn({}, 'the hub is being taken over: it counts no more');
      this.#phase = { phase: 'handing-over' };
      this.#publishState();
    }
    await this.claims.close();
  }

  #resume(): void {
    if (this.#phase.phase !== 'handing-over') return;
    this.#p.log.warn({}, 'nobody took over: the hub counts again');
    this.#phase = { phase: 'serving' };
    this.#publishState();
  }

  #onHubWord(topic: string, payload: Buffer): void {
    const parsed = t.hubState.safeParse(unseal(this.#s.secret, topic, payload));
    if (!parsed.success || parsed.data.session === this.#self.session) return;
    const other = parsed.data;
    const { venue, secret } = this.#s;
    if (topic === t.topics.hub(venue)) {
      this.#retained = other;
      // The will of a process that is gone, or a hub that does not know of this one.
      if (this.#phase.phase === 'serving') {
        const mine = this.#state();
        const pair = isPair(mine, other) ? true : undefined;
        const why = pair
          ? `${other.by ?? '?'} has taken over as the hub`
          : `another hub of this venue is running (${other.hub})`;
        if (givesUp(mine, other)) this.#refuse(why, pair);
        else this.#publishState();
      }
    } else if (topic === t.topics.hubAsk(venue)) {
      if (this.#phase.phase !== 'serving') return;
      const here = t.topics.hubHere(venue);
      this.#wire.send(here, seal(secret, here, this.#state()));
    } else this.#others.push(other);
  }

  #key(gate: string): string {
    let key = this.#keys.get(gate);
    if (key === undefined) this.#keys.set(gate, (key = linkKey(this.#s.secret, gate)));
    return key;
  }

  async #onMessage(topic: string, payload: Buffer, packet: IPublishPacket): Promise<void> {
    const to = t.parseToHub(topic);
    if (topic === t.topics.follow(this.#s.venue)) return this.#onFollow(topic, payload);
    if (!to) return this.#onHubWord(topic, payload);
    const key = this.#key(to.gate);
    if (to.kind === 'noticed') return void this.#rpc.take(topic, payload, key);
    if (this.#phase.phase !== 'serving') return;
    const body = unseal(key, topic, payload);
    try {
      const answer = body === undefined ? undefined : await this.#serve(to.gate, to.kind, body);
      if (answer) this.#rpc.reply(t.topics.fromHub(this.#s.venue, to.gate, to.kind), key, answer, packet);
    } catch (error) {
      this.#p.log.warn(
        { gate: to.gate, kind: to.kind, error: describeError(error) },
        'a request could not be answered',
      );
    }
  }

  async #onFollow(topic: string, payload: Buffer): Promise<void> {
    const { venue, secret } = this.#s;
    const parsed = t.followRequest.safeParse(unseal(secret, topic, payload));
    const { phase } = this.#phase;
    if (!parsed.success || (phase !== 'serving' && phase !== 'handing-over')) return;
    try {
      this.#rpc.reply(t.topics.followed(venue), secret, await this.follow.answer(parsed.data));
    } catch (error) {
      this.#p.log.warn({ error: describeError(error) }, 'the standby could not be answered');
    }
  }

  async #serve(gate: string, kind: string, body: unknown): Promise<{ id: string } | undefined> {
    switch (kind) {
      case 'claim': {
        const request = t.claimRequest.parse(body);
        if (!request.id.startsWith(`${gate}.`)) return undefined;
        const answer = await this.claims.claim({ ...request, gate } as Claim);
        return { id: request.id, session: this.#self.session, answer } as { id: string };
      }
      case 'end': {
        const { id, claims } = t.endRequest.parse(body);
        await this.claims.end(
          gate,
          claims.filter((c) => c.id.startsWith(`${gate}.`)),
        );
        return { id };
      }
      case 'noted': {
        const { id, claims } = t.endRequest.parse(body);
        await this.claims.noted(claims);
        return { id };
      }
      case 'ping':
        return this.#ping(gate, t.pingRequest.parse(body));
      case 'rights':
        return this.#gates.takeRights(gate, t.rightsRequest.parse(body));
      case 'journal':
        return this.#journal(gate, t.journalRequest.parse(body));
      case 'usage': {
        const { id, after } = t.usageRequest.parse(body);
        const entries = await this.claims.usageAfter(after, USAGE_PAGE);
        return { id, entries, last: this.claims.lastUsage } as { id: string };
      }
      default:
        return undefined;
    }
  }

  async #ping(gate: string, ping: Parameters<HubGates['ping']>[1]): Promise<{ id: string }> {
    const cursor = await this.#gates.ping(gate, ping);
    this.#becomeSure();
    const { hub, session, epoch } = this.#self;
    const { commits, sure, lastUsage } = this.claims;
    const time = { at: this.#p.clock.now(), skew: this.#p.skew() };
    const answer = { id: ping.id, hub, session, epoch, commit: commits, sure, cursor, usage: lastUsage, ...time };
    return answer;
  }

  #becomeSure(): void {
    if (this.claims.sure || this.#phase.phase !== 'serving') return;
    const forgot = this.#self.takeover?.inOrder === false;
    const { sure, missing } = this.#gates.sure({ hub: this.#self.hub, commitAtStart: this.#commitAtStart, forgot });
    if (sure) this.trust('all gates have spoken');
    else this.#why = `the hub has forgotten something and waits for ${missing.join(', ') || 'its gates'}`;
  }

  /** A person says that the hub may count, although not all gates have spoken. */
  trust(who: string): void {
    this.claims.sure = true;
    this.#p.log.warn({ who }, 'the hub counts again');
  }

  async #journal(gate: string, request: ReturnType<typeof t.journalRequest.parse>): Promise<{ id: string }> {
    const { id, journal, after, scanned } = request;
    const cursor = this.claims.cursor(gate, journal);
    if (after <= cursor && scanned > cursor) {
      const checks = request.checks
        .map(({ check, outcome }): SettledCheck => ({
          check: check as unknown as CheckRecord,
          outcome: outcome as OutcomeRecord['outcome'] | undefined,
        }))
        .filter(({ check }) => check.seq > cursor && check.checkId.startsWith(`${gate}-`));
      // First what SecuTix gets, then the cursor: a crash in between sends the same check again, under the same ID.
      await this.#p.forward(gate, checks);
      await this.claims.take(gate, journal, checks, scanned);
    }
    const answer = { id, cursor: this.claims.cursor(gate, journal) };
    return answer;
  }

  /** Tells the gates that there is something new: a hundred gates need not hear of every single entry. */
  hint(): void {
    this.#hinting ??= this.#hintSoon();
  }

  async #hintSoon(): Promise<void> {
    await this.#p.clock.sleep(HINT_AFTER, this.#stop.signal);
    this.#hinting = undefined;
    this.#wire.send(t.topics.hint(this.#s.venue), JSON.stringify({ usage: this.claims.lastUsage }));
  }

  gates(): GateView[] {
    return this.#gates.views();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const topic = t.topics.hub(this.#s.venue);
    const serving = this.#phase.phase === 'serving';
    this.#phase = { phase: 'starting' };
    await this.#wire.close(serving ? { topic, payload: seal(this.#s.secret, topic, this.#state()) } : undefined);
    await this.claims.close();
  }
}
