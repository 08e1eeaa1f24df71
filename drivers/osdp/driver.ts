import type { DeviceStatus, DriverContext, Feedback, Reader, ReaderEvents, SelfTestStep, Signal } from '../contract.js';
import { ReaderCore } from '../kit/reader-core.js';
import { SerialBytes } from '../transport/serial.js';
import { Bus } from './bus.js';
import { cardText } from '../kit/card-bits.js';
import { REPLY } from './codec.js';
import { Keypad } from './keypad.js';
import type { LinkSettings, Reply } from './link.js';
import { hasFunction, Link } from './link.js';
import type { OsdpOptions } from './options.js';
import type { LocalStatus } from './payload.js';
import { decodeKeypad, decodeLocalStatus, decodeRaw } from './payload.js';
import { selfTest } from './self-test.js';
import { commandsFor, stays } from './signal.js';

/** A reader on an OSDP line. Readers of one gate with the same `path` share the line and its one controller. */
export function create(options: OsdpOptions, context: DriverContext): Reader {
  return new OsdpReader(options, context);
}

class OsdpReader implements Reader {
  readonly feedback: Feedback;
  readonly #options: OsdpOptions;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #bus: Bus;
  readonly #link: Link;
  readonly #keypad: Keypad;
  #opened: Promise<void> | undefined;
  #closed = false;
  #conflict: string | undefined;
  #local: LocalStatus = { tamper: false, power: false };
  #steady: Signal | undefined;

  constructor(options: OsdpOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    const { path, baudRate } = options;
    this.#bus = context.share(`osdp:${path}`, () => {
      const port = new SerialBytes({ path, baudRate, dataBits: 8, parity: 'none', stopBits: 1 }, context);
      return new Bus(port, baudRate, context);
    });
    this.#link = new Link(linkSettings(options), {
      reply: (reply, at) => this.#onReply(reply, at),
      linked: () => this.#onLinked(),
      changed: () => this.#core.events.emit('status', this.status()),
    });
    this.#keypad = new Keypad(context.clock, (keys) => this.#core.read(keys, 'barcode', context.clock.monotonic()));
    const link = this.#link;
    this.feedback = {
      capabilities: {
        get lamp() {
          return hasFunction(link, 'LED');
        },
        get sound() {
          return hasFunction(link, 'BUZZER');
        },
        text: false,
      },
      show: (signal) => this.#show(signal),
    };
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onReply({ code, data }: Reply, at: number): void {
    if (code === REPLY.RAW) this.#onCard(data, at);
    else if (code === REPLY.KEYPAD) {
      const typed = this.#options.keypad === 'read' ? decodeKeypad(data) : undefined;
      if (typed) this.#keypad.press(typed.keys);
    } else if (code === REPLY.LSTATR) {
      const local = decodeLocalStatus(data);
      if (!local || (local.tamper === this.#local.tamper && local.power === this.#local.power)) return;
      this.#local = local;
      this.#core.events.emit('status', this.status());
    }
  }

  #onCard(data: Uint8Array, at: number): void {
    const card = decodeRaw(data);
    const text = card
      ? cardText(card.bits, this.#options)
      : { ok: false as const, why: 'a card reply of wrong length' };
    if (text.ok) this.#core.read(text.text, 'rfid', at, undefined, text.uid);
    else this.#core.noise(data.length, text.why);
  }

  #onLinked(): void {
    // Another reader may have been put in its place.
    this.#local = { tamper: false, power: false };
    if (this.#steady && !this.#link.signalling) this.#show(this.#steady);
  }

  #show(signal: Signal): void {
    if (stays(signal.pattern)) this.#steady = signal;
    this.#link.show(commandsFor(signal.pattern, this.feedback.capabilities));
    this.#bus.poke(this.#link);
  }

  open(): Promise<void> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async #open(): Promise<void> {
    this.#closed = false;
    if (this.#bus.baudRate !== this.#options.baudRate)
      this.#conflict = `${this.#options.path} runs at ${this.#bus.baudRate} for another reader: one \`baudRate\` a line`;
    else this.#conflict = await this.#bus.join(this.#link);
    if (this.#conflict !== undefined) {
      this.#context.log.error({ reason: this.#conflict }, 'reader not used');
      this.#core.events.emit('status', this.status());
    } else await this.#link.tried();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#opened = undefined;
    this.#keypad.clear();
    const left = this.#bus.leave(this.#link);
    this.#link.reset();
    await left;
    if (this.#closed) this.#core.events.emit('status', this.status());
  }

  status(): DeviceStatus {
    const more = {
      ...this.#link.counters,
      noiseBytes: this.#core.counters.noiseBytes! + this.#link.counters.noiseBytes,
    };
    if (this.#closed) return this.#core.status('closed', 'closed', more);
    if (this.#conflict !== undefined) return this.#core.status('offline', this.#conflict, more);
    const status = this.#core.status(this.#link.state, this.#link.reason, more);
    const reason = status.state === 'ready' ? this.#degradedBy() : undefined;
    return reason === undefined ? status : { ...status, state: 'degraded', reason };
  }

  #degradedBy(): string | undefined {
    if (this.#local.tamper) return 'tamper: the reader was opened or taken off its wall';
    if (this.#local.power) return 'power: the reader reports a failing supply';
    if (this.#link.bad) return 'many damaged or missing answers: check A, B, ground and the 120 ohm terminations';
    if (this.#link.secure && !this.#link.settings.key)
      return 'installation mode: the default key protects nothing; set `key`';
    return undefined;
  }

  selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    return selfTest(this.#link, this.#context, () => this.#bus.poke(this.#link), report);
  }
}

function linkSettings({ key, ...rest }: OsdpOptions): LinkSettings {
  return { ...rest, ...(key !== undefined && { key: Buffer.from(key, 'hex') }) };
}
