import type { DriverContext } from '../contract.js';
import type { BytePortEvents } from '../transport/serial.js';
import { FrameDecoder, MARK } from './codec.js';
import type { Link } from './link.js';

/** What the bus needs of a serial port (`SerialBytes`). */
export interface Wire {
  readonly state: string;
  readonly reason: string;
  open(): Promise<void>;
  close(): Promise<void>;
  /** Throws when the port is not open; then nothing was sent. */
  write(bytes: Uint8Array): void;
  on<K extends keyof BytePortEvents>(event: K, listener: BytePortEvents[K]): () => void;
}

/** Between the last byte of an answer and the next request, milliseconds: adapters need it to turn the direction. */
const TURNAROUND = 2;
/** No byte for so long: the line is silent. Inside a frame there are at most 20 ms between two bytes. */
const QUIET = 20;
/** An answer that is still coming in is waited for, but no longer than this beyond its time. */
const OVERTIME = 500;

/** The one controller of a serial line with any number of readers: one request at a time, each reader in its turn. */
export class Bus {
  readonly #wire: Wire;
  readonly #clock: DriverContext['clock'];
  readonly #byteMs: number;
  readonly #decoder = new FrameDecoder();
  readonly #links: Link[] = [];
  readonly baudRate: number;
  #up = false;
  #freeAt = 0;
  #lastByteAt = 0;
  /** The link whose answer is waited for. */
  #asked: Link | undefined;
  #wake: AbortController | undefined;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  /** Frames that answered nothing: late, of a wrong address or number. */
  stale = 0;
  /** Own commands heard again: the adapter echoes. */
  echoes = 0;

  constructor(wire: Wire, baudRate: number, context: Pick<DriverContext, 'clock'>) {
    this.#wire = wire;
    this.#clock = context.clock;
    this.baudRate = baudRate;
    // Start bit, eight bits, stop bit.
    this.#byteMs = 10_000 / baudRate;
    wire.on('data', (chunk) => this.#onData(chunk));
    wire.on('up', () => this.#onUp());
    wire.on('down', (reason) => {
      this.#up = false;
      for (const link of this.#links) link.end(reason);
      this.poke();
    });
  }

  /** Takes a reader on; the first one opens the port. Answers why not, if not. */
  async join(link: Link): Promise<string | undefined> {
    if (this.#links.some((l) => l.settings.address === link.settings.address))
      return `address ${link.settings.address} is named twice on this line`;
    this.#links.push(link);
    await this.#inTurn(async () => {
      if (!this.#links.includes(link)) return;
      const running = this.#stop !== undefined;
      if (!running) {
        this.#stop = new AbortController();
        await this.#wire.open();
        this.#running = this.#run(this.#stop.signal);
      } else if (this.#up) link.begin(this.#clock.monotonic());
      if (!this.#up) link.end(this.#wire.reason);
      this.poke();
    });
    return undefined;
  }

  /** Lets a reader go; the last one closes the port. */
  async leave(link: Link): Promise<void> {
    const at = this.#links.indexOf(link);
    if (at < 0) return;
    this.#links.splice(at, 1);
    this.poke();
    await this.#inTurn(async () => {
      if (this.#links.length > 0 || !this.#stop) return;
      this.#stop.abort();
      this.poke();
      await this.#running;
      this.#stop = undefined;
      this.#up = false;
      await this.#wire.close();
    });
  }

  /** Opening and closing one after the other, whatever the order of the calls. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step, step);
    return this.#turn;
  }

  /** Something is to be sent sooner than was thought. */
  poke(link?: Link): void {
    link?.hurry(this.#clock.monotonic());
    this.#wake?.abort();
  }

  #onUp(): void {
    this.#up = true;
    this.#decoder.flush();
    const now = this.#clock.monotonic();
    for (const link of this.#links) link.begin(now);
    this.poke();
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const link = this.#up ? this.#next() : undefined;
      if (!link) {
        await this.#pause(60_000, stop);
        continue;
      }
      const wait = Math.max(link.dueAt, this.#freeAt) - this.#clock.monotonic();
      if (wait > 0) await this.#pause(wait, stop);
      else await this.#exchange(link, stop);
    }
  }

  /** Whoever is due first; whoever was served moves to the end, so that equals take turns. */
  #next(): Link | undefined {
    let first: Link | undefined;
    for (const link of this.#links) if (!first || link.dueAt < first.dueAt) first = link;
    return first;
  }

  async #exchange(link: Link, stop: AbortSignal): Promise<void> {
    const at = this.#links.indexOf(link);
    this.#links.push(...this.#links.splice(at, 1));
    const bytes = link.request();
    // What came before the request is no answer to it.
    this.#decoder.flush();
    this.#settle(link);
    try {
      this.#wire.write(Buffer.concat([Uint8Array.of(MARK), bytes]));
    } catch {
      // The port says "down" by itself; until then, slowly.
      this.#freeAt = this.#clock.monotonic() + 100;
      return;
    }
    this.#asked = link;
    const deadline = this.#clock.monotonic() + bytes.length * this.#byteMs + link.settings.replyTimeout;
    while (this.#asked && this.#up && !stop.aborted && this.#links.includes(link)) {
      const now = this.#clock.monotonic();
      const coming = this.#decoder.pending > 0 ? Math.min(this.#lastByteAt + QUIET, deadline + OVERTIME) : 0;
      const left = Math.max(deadline, coming) - now;
      if (left <= 0) break;
      await this.#pause(left, stop);
    }
    if (this.#asked && this.#up && !stop.aborted) this.#onSilence(link);
    this.#asked = undefined;
    this.#settle(link);
    this.#freeAt = Math.max(this.#freeAt, this.#clock.monotonic() + TURNAROUND);
  }

  #onSilence(link: Link): void {
    const now = this.#clock.monotonic();
    // Within bytes that looked like the start of a long frame the answer may lie whole.
    for (const received of this.#decoder.flush()) {
      if (this.#asked && link.answer(received, now)) this.#asked = undefined;
    }
    if (!this.#asked) return;
    link.timedOut(now);
    // Bytes that still come belong to nobody; nothing is sent into them.
    this.#freeAt = this.#lastByteAt + QUIET;
  }

  #settle(link: Link): void {
    link.line(this.#decoder.crcErrors, this.#decoder.noiseBytes);
    this.#decoder.crcErrors = 0;
    this.#decoder.noiseBytes = 0;
  }

  #onData(chunk: Uint8Array): void {
    const now = this.#clock.monotonic();
    this.#lastByteAt = now;
    for (const received of this.#decoder.push(chunk)) {
      if (!received.frame.reply) this.echoes++;
      else if (this.#asked?.answer(received, now)) this.#asked = undefined;
      else this.stale++;
    }
    if (!this.#asked) {
      this.#freeAt = Math.max(this.#freeAt, now + TURNAROUND);
      this.poke();
    }
  }

  async #pause(ms: number, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    const wake = new AbortController();
    this.#wake = wake;
    await this.#clock.sleep(ms, wake.signal);
    if (this.#wake === wake) this.#wake = undefined;
  }
}
