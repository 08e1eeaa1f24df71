import type { DeviceState, DriverContext } from '../contract.js';
import { Emitter } from '../transport/emitter.js';
import { SerialBytes } from '../transport/serial.js';
import type { Packet } from './codec.js';
import { encodePacket, NAK_CAUSE, OP, SsiDecoder, STATUS } from './codec.js';
import type { SsiOptions } from './options.js';

export interface SsiLinkEvents {
  /** A packet of the scanner's own accord, acknowledged already. */
  packet: (event: { packet: Packet; at: number }) => void;
  noise: (noise: { bytes: number; why: string }) => void;
  /** The scanner was asked and answered for the first time, or again after a silence: its volatile settings may be gone. */
  present: (nothing: undefined) => void;
  absent: (nothing: undefined) => void;
  down: (nothing: undefined) => void;
}

export type Answer =
  { kind: 'done'; packet: Packet } | { kind: 'refused'; cause: number } | { kind: 'silent' | 'gone' };

interface Job {
  opcode: number;
  data: readonly number[];
  tries: number;
  /** Its bytes are out: before that an answer is that of a command given up earlier. */
  said: boolean;
  slot: string | undefined;
  done: (answer: Answer) => void;
}

const TRIES = 3;
/** Commands that may wait; feedback replaces its predecessor, so a scanner that is away never fills it. */
const MAX_WAITING = 64;
/** A scanner sleeps again after about this idle time at the earliest, and wants this long to wake, milliseconds. */
const AWAKE_FOR = 500;
const WAKE_TIME = 10;
/** A scanner that is away is asked again after this, milliseconds. */
const LOOK_AGAIN = 1_000;
/** A line that damages everything is not answered with ever more requests to repeat. */
const MAX_NAKS = 3;

/** The session with one scanner: one command at a time, every packet of its own acknowledged, and whether it is there. */
export class SsiLink {
  readonly port: SerialBytes;
  readonly counters: Record<string, number> = {};
  readonly #options: SsiOptions;
  readonly #context: DriverContext;
  readonly #events: Emitter<SsiLinkEvents>;
  readonly #decoder = new SsiDecoder();
  #waiting: Job[] = [];
  #current: Job | undefined;
  #replyTimer: NodeJS.Timeout | undefined;
  #gapTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #lastTraffic = Number.NEGATIVE_INFINITY;
  #naks = 0;
  #there: boolean | undefined;
  #decided: () => void = () => {};
  #decision: Promise<void> = Promise.resolve();

  constructor(options: SsiOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.port = new SerialBytes(
      { path: options.path, baudRate: options.baudRate, dataBits: 8, parity: 'none', stopBits: 1 },
      context,
    );
    this.port.on('data', (chunk) => this.#onData(chunk));
    this.port.on('up', () => {
      this.#decision = new Promise((resolve) => {
        this.#decided = resolve;
      });
      this.#check();
    });
    this.port.on('down', () => this.#onDown());
  }

  /** The port's state, or what is known of the scanner behind an open port. */
  get state(): DeviceState {
    if (this.port.state !== 'ready') return this.port.state;
    return this.#there === undefined ? 'starting' : this.#there ? 'ready' : 'offline';
  }
  get reason(): string {
    if (this.port.state !== 'ready') return this.port.reason;
    return this.#there === undefined
      ? 'waiting for the scanner to answer'
      : `${this.#options.path}: the scanner does not answer; set it to SSI mode, check \`baudRate\` and its power`;
  }

