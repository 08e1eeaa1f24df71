import type { DeviceEvents, DeviceStatus, DriverContext, Indicator, SelfTestStep, Signal } from '../contract.js';
import { playOf } from '../kit/patterns.js';
import { Emitter } from '../transport/emitter.js';
import { SerialBytes } from '../transport/serial.js';
import { encodeInit, encodeLines, layOut } from './codec.js';
import type { TextDisplayOptions } from './options.js';

/** A message is shown this long before what the lane says at rest comes back, milliseconds. */
const SHOWN_FOR = 3_000;

export function create(options: TextDisplayOptions, context: DriverContext): Indicator {
  return new TextDisplay(options, context);
}

/** Newest text wins, and what is said at rest comes back; nothing waits for the display. */
class TextDisplay implements Indicator {
  readonly capabilities = { lamp: false, sound: false, text: true };
  readonly #options: TextDisplayOptions;
  readonly #port: SerialBytes;
  readonly #events: Emitter<DeviceEvents>;
  readonly #counters = { signals: 0, failed: 0 };
  #resting = '';
  #now = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TextDisplayOptions, context: DriverContext) {
    this.#options = options;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    const { path, baudRate } = options;
    this.#port = new SerialBytes({ path, baudRate, dataBits: 8, parity: 'none', stopBits: 1 }, context);
    this.#port.on('up', () => {
      this.#write(encodeInit(options.commands));
      this.#draw(this.#now);
      this.#events.emit('status', this.status());
    });
    this.#port.on('down', () => this.#events.emit('status', this.status()));
  }

  on<K extends keyof DeviceEvents>(event: K, listener: DeviceEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  show({ pattern, text }: Signal): void {
    this.#counters.signals++;
    clearTimeout(this.#timer);
    this.#draw(text);
    if (playOf(pattern, { admitFor: 0, refuseFor: 0 }).stay) {
      this.#resting = text;
      return;
    }
    this.#timer = setTimeout(() => this.#draw(this.#resting), SHOWN_FOR);
    this.#timer.unref();
  }

  #draw(text: string): void {
    this.#now = text;
    const { columns, commands } = this.#options;
    this.#write(encodeLines(layOut(text, columns, commands.lines.length), commands));
  }

  #write(bytes: Uint8Array): void {
    if (this.#port.state !== 'ready') return;
    try {
      this.#port.write(bytes);
    } catch {
      // It is drawn again when the display is back.
      this.#counters.failed++;
    }
  }

  open(): Promise<void> {
    return this.#port.open();
  }
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#port.close();
  }

  status(): DeviceStatus {
    const { state, reason, reconnects } = this.#port;
    const counters = { ...this.#counters, reconnects };
    return state === 'ready' ? { state, counters } : { state, reason, counters };
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { state, reason } = this.status();
    report({ name: 'port', ok: state === 'ready', detail: reason ?? 'open' });
    if (state !== 'ready') return;
    const before = this.#now;
    this.#draw('ÄÖÜ éèàç ñ¿ ß 123');
    report({ name: 'text', ok: null, detail: 'does it show ÄÖÜ éèàç ñ¿ ß 123, centred?' });
    this.#timer = setTimeout(() => this.#draw(before), SHOWN_FOR);
    this.#timer.unref();
  }
}
