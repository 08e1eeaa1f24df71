import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { Clock, Random } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Line } from '../store/list-log.js';
import { GONE, isBlack } from '../store/list-log.js';
import type { ListSource, SourceState } from '../store/list-source.js';
import { Rpc } from './rpc.js';
import { linkKey, unseal } from './seal.js';
import * as t from './topics.js';
import type { BrokerSettings } from './wire.js';
import { Wire } from './wire.js';

interface Settings {
  venue: string;
  broker: BrokerSettings;
  /** The venue's secret. */
  secret: string;
  session: string;
}

/** Tickets in one chunk of a snapshot. */
const CHUNK = 5_000;
/** Milliseconds between two looks for a new page. */
const LOOK_EVERY = 300;

/** Hands the hub's list to gates: what they miss, page by page, or everything to those too far behind. */
export class ListServer {
  readonly #s: Settings;
  readonly #source: ListSource;
  readonly #wire: Wire;
  readonly #rpc: Rpc;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  readonly #inHand = new Set<Promise<void>>();

  constructor(settings: Settings, source: ListSource, parts: { clock: Clock; random: Random; log: Log }) {
    this.#s = settings;
    this.#source = source;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#wire = new Wire(
      {
        broker: settings.broker,
        clientId: `${settings.venue}-hub-list-${settings.session}`,
        subscriptions: [t.topics.toHub(settings.venue, '+', 'list'), t.topics.followList(settings.venue)],
      },
      {
        ...parts,
        onMessage: (topic, payload, packet) => {
          const answered = this.#onRequest(topic, payload, packet);
          this.#inHand.add(answered);
          void answered.finally(() => this.#inHand.delete(answered));
        },
        onUp: () => {},
        onDown: () => {},
      },
    );
    this.#rpc = new Rpc(this.#wire, parts.clock);
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    let last = -1;
    while (!this.#stop.signal.aborted) {
      try {
        const { position } = await this.#source.state();
        if (position !== last && this.#wire.send(t.topics.hint(this.#s.venue), JSON.stringify({ list: position })))
          last = position;
      } catch (error) {
        this.#log.debug({ error: describeError(error) }, 'the list is being reopened');
      }
      await this.#clock.sleep(LOOK_EVERY, this.#stop.signal);
    }
  }

  async #onRequest(topic: string, payload: Buffer, packet: Parameters<Rpc['reply']>[3]): Promise<void> {
    const { venue, secret } = this.#s;
    const whole = topic === t.topics.followList(venue);
    const gate = whole ? 'standby' : t.parseToHub(topic)?.gate;
    if (gate === undefined) return;
    const key = whole ? secret : linkKey(secret, gate);
    const parsed = t.listRequest.safeParse(unseal(key, topic, payload));
    if (!parsed.success) return;
    try {
      const answer = await this.#answer(parsed.data, whole);
      this.#rpc.reply(
        whole ? t.topics.followedList(venue) : t.topics.fromHub(venue, gate, 'list'),
        key,
        answer,
        packet,
      );
    } catch (error) {
      this.#log.warn({ gate, error: describeError(error) }, 'the list could not be handed out');
    }
  }

  /** `whole`: to a standby, which reads the list on where this one stops. */
  async #answer({ id, position, snapshot }: ReturnType<typeof t.listRequest.parse>, whole: boolean) {
    const state = await this.#source.state();
    const { completeAt, dropFirst } = state;
    const base = { id, last: state.position, completeAt, dropFirst };
    // A hub that is still fetching its first list must not hand out a part of it to a gate that has a whole one.
    if (completeAt === null && position > 0) throw new Error('the list is still being fetched');
    // A gate whose list is another one begins anew, whatever its position.
    if (snapshot?.after === '') return this.#chunk(base, { position: state.position, after: '' }, whole);
    if (snapshot && snapshot.position <= state.position && (await this.#covers(snapshot.position, state)))
      return this.#chunk(base, snapshot, whole);
    if (position === state.position) {
      const sum = await this.#source.hash();
      return { ...base, what: 'none', position, ...(sum?.position === position && { hash: sum.hash }) };
    }
    if (position < state.position) {
      const page = await this.#source.page(position + 1);
      const at = { ...base, what: 'page', position: position + 1 };
      if (page && !whole) return { ...at, ...packed(page.lines) };
      // A page of a release that did not keep its scope tells no cursor.
      if (page && (page.scope || page.lines.every((line) => isBlack(line) || line[1] === GONE)))
        return {
          ...at,
          ...packed(page.lines),
          ...(page.scope && { scope: page.scope }),
          ...(page.touched && { touched: page.touched }),
        };
    }
    return this.#chunk(base, { position: state.position, after: '' }, whole);
  }

  /** The pages behind a snapshot's beginning are still kept: they will be fetched when it is through. */
  async #covers(position: number, state: SourceState): Promise<boolean> {
    return position === state.position || (await this.#source.page(position + 1)) !== undefined;
  }

  /**
   * Read without a frozen view: a ticket may be newer than the snapshot's position. The pages after it are applied in their
   * order afterwards and end at the same list, for the last line of a ticket wins.
   */
  async #chunk(base: { id: string }, { position, after }: { position: number; after: string }, whole: boolean) {
    const scopes = whole && after === '' ? await this.#source.scopes() : undefined;
    const lines = await this.#source.tickets(after, CHUNK, whole);
    const end = lines.length < CHUNK;
    const through = lines.at(-1)?.[0] ?? after;
    // The black list comes whole with the last piece, so that it is in force with it.
    const black = end ? await this.#source.black() : [];
    const piece = { position, after, through, end, ...packed([...lines, ...black]), ...(scopes && { scopes }) };
    return { ...base, what: 'snapshot', ...piece };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    await this.#wire.close();
    // The files must not go while they are read.
    await Promise.all(this.#inHand);
  }
}

function packed(lines: readonly Line[]): { data: string; sum: string } {
  const data = deflateSync(Buffer.from(lines.map(([barcode, text]) => `${barcode}\t${text}`).join('\n')), { level: 1 });
  return { data: data.toString('base64'), sum: createHash('sha256').update(data).digest('hex') };
}