  on<K extends keyof SsiLinkEvents>(event: K, listener: SsiLinkEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  /** Resolves when the port could not be opened, or the scanner behind it answered or kept silent. */
  async open(): Promise<void> {
    await this.port.open();
    await this.#decision;
  }

  async close(): Promise<void> {
    await this.port.close();
  }

  /** Sends a command when those before it are answered. A waiting command with the same `slot` is replaced. Never rejects. */
  command(opcode: number, data: readonly number[] = [], slot?: string): Promise<Answer> {
    return new Promise((done) => {
      if (this.port.state !== 'ready') return done({ kind: 'gone' });
      if (slot !== undefined) {
        this.#waiting.filter((job) => job.slot === slot).forEach((job) => job.done({ kind: 'gone' }));
        this.#waiting = this.#waiting.filter((job) => job.slot !== slot);
      }
      if (this.#waiting.length >= MAX_WAITING) return done({ kind: 'gone' });
      this.#waiting.push({ opcode, data, tries: 0, said: false, slot, done });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#waiting.shift();
    if (!job) return;
    this.#current = job;
    this.#send(job);
  }

  #send(job: Job): void {
    const status = job.tries > 0 ? STATUS.again : 0;
    job.tries++;
    const packet = encodePacket(job.opcode, job.data, status);
    const asleep = this.#options.wakeUp && this.#context.clock.monotonic() - this.#lastTraffic > AWAKE_FOR;
    const say = (): void => {
      job.said = true;
      this.#write(packet);
      this.#after(this.#options.replyTimeout, () => this.#onSilence(job));
    };
    if (!asleep) return say();
    this.#write(Uint8Array.of(0));
    this.#after(WAKE_TIME, say);
  }

  /** The one timer of the running command. */
  #after(ms: number, then: () => void): void {
    clearTimeout(this.#replyTimer);
    this.#replyTimer = setTimeout(then, ms);
    this.#replyTimer.unref();
  }

  #onSilence(job: Job): void {
    this.#count('unanswered');
    if (job.tries < TRIES) return this.#send(job);
    this.#end(job, { kind: 'silent' });
  }

  #end(job: Job, answer: Answer): void {
    if (this.#current !== job) return;
    clearTimeout(this.#replyTimer);
    this.#current = undefined;
    job.done(answer);
    this.#next();
  }

  #onData(chunk: Uint8Array): void {
    this.#handle(this.#decoder.push(chunk));
    clearTimeout(this.#gapTimer);
    if (this.#decoder.pending === 0) return;
    this.#gapTimer = setTimeout(() => this.#handle(this.#decoder.flush()), this.#options.interByteTimeout);
    this.#gapTimer.unref();
  }

  #handle(outputs: ReturnType<SsiDecoder['push']>): void {
    if (outputs.some((output) => output.kind === 'badSum') && this.#naks < MAX_NAKS) {
      this.#naks++;
      this.#count('naksSent');
      this.#write(encodePacket(OP.NAK, [NAK_CAUSE.resend]));
    }
    for (const output of outputs) {
      if (output.kind === 'packet') this.#onPacket(output.packet);
      else if (output.kind === 'noise')
        this.#events.emit('noise', {
          bytes: output.bytes,
          why: 'no SSI packet: check `baudRate` and the mode of the scanner',
        });
    }
  }

  #onPacket(packet: Packet): void {
    const at = this.#context.clock.monotonic();
    this.#lastTraffic = at;
    this.#naks = 0;
    const job = this.#current?.said === true ? this.#current : undefined;
    if (packet.opcode === OP.NAK) {
      const cause = packet.data[0] ?? 0;
      if (job && cause === NAK_CAUSE.resend && job.tries < TRIES) this.#send(job);
      else if (job) this.#end(job, { kind: 'refused', cause });
    } else if (packet.opcode === OP.ACK) {
      // The answer to the request for a revision is the revision itself; some say ACK before it.
      if (job && job.opcode !== OP.REQUEST_REVISION) this.#end(job, { kind: 'done', packet });
    } else if (packet.opcode === OP.REPLY_REVISION) {
      // "If the data is in response to a command, no ACK is sent" (SE955 Integration Guide, CMD_ACK): the scanner would take
      // it for the ACK of a code that it sent meanwhile, and that code would be lost.
      if (job?.opcode === OP.REQUEST_REVISION) this.#end(job, { kind: 'done', packet });
    } else {
      this.#write(encodePacket(OP.ACK));
      this.#events.emit('packet', { packet, at });
    }
    // Whatever has a right sum and comes from a scanner is one that is there.
    this.#setThere(true);
  }

  /** Asks for the revision now, and again and again whenever it has been quiet. */
  #check(): void {
    clearTimeout(this.#checkTimer);
    void this.command(OP.REQUEST_REVISION).then((answer) => {
      if (answer.kind === 'gone' || this.port.state !== 'ready') return;
      this.#setThere(answer.kind !== 'silent');
      this.#checkLater();
    });
  }

  #checkLater(): void {
    clearTimeout(this.#checkTimer);
    const { checkEvery } = this.#options;
    this.#checkTimer = setTimeout(
      () => {
        const quiet = this.#context.clock.monotonic() - this.#lastTraffic;
        if (this.#there === true && quiet < checkEvery) this.#checkLater();
        else this.#check();
      },
      this.#there === true ? checkEvery : Math.min(checkEvery, LOOK_AGAIN),
    );
    this.#checkTimer.unref();
  }

  #setThere(there: boolean): void {
    const before = this.#there;
    this.#there = there;
    if (before !== there) this.#events.emit(there ? 'present' : 'absent', undefined);
    this.#decided();
  }

  #write(bytes: Uint8Array): void {
    try {
      this.port.write(bytes);
      this.#lastTraffic = this.#context.clock.monotonic();
    } catch {
      this.#count('failedCommands');
    }
  }

  #count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }

  #onDown(): void {
    for (const timer of [this.#replyTimer, this.#gapTimer, this.#checkTimer]) clearTimeout(timer);
    const unfinished = this.#decoder.reset();
    if (unfinished > 0) this.#events.emit('noise', { bytes: unfinished, why: 'unplugged in mid-packet' });
    const jobs = [...(this.#current ? [this.#current] : []), ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    this.#naks = 0;
    this.#there = undefined;
    this.#lastTraffic = Number.NEGATIVE_INFINITY;
    for (const job of jobs) job.done({ kind: 'gone' });
    this.#decided();
    this.#events.emit('down', undefined);
  }
}
