import type { Clock, Random } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import { ClaimClient } from './claim-client.js';
import type { ClaimSettings } from './claim-client.js';
import type { LinkRules, LinkState } from './claim-link.js';
import { linkStep, NEVER_HEARD } from './claim-link.js';
import type { Answer, Claim } from './claim-types.js';
import { Rights } from './rights.js';
import { HubTime } from './hub-time.js';
import { Noted } from './noted.js';
import { answerNotice } from './notices.js';
import { Rpc } from './rpc.js';
import { unseal } from './seal.js';
import * as t from './topics.js';
import { elsewhereRecords, risksAfter } from './usage-intake.js';
import type { BrokerSettings } from './wire.js';
import { Wire } from './wire.js';

export interface VenueGateSettings {
  venue: string;
  broker: BrokerSettings;
  /** Made from the venue's secret by `linkKey`. */
  key: string;
  claims: ClaimSettings;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
  journal: Pick<Journal, 'append' | 'checksAfter' | 'lastSeq' | 'readAfter'>;
  store: VenueStore;
  /** Highest sequence whose end is known. */
  settledThrough: () => number;
  /** A lane of this gate holds the ticket, or has let somebody in on it. */
  holds: (barcode: string, slot: string) => boolean;
  list: () => { position: number; hash: string } | null;
  /** Other topics of this gate: commands. */
  onOther: (topic: string, payload: Buffer) => void;
  onUp: (wire: Wire) => void;
}

const RULES: LinkRules = { misses: 3, silence: 2_500, steady: 2_000 };
/** Milliseconds. */
const PING_EVERY = 700;
const PUSH_TIMEOUT = 5_000;
const PUSH_BATCH = 100;
const RETRY_AFTER = 1_000;
const RIGHTS_BATCH = 500;
const SWEEP_EVERY = 60_000;
/** Milliseconds between two notes of what was seen of the hub. */
const SEEN_EVERY = 30_000;

interface HubSeen {
  hub: string;
  session: string;
  epoch: number;
  commit: number;
  sure: boolean;
}

/** A gate's side of the venue: the link to the hub, its claims, its journal's way to the hub, what others did. */
export class VenueGate {
  readonly claims: ClaimClient;
  readonly #s: VenueGateSettings;
  readonly #p: Parts;
  readonly #wire: Wire;
  readonly #rpc: Rpc;
  readonly #stop = new AbortController();
  readonly #journalName: string;
  readonly #rights: Rights;
  readonly #noted: Noted;
  /** Process of the hub that has been told which rights are held. */
  #toldTo: string | undefined;
  #sweptAt = 0;
  /** Last sequence of the process before this one. */
  readonly #oldSeq: number;
  readonly #time = new HubTime();
  #link: LinkState = NEVER_HEARD;
  #hub: HubSeen | undefined;
  #seen: { hub: string; commit: number } | null;
  #seenAt = 0;
  #cursor: number;
  #usage: number;
  #usageAtHub = 0;
  #ends: { id: string; barcode: string }[] = [];
  #wake = new AbortController();
  #n = 0;
  #lastPushError: string | null = null;
  #lastPushAt: number | null = null;
  #loops: Promise<unknown> = Promise.resolve();
  #switches = 0;

  static async start(settings: VenueGateSettings, parts: Parts): Promise<VenueGate> {
    const { store, journal } = parts;
    const named = (name: string): unknown => store.get(venueKeys.named(name));
    const name = (named('journal') as string | undefined) ?? settings.claims.session;
    if (named('journal') === undefined) await store.commit([{ key: venueKeys.named('journal'), value: name }]);
    const cursor = Math.min((named('cursor') as number | undefined) ?? 0, journal.lastSeq);
    const rights = await Rights.open(store, settings.claims.session, parts.log);
    const noted = await Noted.open(store, parts.clock);
    const gate = new VenueGate(settings, parts, { name, cursor, rights, noted });
    gate.claims.restore(await risksAfter(journal, cursor));
    return gate;
  }

