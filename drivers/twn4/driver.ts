import type {
  DeviceStatus,
  DriverContext,
  Feedback,
  Pattern,
  Reader,
  ReaderEvents,
  SelfTestStep,
} from '../contract.js';
import { formatCardId, isRandomUid, readings } from '../framing/card-id.js';
import { ReaderCore } from '../kit/reader-core.js';
import type { Tag } from './codec.js';
import { errorWords, ISO14443A, LED, parseTag, request, typeName } from './codec.js';
import type { CallResult } from './link.js';
import { Twn4Link } from './link.js';
import type { Twn4Options } from './options.js';
import { CardPresence, keyOf } from './presence.js';

/** A reader that does not answer is asked again after this, milliseconds. */
const LOOK_AGAIN = 500;
/** The technician has so long to present a card, milliseconds. */
const CARD_TIME = 10_000;
const VOLUME = 100;
const ALL_LEDS = LED.red | LED.green;

/** One short high tone for good, two for good with attention, one long low tone for bad. */
const FEEDBACK: Readonly<Record<Pattern, readonly string[]>> = {
  ready: [request.ledOff(ALL_LEDS)],
  admit: [request.ledOff(LED.red), request.ledOn(LED.green), request.beep(VOLUME, 2400, 150, 0)],
  attend: [
    request.ledOff(LED.red),
    request.ledOn(LED.green),
    request.beep(VOLUME, 2400, 150, 200),
    request.beep(VOLUME, 2400, 150, 0),
  ],
  refuse: [request.ledOff(LED.green), request.ledOn(LED.red), request.beep(VOLUME, 400, 700, 0)],
  wait: [request.ledOff(ALL_LEDS)],
  fault: [request.ledOff(LED.green), request.ledOn(LED.red)],
  closed: [request.ledOff(LED.green), request.ledOn(LED.red)],
  free: [request.ledOff(LED.red), request.ledOn(LED.green)],
};

export function create(options: Twn4Options, context: DriverContext): Reader {
  return new Twn4Reader(options, context);
}

class Twn4Reader implements Reader {
  readonly feedback: Feedback;
  readonly #options: Twn4Options;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #link: Twn4Link;
  readonly #presence: CardPresence;
  /** undefined: not asked yet; null: no answer. */
  #version: string | null | undefined;
  #fault: string | undefined;
  /** Newest wins: what is left of the last signal. */
  #signal: readonly string[] = [];
  /** Work for the technician, done between two polls: never are two requests under way. */
  #jobs: (() => Promise<void>)[] = [];
  #onTag: ((tag: Tag) => void) | undefined;
  #wake = new AbortController();
  #running: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();
  #firstTry: () => void = () => {};
  #tried: Promise<void> = Promise.resolve();

  constructor(options: Twn4Options, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    this.#link = new Twn4Link(options, context, (bytes, why) => this.#core.noise(bytes, why));
    this.#presence = new CardPresence(options.absentCount);
    this.feedback = {
      capabilities: { lamp: true, sound: true, text: false },
      show: ({ pattern }) => {
        // A reader that is away shows nothing later: the visitor has gone.
        if (this.#link.port.state !== 'ready') return;
        this.#signal = FEEDBACK[pattern];
        this.#wake.abort();
      },
    };
    this.#link.port.on('up', () => this.#onUp());
    this.#link.port.on('down', () => this.#onDown());
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onUp(): void {
    this.#tried = new Promise((resolve) => {
      this.#firstTry = resolve;
    });
    const running = new AbortController();
    this.#running = running;
    // The loop of the port before has ended, or ends with the call it is in.
    this.#loop = this.#loop.then(() => this.#run(running.signal));
  }

  #onDown(): void {
    this.#running?.abort();
    this.#wake.abort();
    this.#signal = [];
    this.#version = undefined;
    this.#fault = undefined;
    this.#presence.reset();
    this.#firstTry();
    this.#emitStatus();
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let pause = this.#options.poll;
      if (!this.#link.inStep && !(await this.#getInStep(stop))) pause = LOOK_AGAIN;
      if (stop.aborted) break;
      // Also without a reader that answers: the technician is to be told so.
      for (const job of this.#jobs.splice(0)) await job();
      while (this.#link.inStep && this.#signal.length > 0 && !stop.aborted) {
        const [first, ...rest] = this.#signal;
        this.#signal = rest;
        this.#judge(await this.#link.call(first!));
      }
      if (this.#link.inStep && !stop.aborted) await this.#poll(stop);
      if (this.#signal.length > 0 && this.#link.inStep) continue;
      this.#wake = new AbortController();
      if (!stop.aborted)
        await this.#context.clock.sleep(pause, AbortSignal.any([stop, this.#wake.signal])).catch(() => {});
    }
  }

  async #getInStep(stop: AbortSignal): Promise<boolean> {
    const version = await this.#link.resync();
    if (stop.aborted) return false;
    if (version !== undefined) {
      if (this.#version !== version) {
        this.#context.log.info({ version }, 'reader answers');
        const { tagTypes } = this.#options;
        this.#judge(await this.#link.call(request.ledInit(ALL_LEDS)));
        if (tagTypes)
          this.#judge(
            await this.#link.call(
              request.setTagTypes(Number.parseInt(tagTypes.lf, 16), Number.parseInt(tagTypes.hf, 16)),
            ),
          );
      }
    } else {
      // Feedback of that time is stale when the reader is back.
      this.#signal = [];
    }
    if (stop.aborted) return false;
    const before = this.#version;
    this.#version = version ?? null;
    if (before !== this.#version) this.#emitStatus();
    this.#firstTry();
    return version !== undefined;
  }

