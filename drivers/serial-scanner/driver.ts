import type { DeviceStatus, DriverContext, Reader, ReaderEvents } from '../contract.js';
import { DelimitedFramer } from '../framing/delimited.js';
import { Emitter } from '../transport/emitter.js';
import { SerialBytes } from '../transport/serial.js';
import { decodeFrame } from './codec.js';
import type { SerialScannerOptions } from './options.js';
import { byteOf } from './options.js';

/** This many pieces of noise within the window, without a good read, mean a wrong baud rate or a broken cable. */
const NOISE_LIMIT = 5;
const NOISE_WINDOW = 60_000;

export function create(options: SerialScannerOptions, context: DriverContext): Reader {
  return new SerialScanner(options, context);
}

class SerialScanner implements Reader {
  readonly #options: SerialScannerOptions;
  readonly #context: DriverContext;
  readonly #port: SerialBytes;
  readonly #framer: DelimitedFramer;
  readonly #events: Emitter<ReaderEvents>;
  readonly #counters = { frames: 0, noise: 0, noiseBytes: 0 };
  #noiseTimes: number[] = [];
  #noiseWhy = '';
  #timer: NodeJS.Timeout | undefined;
  #overlong = false;

  constructor(options: SerialScannerOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#framer = new DelimitedFramer({
      terminators: options.suffixes.map(byteOf),
      maxFrameBytes: options.maxFrameBytes,
    });
    this.#port = new SerialBytes(options, context);
    this.#port.on('data', (chunk) => this.#onData(chunk));
    this.#port.on('up', () => this.#events.emit('status', this.status()));
    this.#port.on('down', () => {
      // A scan that spans an unplug is never completed by what comes after it.
      this.#drop('unplugged in mid-code');
      this.#events.emit('status', this.status());
    });
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  #onData(chunk: Uint8Array): void {
    const at = this.#context.clock.monotonic();
    for (const output of this.#framer.push(chunk)) {
      if (output.kind === 'noise') {
        // A flood that came in several chunks was counted when it began.
        if (this.#overlong) this.#counters.noiseBytes += output.bytes;
        else this.#noise(output.bytes, this.#noTerminator());
        this.#overlong = false;
      } else {
        this.#onFrame(output.bytes, at);
      }
    }
    if (this.#framer.pending > this.#options.maxFrameBytes && !this.#overlong) {
      this.#overlong = true;
      this.#noise(0, this.#noTerminator());
    }
    this.#restartTimer();
  }

  #onFrame(frame: Uint8Array, at: number): void {
    const decoded = decodeFrame(frame, this.#options);
    if (!decoded.ok) return this.#noise(frame.length, decoded.why);
    this.#counters.frames++;
    const wasDegraded = this.#noiseTimes.length >= NOISE_LIMIT;
    this.#noiseTimes = [];
    const symbology = decoded.symbology === undefined ? {} : { symbology: decoded.symbology };
    this.#events.emit('read', { text: decoded.text, medium: this.#options.medium, ...symbology, at });
    if (wasDegraded) this.#events.emit('status', this.status());
  }

  #noise(bytes: number, why: string): void {
    const now = this.#context.clock.monotonic();
    this.#counters.noise++;
    this.#counters.noiseBytes += bytes;
    this.#noiseWhy = why;
    this.#noiseTimes = [...this.#noiseTimes.filter((t) => now - t < NOISE_WINDOW), now].slice(-NOISE_LIMIT);
    this.#events.emit('noise', { bytes, why });
    if (this.#noiseTimes.length === NOISE_LIMIT) this.#events.emit('status', this.status());
  }

  #noTerminator(): string {
    return `no terminator within ${this.#options.maxFrameBytes} bytes: check \`suffixes\` and \`baudRate\``;
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    if (this.#framer.pending === 0) return;
    this.#timer = setTimeout(() => this.#drop('the end of a code did not come in time'), this.#options.frameTimeout);
    this.#timer.unref();
  }

  #drop(why: string): void {
    clearTimeout(this.#timer);
    this.#overlong = false;
    const bytes = this.#framer.reset();
    if (bytes > 0) this.#noise(bytes, why);
  }

  open(): Promise<void> {
    return this.#port.open();
  }

  async close(): Promise<void> {
    await this.#port.close();
    clearTimeout(this.#timer);
  }

  status(): DeviceStatus {
    const counters = { ...this.#counters, reconnects: this.#port.reconnects };
    if (this.#port.state !== 'ready') return { state: this.#port.state, reason: this.#port.reason, counters };
    if (this.#noiseTimes.length >= NOISE_LIMIT) return { state: 'degraded', reason: this.#noiseWhy, counters };
    return { state: 'ready', counters };
  }
}
