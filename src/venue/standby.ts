import type { Clock, Random } from '../clock.js';
import { describeError, PortillonError } from '../errors.js';
import type { Log } from '../log.js';
import type { Put, VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { FollowedProgramme, TakeOver } from './followed.js';
import { forgetCounted, putsOf } from './followed.js';
import { Patience } from './patience.js';
import { Rpc } from './rpc.js';
import * as t from './topics.js';
import type { BrokerSettings } from './wire.js';
import { Wire } from './wire.js';

interface Settings {
  venue: string;
  gate: string;
  session: string;
  broker: BrokerSettings;
  secret: string;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
  store: VenueStore;
  /** This one is the hub from now on: it is started anew in that part. */
  becomeHub: () => void;
  /** The list as it is followed, and a word that there may be more. */
  list: () => { position: number; upToDate: number } | undefined;
  wakeList: () => void;
}

/** Milliseconds. */
const LOOK_EVERY = 300;
const ANSWER_WITHIN = 5_000;
const FIRST_WITHIN = 1_000;
const SILENT_AFTER = 3_000;
const TAKE_OVER_WITHIN = 12_000;
const FORGET_EVERY = 3_600_000;

type Answer = ReturnType<typeof t.followAnswer.parse>;

/**
 * Stands by for the hub: follows what it counts, how far it has the gates' journals, and the checks SecuTix has not got yet. On a
 * person's word it takes over: in order, the hub stops first and everything is here to the last commit; when the hub is silent,
 * it counts only after every gate has spoken and delivered its journal, as a hub that has forgotten something does.
 *
 * Invariant: a cursor of a gate's journal is written together with, or after, the checks it covers.
 */
export class Standby {
  readonly #s: Settings;
  readonly #p: Parts;
  readonly #wire: Wire;
  readonly #rpc: Rpc;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #n = 0;
  #snapshot: { of: string; from: number; after: string } | undefined;
  #heardAt = -Infinity;
  #last: Answer | undefined;
  #taking = false;
  #error: string | null = null;
  #forgotAt = -Infinity;
  readonly #patience = new Patience(FIRST_WITHIN, ANSWER_WITHIN);

  constructor(settings: Settings, parts: Parts) {
    this.#s = settings;
    this.#p = parts;
    const { venue, broker, session } = settings;
    this.#wire = new Wire(
      { broker, clientId: `${venue}-standby-${session}`, subscriptions: [t.topics.followed(venue)] },
      {
        ...parts,
        onMessage: (topic, payload) => this.#rpc.take(topic, payload, settings.secret),
        onUp: () => {},
        onDown: () => {},
      },
    );
    this.#rpc = new Rpc(this.#wire, parts.clock);
    this.#running = this.#run();
  }

  #named<T>(name: string, otherwise: T): T {
    return (this.#p.store.get(venueKeys.named(name)) as T | undefined) ?? otherwise;
  }

  get hubIsSilent(): boolean {
    return this.#p.clock.monotonic() - this.#heardAt > SILENT_AFTER;
  }

  report() {
    const commit = this.#named('commits', 0);
    return {
      connected: this.#wire.up,
      error: this.#wire.lastError,
      hub: this.hubIsSilent ? null : (this.#last?.hub ?? null),
      epoch: this.#named('epoch', 0),
      commit,
      caughtUp: !this.hubIsSilent && this.#last?.what === 'commits' && this.#last.commit === commit,
      lastError: this.#error,
    };
  }

  async #run(): Promise<void> {
    const { clock } = this.#p;
    while (!this.#stop.signal.aborted) {
      try {
        const more = this.#wire.up && !this.#taking && (await this.#step({ release: false, done: false }));
        this.#error = null;
        if (this.#last?.takeOver === true && this.report().caughtUp && !this.#taking)
          await this.takeOver(`${this.#last.by ?? '?'} (hand-back)`);
        await this.#forget();
        if (!more) await clock.sleep(LOOK_EVERY, this.#stop.signal);
      } catch (error) {
        this.#error = describeError(error);
        this.#patience.missed();
        await clock.sleep(LOOK_EVERY, this.#stop.signal);
      }
    }
  }

  async #forget(): Promise<void> {
    const { clock, store } = this.#p;
    if (clock.monotonic() - this.#forgotAt < FORGET_EVERY) return;
    this.#forgotAt = clock.monotonic();
    await forgetCounted(store, clock.now());
  }

  /** One question to the hub, its answer written down. True = there is more. */
  async #step(say: { release: boolean; done: boolean; who?: string }): Promise<boolean> {
    const { venue, gate, session, secret } = this.#s;
    const snapshot = this.#snapshot;
    const body = {
      id: `${session}.f${++this.#n}`,
      gate,
      session: this.#named('followed', ''),
      commit: this.#named('commits', 0),
      journal: this.#named('followedTo', 0),
      refused: this.#named('followedRefused', 0),
      programme: this.#named<FollowedProgramme | undefined>('followedProgramme', undefined)?.mark ?? '',
      ...(snapshot && { snapshotOf: snapshot.of, from: snapshot.from, after: snapshot.after }),
      ...say,
    };
    const request = { topic: t.topics.follow(venue), replyTo: t.topics.followed(venue), key: secret, body };
    const answer = await this.#rpc.call(request, t.followAnswer, this.#patience.within);
    this.#patience.answered();
    this.#heardAt = this.#p.clock.monotonic();
    await this.#take(answer, body.session);
    this.#last = answer;
    return this.#snapshot !== undefined || answer.scanned < answer.last || answer.through < answer.commit;
  }

  async #take(answer: Answer, followed: string): Promise<void> {
    const { store } = this.#p;
    const old = await store.keys({ gt: venueKeys.followed(0), lt: venueKeys.followed(answer.pushed + 1) });
    const gone = old.map((key): Put => ({ key, value: undefined }));
    const named = (name: string, value: unknown): Put => ({ key: venueKeys.named(name), value });
    if (answer.what === 'commits') {
      const puts: Put[] = [...gone, ...putsOf(answer, this.#p.clock.now()), named('followedTo', answer.scanned)];
      // A cursor must not be here before the checks it covers.
      if (answer.scanned >= answer.last)
        puts.push(
          ...answer.puts.map(({ key, value }): Put => ({ key, value })),
          named('commits', answer.through),
          named('epoch', answer.epoch),
          named('roster', answer.roster),
        );
      else answer.through = -1;
      await store.commit(puts);
      return;
    }
    if (answer.begins) {
      // Another process of the hub, whose memory may be another one than what is here.
      await store.commit([named('followed', ''), named('commits', 0), named('followedRefused', 0)]);
      const stale = [...(await store.keys(venueKeys.followedChecks)), ...(await store.keys(venueKeys.refusals))];
      await store.commit(stale.map((key) => ({ key, value: undefined })));
      for (;;) {
        const rows = await store.page('', 1_000);
        if (rows.length === 0) break;
        await store.commit(rows.map(({ key }) => ({ key, value: undefined })));
      }
      this.#snapshot = { of: answer.session, from: answer.through, after: '' };
    }
    const snapshot = this.#snapshot;
    if (snapshot?.of !== answer.session || followed === answer.session) return;
    await store.commit(answer.puts.map(({ key, value }) => ({ key, value })));
    this.#snapshot = { ...snapshot, after: answer.after ?? '' };
    if (answer.end !== true) return;
    this.#snapshot = undefined;
    await store.commit([
      named('hub', answer.hub),
      named('epoch', answer.epoch),
      named('roster', answer.roster),
      named('commits', snapshot.from),
      named('followed', answer.session),
      named('followedFrom', answer.box),
      named('followedTo', answer.base ?? answer.pushed),
    ]);
  }

  /** Resolves when it is written down that this one is the hub; it is then started anew. Throws when it cannot. */
  async takeOver(who: string): Promise<{ inOrder: boolean }> {
    const { clock, store, log } = this.#p;
    if (this.#taking) throw new PortillonError('VENUE_TAKEOVER', 'it is being taken over already');
    if (this.#named('followed', '') === '')
      throw new PortillonError(
        'VENUE_TAKEOVER',
        'this standby has never been in step with a hub: it would know nothing',
      );
    this.#taking = true;
    try {
      const inOrder = !this.hubIsSilent && (await this.#release(clock.monotonic() + TAKE_OVER_WITHIN, who));
      const from = this.#named<string | undefined>('followedFrom', undefined);
      const value: TakeOver = { inOrder, who, at: clock.now(), ...(from !== undefined && { from }) };
      await store.commit([
        { key: venueKeys.named('part'), value: 'hub' },
        { key: venueKeys.named('takeover'), value },
      ]);
      log.warn({ who, inOrder }, 'this one is the hub of the venue from now on');
      this.#p.becomeHub();
      return { inOrder };
    } finally {
      this.#taking = false;
    }
  }

  /** The hub stops, and everything it has written is here. False = it fell silent on the way. */
  async #release(until: number, who: string): Promise<boolean> {
    const { clock } = this.#p;
    let asked: number | undefined;
    // A list that cannot be followed now is one that is read on from an earlier cursor: no reason to go without order.
    const listUntil = until - TAKE_OVER_WITHIN / 2;
    while (clock.monotonic() < until) {
      try {
        const more = await this.#step({ release: true, done: false });
        if (more || this.#last?.released !== true || this.#last.commit !== this.#named('commits', -1)) continue;
        // The hub pulls no more: what it says from here on is its last page.
        asked ??= this.#p.list()?.upToDate ?? 0;
        if (clock.monotonic() < listUntil && !(await this.#listIsHere(asked + 2))) continue;
        // Everything is here; a hub that is gone before it has heard this finds out when it comes back.
        await this.#step({ release: false, done: true, who }).catch(() => {});
        return true;
      } catch {
        if (this.hubIsSilent) return false;
      }
    }
    return false;
  }

  /** The first word may have been on its way before the hub stopped. */
  async #listIsHere(upToDate: number): Promise<boolean> {
    if ((this.#p.list()?.upToDate ?? 0) >= upToDate) return true;
    this.#p.wakeList();
    await this.#p.clock.sleep(100, this.#stop.signal);
    return (this.#p.list()?.upToDate ?? 0) >= upToDate;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#wire.close();
  }
}
