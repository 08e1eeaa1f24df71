import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import type { Clock, Random } from '../clock.js';
import { describeError, PortillonError } from '../errors.js';
import type { Log } from '../log.js';
import type { Line } from '../store/list-log.js';
import type { FollowedList, PageFacts } from '../store/list-mirror.js';
import type { CopiedScopes } from '../store/list-source.js';
import { Patience } from './patience.js';
import { Rpc } from './rpc.js';
import * as t from './topics.js';
import type { BrokerSettings } from './wire.js';
import { Wire } from './wire.js';

interface Settings {
  venue: string;
  gate: string;
  broker: BrokerSettings;
  key: string;
  session: string;
  /** It is the hub's standby: it gets everything a list is read on with. The key is the venue's secret then. */
  standby?: true;
}

export interface ListState {
  position: number;
  hash: string;
  items: number;
  pages: number;
  /** UTC milliseconds; null = never yet. */
  completeAt: number | null;
  fetching: boolean;
  lastError: string | null;
  /** Times the hub has said that there is nothing newer, since the start of this thread. */
  upToDate: number;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
  onState: (state: ListState) => void;
}

/** Milliseconds. */
const LOOK_EVERY = 5_000;
const RETRY_AFTER = 1_000;
const ANSWER_WITHIN = 10_000;
const FIRST_WITHIN = 1_500;
/** A chunk of 5,000 tickets unpacked is a tenth of this; more is no list. */
const MAX_UNPACKED = 64 * 1024 * 1024;

type ListAnswer = ReturnType<typeof t.listAnswer.parse>;

/** Follows the hub's list: page after page, or by a snapshot that goes on where it was cut. */
export class ListClient {
  readonly #s: Settings;
  readonly #p: Parts;
  readonly #mirror: FollowedList;
  readonly #topics: { ask: string; answer: string };
  readonly #wire: Wire;
  readonly #rpc: Rpc;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #wake = new AbortController();
  #n = 0;
  #fetching = false;
  #upToDate = 0;
  readonly #patience = new Patience(FIRST_WITHIN, ANSWER_WITHIN);
  #lastError: string | null = null;

  constructor(settings: Settings, mirror: FollowedList, parts: Parts) {
    this.#s = settings;
    this.#p = parts;
    this.#mirror = mirror;
    const { venue, gate, session } = settings;
    this.#topics = settings.standby
      ? { ask: t.topics.followList(venue), answer: t.topics.followedList(venue) }
      : { ask: t.topics.toHub(venue, gate, 'list'), answer: t.topics.fromHub(venue, gate, 'list') };
    this.#wire = new Wire(
      {
        broker: settings.broker,
        clientId: `${venue}-${gate}-list-${session}`,
        subscriptions: [this.#topics.answer, t.topics.hint(venue)],
      },
      {
        ...parts,
        onMessage: (topic, payload) => {
          if (topic === t.topics.hint(venue)) this.#wake.abort();
          else this.#rpc.take(topic, payload, settings.key);
        },
        onUp: () => this.#wake.abort(),
        onDown: () => {},
      },
    );
    this.#rpc = new Rpc(this.#wire, parts.clock);
    this.#running = this.#run();
  }

  wake(): void {
    this.#wake.abort();
  }

  #report(): void {
    const { position, hash, scope } = this.#mirror;
    const { items, pages, completeAt } = scope;
    const [fetching, lastError, upToDate] = [this.#fetching, this.#lastError, this.#upToDate];
    this.#p.onState({ position, hash, items, pages, completeAt, fetching, lastError, upToDate });
  }

  async #run(): Promise<void> {
    this.#report();
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      try {
        if (this.#wire.up) await this.#catchUp();
        this.#lastError = null;
        this.#report();
        await this.#p.clock.sleep(LOOK_EVERY, AbortSignal.any([this.#wake.signal, this.#stop.signal]));
      } catch (error) {
        this.#lastError = describeError(error);
        this.#fetching = false;
        this.#patience.missed();
        this.#report();
        await this.#p.clock.sleep(RETRY_AFTER, this.#stop.signal);
      }
    }
  }

  #ask(position: number, snapshot: { position: number; after: string } | undefined): Promise<ListAnswer> {
    const { key, session } = this.#s;
    const body = { id: `${session}.${++this.#n}`, position, ...(snapshot && { snapshot }) };
    const request = {
      topic: this.#topics.ask,
      replyTo: this.#topics.answer,
      key,
      body,
    };
    return this.#rpc.call(request, t.listAnswer, this.#patience.within, this.#stop.signal);
  }

  /** The next piece is asked for while the one before is written. */
  async #catchUp(): Promise<void> {
    const mirror = this.#mirror;
    const begin = mirror.startingOver ? { position: 0, after: '' } : mirror.snapshot;
    let next = this.#ask(mirror.position, begin);
    for (;;) {
      const answer = await next;
      this.#patience.answered();
      if (this.#stop.signal.aborted) return;
      if (await mirror.followDropFirst(answer.dropFirst ?? 0)) return this.#wake.abort();
      if (answer.what === 'none') return this.#confirm(answer);
      const lines = unpack(answer);
      this.#fetching = true;
      const { position } = answer;
      const rest =
        answer.what === 'snapshot' && answer.end !== true ? { position, after: answer.through ?? '' } : undefined;
      next = this.#ask(rest ? mirror.position : position, rest);
      // The next answer may fail before this one is written: it is looked at when its turn comes.
      next.catch(() => {});
      const { scope, touched, scopes } = answer;
      const facts = { ...(scope && { scope }), ...(touched && { touched }) } as PageFacts;
      if (answer.what === 'page') await mirror.applyPage(lines, position, facts);
      else {
        const from = { position, after: answer.after ?? '' };
        await mirror.applySnapshot(lines, from, rest, this.#p.clock.now(), scopes as CopiedScopes | undefined);
      }
      this.#report();
    }
  }

  async #confirm(answer: ListAnswer): Promise<void> {
    this.#fetching = false;
    const { hash } = answer;
    if (answer.what !== 'none') return;
    const sum = hash === undefined ? undefined : await this.#mirror.sum();
    if (sum !== undefined && hash !== sum) {
      this.#p.log.error({}, 'the list is not the one of the hub: it is fetched anew');
      await this.#mirror.startOver(this.#p.clock.now());
      this.#wake.abort();
      return;
    }
    await this.#mirror.confirm(answer.completeAt);
    this.#upToDate++;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
    await this.#wire.close();
    await this.#mirror.close();
  }
}

/** Throws `LIST_PIECE` when a piece is not what was sent. */
function unpack(answer: ListAnswer): Line[] {
  const data = Buffer.from(answer.data ?? '', 'base64');
  if (createHash('sha256').update(data).digest('hex') !== answer.sum)
    throw new PortillonError('LIST_PIECE', 'a piece of the list arrived damaged');
  const text = inflateSync(data, { maxOutputLength: MAX_UNPACKED }).toString('utf8');
  if (text === '') return [];
  return text.split('\n').map((line): Line => {
    const tab = line.indexOf('\t');
    return [line.slice(0, tab), line.slice(tab + 1)];
  });
}