  private constructor(
    settings: VenueGateSettings,
    parts: Parts,
    { name, cursor, rights, noted }: { name: string; cursor: number; rights: Rights; noted: Noted },
  ) {
    this.#s = settings;
    this.#p = parts;
    this.#journalName = name;
    this.#rights = rights;
    this.#noted = noted;
    this.#cursor = cursor;
    this.#oldSeq = parts.journal.lastSeq;
    this.#usage = (parts.store.get(venueKeys.named('usage')) as number | undefined) ?? 0;
    this.#seen = (parts.store.get(venueKeys.named('seen')) as typeof this.seen | undefined) ?? null;
    const { venue, broker, claims, key } = settings;
    const { gate } = claims;
    const presence = (online: boolean): string =>
      JSON.stringify({ schema: 'presence/1', online, session: claims.session, at: parts.clock.now() });
    const from = ['claim', 'end', 'noted', 'ping', 'rights', 'journal', 'usage'].map((k) =>
      t.topics.fromHub(venue, gate, k),
    );
    const topic = t.topics.presence(venue, gate);
    this.#wire = new Wire(
      {
        broker,
        clientId: `${venue}-${gate}-${claims.session}`,
        subscriptions: [...from, t.topics.notice(venue, gate), t.topics.command(venue, gate), t.topics.hint(venue)],
        will: { topic, payload: presence(false) },
      },
      {
        log: parts.log,
        random: parts.random,
        onMessage: (at, payload) => this.#onMessage(at, payload, key),
        onUp: () => {
          this.#wire.send(topic, presence(true), { retain: true });
          parts.onUp(this.#wire);
          this.#wakeUp();
        },
        onDown: () => this.#setLink({ type: 'lost' }),
      },
    );
    this.#rpc = new Rpc(this.#wire, parts.clock);
    this.claims = new ClaimClient(claims, {
      clock: parts.clock,
      rights,
      joined: () => this.#link.state === 'joined',
      send: (claim) => this.#sendClaim(claim),
      end: (claim) => this.#end(claim),
      heard: (answered) => this.#setLink({ type: answered ? 'heard' : 'missed' }),
    });
    this.#loops = Promise.all([this.#pingLoop(), this.#pushLoop()]);
  }

  /** Said at once: whoever turned round may be at the next gate in a moment. And again until the hub has it. */
  #end(claim: { id: string; barcode: string }): void {
    this.#ends.push(claim);
    const body = { id: this.#nextId(), claims: [claim] };
    this.#rpc.send(this.#request('end', body), PUSH_TIMEOUT);
    this.#wakeUp();
  }

  get seen(): { hub: string; commit: number } | null {
    return this.#seen;
  }

  #setLink(input: Parameters<typeof linkStep>[1]): void {
    const before = this.#link.state;
    this.#link = linkStep(this.#link, input, this.#p.clock.monotonic(), RULES);
    if (this.#link.state === before) return;
    this.#switches++;
    if (this.#link.state === 'joined') this.#p.log.info({}, 'in touch with the hub: it counts the admissions');
    else this.#p.log.warn({ ...this.claims.risk }, 'cut off from the hub: the lanes go by their policy');
  }

  #request(kind: t.ToHub, body: { id: string }): Parameters<Rpc['send']>[0] {
    const { venue, key, claims } = this.#s;
    const { gate } = claims;
    return { topic: t.topics.toHub(venue, gate, kind), replyTo: t.topics.fromHub(venue, gate, kind), key, body };
  }

