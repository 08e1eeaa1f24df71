import type { DeviceStatus, DriverContext, Feedback, Reader, ReaderEvents, SelfTestStep } from '../contract.js';
import { DelimitedFramer } from '../framing/delimited.js';
import { ReaderCore } from '../kit/reader-core.js';
import { NO_TEXT, TextShare } from '../kit/text-share.js';
import { SerialBytes } from '../transport/serial.js';
import { decodeFrame } from './codec.js';
import type { SerialScannerOptions } from './options.js';
import { byteOf } from './options.js';

export function create(options: SerialScannerOptions, context: DriverContext): Reader {
  return new SerialScanner(options, context);
}

class SerialScanner implements Reader {
  readonly #options: SerialScannerOptions;
  readonly #context: DriverContext;
  readonly #port: SerialBytes;
  readonly #framer: DelimitedFramer;
  readonly #core: ReaderCore;
  readonly #text = new TextShare();
  #timer: NodeJS.Timeout | undefined;
  #overlong = false;

  readonly feedback: Feedback;

  constructor(options: SerialScannerOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    this.#framer = new DelimitedFramer({
      terminators: options.suffixes.map(byteOf),
      maxFrameBytes: options.maxFrameBytes,
    });
    this.#port = new SerialBytes(options, context);
    const { beepGood, beepBad } = options.commands;
    this.feedback = {
      capabilities: { lamp: false, sound: beepGood !== undefined || beepBad !== undefined, text: false },
      show: ({ pattern }) => {
        if (pattern === 'admit' || pattern === 'attend') this.#command('beepGood');
        else if (pattern === 'refuse') this.#command('beepBad');
        else if (pattern === 'ready') this.#command('triggerOn');
        else if (pattern === 'closed') this.#command('triggerOff');
      },
    };
    this.#port.on('data', (chunk) => this.#onData(chunk));
    this.#port.on('up', () => {
      this.#command('enable');
      this.#core.events.emit('status', this.status());
    });
    this.#port.on('down', () => {
      // A scan that spans an unplug is never completed by what comes after it.
      this.#drop('unplugged in mid-code');
      this.#core.events.emit('status', this.status());
    });
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onData(chunk: Uint8Array): void {
    const at = this.#context.clock.monotonic();
    this.#text.push(chunk);
    for (const output of this.#framer.push(chunk)) {
      if (output.kind === 'noise') {
        // A flood that came in several chunks was counted when it began.
        if (this.#overlong) this.#core.count('noiseBytes', output.bytes);
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
    if (this.#framer.pending > 0 && !this.#overlong) this.#core.coming();
  }

  #onFrame(frame: Uint8Array, at: number): void {
    const decoded = decodeFrame(frame, this.#options);
    if (!decoded.ok) return this.#noise(frame.length, decoded.why);
    this.#text.reset();
    if (decoded.text === this.#options.noReadText) return this.#core.count('noReads');
    this.#core.read(decoded.text, this.#options.medium, at, decoded.symbology, decoded.uid);
  }

  /** A wrong line speed explains everything else that is wrong with the bytes. */
  #noise(bytes: number, why: string): void {
    const wrongSpeed = this.#text.looksWrong;
    this.#core.noise(bytes, wrongSpeed ? NO_TEXT : why, wrongSpeed);
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

  /** Sends a command that the options know; false = there is none, or nobody heard it. */
  #command(name: keyof SerialScannerOptions['commands']): boolean {
    const hex = this.#options.commands[name];
    if (hex === undefined) return false;
    try {
      this.#port.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
      return true;
    } catch {
      this.#core.count('failedCommands');
      return false;
    }
  }

  open(): Promise<void> {
    return this.#port.open();
  }

  async close(): Promise<void> {
    await this.#port.close();
    clearTimeout(this.#timer);
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { state, reason, counters } = this.status();
    report({
      name: 'port',
      ok: this.#port.state === 'ready',
      detail: this.#port.state === 'ready' ? 'open' : (reason ?? ''),
    });
    report({
      name: 'line',
      ok: state !== 'degraded',
      detail: reason ?? `${counters.frames} codes, ${counters.noise} pieces of noise`,
    });
    const { beepGood, triggerOn } = this.#options.commands;
    if (triggerOn !== undefined && this.#command('triggerOn'))
      report({ name: 'trigger', ok: null, detail: 'does the scanner light up?' });
    if (beepGood !== undefined && this.#command('beepGood'))
      report({ name: 'beeper', ok: null, detail: 'did it beep?' });
    report({ name: 'code', ok: null, detail: 'present the test code; `portillon reader listen` shows it' });
  }

  status(): DeviceStatus {
    return this.#core.status(this.#port.state, this.#port.reason, { reconnects: this.#port.reconnects });
  }
}