  /** Error codes are counted by the link; what they say stays as the reason until a call of that kind succeeds. */
  #judge(result: CallResult): void {
    if (result.kind !== 'reply') return;
    const { error } = result.reply;
    if (error !== 0) {
      this.#core.count(`error${error}`);
      this.#context.log.warn({ error, words: errorWords(error) }, 'the reader refused a command');
    }
  }

  async #poll(stop: AbortSignal): Promise<void> {
    const result = await this.#link.call(request.searchTag());
    const at = this.#context.clock.monotonic();
    if (stop.aborted || result.kind !== 'reply') return;
    this.#judge(result);
    const { error, results } = result.reply;
    this.#setFault(
      error === 0 ? undefined : `the reader refuses to look for cards: ${errorWords(error)}; check its firmware`,
    );
    if (error !== 0) return;
    const tag = parseTag(results);
    if (tag === undefined) return this.#core.noise(results.length, 'no answer to a search for a card');
    this.#onCard(tag, at);
  }

  #onCard(tag: Tag | null, at: number): void {
    // ISO 14443-3: such a UID may be another one at every poll, yet it is one card that lies there.
    const random = tag !== null && tag.type === ISO14443A && isRandomUid(tag.id);
    if (!this.#presence.seen(tag === null ? null : random ? 'random' : keyOf(tag)) || tag === null) return;
    this.#onTag?.(tag);
    if (random)
      return this.#core.noise(tag.id.length, 'a random UID (phone, or card in privacy mode) identifies nobody');
    this.#context.log.debug({ type: typeName(tag.type), bits: tag.bits }, 'card found');
    this.#core.read(formatCardId(tag.id, this.#options.cardId), 'rfid', at, undefined, tag.id);
  }

  #setFault(fault: string | undefined): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#emitStatus();
  }

  #emitStatus(): void {
    this.#core.events.emit('status', this.status());
  }

  async open(): Promise<void> {
    await this.#link.port.open();
    await this.#tried;
  }

  async close(): Promise<void> {
    await this.#link.port.close();
    await this.#loop;
  }

  /** Runs `work` between two polls. False: the port went away first. */
  #between(work: () => Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      let over = false;
      const off = this.#link.port.on('down', () => end(false));
      const end = (done: boolean): void => {
        over = true;
        off();
        resolve(done);
      };
      this.#jobs.push(async () => {
        // The port went away before its turn: nobody waits for it any more.
        if (over) return;
        // Whatever a listener of the technician does, the polling goes on.
        await work().catch((error: unknown) => this.#context.log.error({ error: String(error) }, 'a self-test failed'));
        end(true);
      });
      this.#wake.abort();
    });
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { port } = this.#link;
    report({ name: 'port', ok: port.state === 'ready', detail: port.state === 'ready' ? 'open' : port.reason });
    if (port.state !== 'ready') return;
    await this.#between(async () => {
      const there = typeof this.#version === 'string' && this.#link.inStep;
      report({ name: 'version', ok: there, detail: there ? String(this.#version) : this.#silence() });
      const asks = [
        ['lamps', request.ledBlink(ALL_LEDS, 250, 250), 'do red and green blink?'],
        ['beeper', request.beep(VOLUME, 2400, 200, 100), 'did it beep?'],
      ] as const;
      for (const [name, text, question] of asks) {
        const result = await this.#link.call(text);
        const done = result.kind === 'reply' && result.reply.error === 0;
        const why = result.kind === 'reply' ? errorWords(result.reply.error) : 'no answer';
        report({ name, ok: done ? null : false, detail: done ? question : why });
      }
    });
    const tag = await this.#nextCard();
    report({ name: 'card', ok: tag !== undefined, detail: tag ? describeTag(tag) : 'no card within 10 s' });
    this.feedback.show({ pattern: 'ready', text: '' });
  }

  async #nextCard(): Promise<Tag | undefined> {
    const found = new AbortController();
    let tag: Tag | undefined;
    this.#onTag = (seen) => {
      tag = seen;
      found.abort();
    };
    const off = this.#link.port.on('down', () => found.abort());
    if (this.#link.inStep) await this.#context.clock.sleep(CARD_TIME, found.signal).catch(() => {});
    this.#onTag = undefined;
    off();
    return tag;
  }

  #silence(): string {
    return (
      `${this.#options.path}: no answer to the version call; put the Simple Protocol firmware on the reader ` +
      '(the factory firmware types or pushes instead), and check `baudRate`'
    );
  }

  status(): DeviceStatus {
    const { port, counters } = this.#link;
    const more = { ...counters, reconnects: port.reconnects };
    if (port.state !== 'ready') return this.#core.status(port.state, port.reason, more);
    if (this.#version === undefined) return this.#core.status('starting', 'waiting for the reader to answer', more);
    if (this.#version === null) return this.#core.status('offline', this.#silence(), more);
    const status = this.#core.status('ready', '', more);
    return this.#fault === undefined ? status : { ...status, state: 'degraded', reason: this.#fault };
  }
}

/** The card in every form that is in use somewhere: the technician compares with the ticketing platform. */
function describeTag(tag: Tag): string {
  const forms = readings(tag.id).map(({ text }) => text);
  return `${typeName(tag.type)}, ${tag.bits} bits: ${forms.join(', ')}`;
}