  #nextId(): string {
    return `${this.#s.claims.session}.${++this.#n}`;
  }

  #sendClaim(claim: Claim): void {
    const { id } = claim;
    const body: { id: string; gate?: string } = { ...claim };
    // The topic says it.
    delete body.gate;
    const end = this.#rpc.expect(id, (answer) => {
      const parsed = t.claimAnswer.safeParse(answer);
      // A hub that is gone since may have granted what the one of now does not know of.
      if (!parsed.success || parsed.data.session !== this.#hub?.session) return;
      end();
      this.claims.take(id, parsed.data.answer as Answer);
    });
    this.#rpc.send(this.#request('claim', body), this.#s.claims.deadline);
    void this.#p.clock.sleep(this.#s.claims.deadline * 2, this.#stop.signal).then(end);
  }

  #onMessage(topic: string, payload: Buffer, key: string): void {
    const { venue, claims } = this.#s;
    if (topic === t.topics.notice(venue, claims.gate)) void this.#onNotice(topic, payload);
    else if (topic === t.topics.hint(venue)) this.#wakeUp();
    else if (topic.includes('/from-hub/')) this.#rpc.take(topic, payload, key);
    else this.#p.onOther(topic, payload);
  }

  async #onNotice(topic: string, payload: Buffer): Promise<void> {
    const parsed = t.noticeRequest.safeParse(unseal(this.#s.key, topic, payload));
    if (!parsed.success) return;
    const answer = await answerNotice(parsed.data, {
      ...this.#p,
      rights: this.#rights,
      end: (right) => this.#ends.push(right),
      noted: (claim, barcode) => this.#noted.add(claim, barcode),
    });
    const { venue, claims, key } = this.#s;
    if (answer) this.#rpc.reply(t.topics.noticed(venue, claims.gate), key, answer);
  }

  #wakeUp(): void {
    this.#wake.abort();
  }

  /** New checks may be reported. */
  announce(): void {
    this.#wakeUp();
  }

  async #pingLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const started = this.#p.clock.monotonic();
      await this.#ping();
      this.#setLink({ type: 'tick' });
      await this.#p.clock.sleep(PING_EVERY - (this.#p.clock.monotonic() - started), this.#stop.signal);
    }
  }

  async #ping(): Promise<void> {
    const body = {
      id: this.#nextId(),
      session: this.#s.claims.session,
      journal: this.#journalName,
      lastSeq: this.#p.journal.lastSeq,
      oldSeq: this.#oldSeq,
      seen: this.#seen,
      homes: [...this.#s.claims.homes],
      risk: this.claims.risk,
      list: this.#p.list(),
      clock: this.#time.off,
    };
    const [sent, began] = [this.#p.clock.now(), this.#p.clock.monotonic()];
    try {
      const pong = await this.#rpc.call(this.#request('ping', body), t.pingAnswer, PING_EVERY);
      this.#time.take(pong, sent, this.#p.clock.now(), this.#p.clock.monotonic() - began);
      const { hub, session, epoch, commit, sure } = pong;
      const another = this.#hub?.session !== session;
      this.#hub = { hub, session, epoch, commit, sure };
      if (another) {
        // What it has not, it gets again: also what an earlier hub had acknowledged.
        if (pong.cursor < this.#cursor) this.#cursor = pong.cursor;
        this.claims.askAgain();
      }
      this.#usageAtHub = pong.usage;
      if (this.#usage > pong.usage) this.#usage = 0;
      this.#setLink({ type: 'heard' });
      await this.#noteSeen({ hub, commit });
      if (this.#usage < pong.usage || pong.cursor < this.#p.settledThrough()) this.#wakeUp();
    } catch {
      // Silence: `tick` draws the conclusion.
    }
  }

  async #noteSeen(seen: { hub: string; commit: number }): Promise<void> {
    const now = this.#p.clock.monotonic();
    const write = this.#seen?.hub !== seen.hub || now - this.#seenAt > SEEN_EVERY;
    this.#seen = seen;
    if (!write) return;
    this.#seenAt = now;
    await this.#p.store.commit([{ key: venueKeys.named('seen'), value: seen }]);
  }

  async #pushLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      try {
        if (this.#wire.up && this.#hub) {
          await this.#tellRights(this.#hub.session);
          await this.#sendEnds();
          await this.#pushChecks();
          await this.#takeUsage();
          await this.#askNoted();
        }
        this.#lastPushError = null;
        await this.#p.clock.sleep(RETRY_AFTER, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
      } catch (error) {
        this.#lastPushError = describeError(error);
        await this.#p.clock.sleep(RETRY_AFTER, this.#stop.signal);
      }
    }
  }

  /** First of all: a hub that may have forgotten them must not count them for others. Then those that are too old go back. */
  async #tellRights(session: string): Promise<void> {
    const now = this.#p.clock.monotonic();
    if (this.#toldTo === session) {
      if (now - this.#sweptAt < SWEEP_EVERY) return;
      this.#sweptAt = now;
      for (const { id, barcode } of await this.#rights.expire(this.#p.clock.now())) this.#ends.push({ id, barcode });
      return;
    }
    const all = this.#rights.told;
    for (let i = 0; i === 0 || i < all.length; i += RIGHTS_BATCH) {
      const held = all.slice(i, i + RIGHTS_BATCH);
      const end = i + RIGHTS_BATCH >= all.length;
      const body = { id: this.#nextId(), session: this.#s.claims.session, end, held };
      const { gone } = await this.#rpc.call(this.#request('rights', body), t.rightsAnswer, PUSH_TIMEOUT);
      await this.#rights.gone(gone);
    }
    this.#toldTo = session;
  }

  async #sendEnds(): Promise<void> {
    while (this.#ends.length > 0) {
      const claims = this.#ends.slice(0, 200);
      await this.#rpc.call(
        this.#request('end', { id: this.#nextId(), claims } as { id: string }),
        t.done,
        PUSH_TIMEOUT,
      );
      this.#ends = this.#ends.slice(claims.length);
    }
  }

  async #askNoted(): Promise<void> {
    const claims = this.#noted.due();
    if (claims.length === 0) return;
    const body = { id: this.#nextId(), claims };
    await this.#rpc.call(this.#request('noted', body), t.done, PUSH_TIMEOUT);
  }

  async #pushChecks(): Promise<void> {
    const { journal, store, settledThrough, clock } = this.#p;
    while (this.#cursor < settledThrough() && !this.#stop.signal.aborted) {
      const after = this.#cursor;
      const { checks, scanned } = await journal.checksAfter(after, PUSH_BATCH, settledThrough());
      if (scanned <= after) break;
      const body = {
        id: this.#nextId(),
        session: this.#s.claims.session,
        journal: this.#journalName,
        after,
        scanned,
        checks,
      };
      const { cursor } = await this.#rpc.call(this.#request('journal', body), t.journalAnswer, PUSH_TIMEOUT);
      this.#cursor = cursor;
      this.#lastPushAt = clock.now();
      await store.commit([{ key: venueKeys.named('cursor'), value: cursor }]);
    }
    if (this.#cursor >= journal.lastSeq && this.claims.waiting === 0 && this.#link.state === 'joined')
      this.claims.inStep();
  }

  async #takeUsage(): Promise<void> {
    const { journal, store, clock } = this.#p;
    while (this.#usage < this.#usageAtHub && !this.#stop.signal.aborted) {
      const request = this.#request('usage', { id: this.#nextId(), after: this.#usage } as { id: string });
      const { entries, last } = await this.#rpc.call(request, t.usageAnswer, PUSH_TIMEOUT);
      this.#usageAtHub = last;
      const through = entries.at(-1)?.n ?? last;
      // From the hub's first word on again, when it has forgotten what it said.
      const known = this.#usage === 0 ? 0 : ((store.get(venueKeys.named('own')) as number | undefined) ?? 0);
      const taken = elsewhereRecords(entries, this.#s.claims.gate, known, clock);
      await Promise.all(taken.records.map((r) => journal.append(r)));
      this.#usage = through;
      await store.commit([
        { key: venueKeys.named('usage'), value: through },
        { key: venueKeys.named('own'), value: taken.through },
        ...this.#noted.settledBy(entries),
      ]);
    }
  }

  report() {
    return {
      link: this.#link.state,
      connected: this.#wire.up,
      error: this.#wire.lastError,
      hub: this.#hub ?? null,
      cursor: this.#cursor,
      /** Everything this gate has done is known at the hub. */
      inStep: this.#link.state === 'joined' && this.#cursor >= this.#p.journal.lastSeq,
      usage: { known: this.#usage, atHub: this.#usageAtHub },
      risk: this.claims.risk,
      /** Entries held in advance. */
      rights: this.#rights.size,
      claims: { ...this.claims.counters, longest: this.claims.longest },
      switches: this.#switches,
      /** This clock minus SecuTix's, milliseconds; null = the hub has not said it. */
      skew: this.#time.skew,
      push: { lastError: this.#lastPushError, lastAt: this.#lastPushAt },
    };
  }

  /** Tries to deliver what is left, for `patience` milliseconds at most. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp();
    await this.#loops;
    const topic = t.topics.presence(this.#s.venue, this.#s.claims.gate);
    const payload = { schema: 'presence/1', online: false, session: this.#s.claims.session, at: this.#p.clock.now() };
    await this.#wire.close({ topic, payload: JSON.stringify(payload) });
  }
}
