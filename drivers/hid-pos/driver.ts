import type { DeviceStatus, DriverContext, Feedback, Reader, ReaderEvents, SelfTestStep } from '../contract.js';
import { cleanText } from '../kit/clean-text.js';
import { ReaderCore } from '../kit/reader-core.js';
import type { HidBackend } from '../transport/hid.js';
import { HidReports } from '../transport/hid.js';
import { decodeReport, PosJoiner } from './codec.js';
import type { HidPosOptions } from './options.js';

const USAGE_PAGE = 0x8c;
/** Honeywell, Youjie: feature report FE with 01 switches from keyboard to POS mode. */
const ENABLE = [0xfe, 0x01];
/** Access-IS: output report 4, bit 6 good lamp, bit 5 bad lamp. */
const LAMPS = { good: [0x04, 0x40], bad: [0x04, 0x20] } as const;
const MAX_BYTES = 4096;

export function create(options: HidPosOptions, context: DriverContext, backend?: HidBackend): Reader {
  return new HidPosReader(options, context, backend);
}

class HidPosReader implements Reader {
  readonly feedback: Feedback;
  readonly #options: HidPosOptions;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #port: HidReports;
  readonly #joiner = new PosJoiner(MAX_BYTES);
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HidPosOptions, context: DriverContext, backend?: HidBackend) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    const { vendorId, productId, serial, path } = options;
    // Some kernels and libraries give no usage page; then the configured IDs must do.
    this.#port = new HidReports(
      {
        vendorId,
        productId,
        serial,
        path,
        ...(vendorId === undefined && path === undefined && { usagePage: USAGE_PAGE }),
      },
      context,
      backend,
    );
    this.feedback = {
      capabilities: { lamp: options.lamp !== 'none', sound: false, text: false },
      show: ({ pattern }) => {
        if (options.lamp === 'none') return;
        if (pattern === 'admit' || pattern === 'attend') this.#lamp(LAMPS.good);
        else if (pattern === 'refuse') this.#lamp(LAMPS.bad);
      },
    };
    this.#port.on('report', (report) => this.#onReport(report));
    this.#port.on('up', () => {
      if (options.enableByFeature) this.#port.sendFeature(ENABLE).catch(() => this.#core.count('failedCommands'));
      this.#core.events.emit('status', this.status());
    });
    this.#port.on('down', () => {
      this.#drop('unplugged in mid-code');
      this.#core.events.emit('status', this.status());
    });
  }

  #lamp(report: readonly number[]): void {
    this.#port.write([...report]).catch(() => this.#core.count('failedCommands'));
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onReport(bytes: Uint8Array): void {
    const at = this.#context.clock.monotonic();
    clearTimeout(this.#timer);
    const report = decodeReport(bytes);
    if (!report) return this.#core.noise(bytes.length, 'not a report of a HID POS scanner: is it in that mode?');
    const joined = this.#joiner.push(report);
    if (joined === undefined) {
      this.#timer = setTimeout(() => this.#drop('the rest of a long code did not come'), this.#options.joinTimeout);
      this.#timer.unref();
      return;
    }
    if ('drop' in joined) return this.#core.noise(joined.drop, `a code of more than ${MAX_BYTES} bytes`);
    const clean = cleanText(joined.bytes, this.#options);
    if ('why' in clean) return this.#core.noise(joined.bytes.length, clean.why);
    this.#core.read(clean.text, 'barcode', at, joined.symbology);
  }

  #drop(why: string): void {
    clearTimeout(this.#timer);
    const bytes = this.#joiner.reset();
    if (bytes > 0) this.#core.noise(bytes, why);
  }

  open(): Promise<void> {
    return this.#port.open();
  }
  async close(): Promise<void> {
    await this.#port.close();
    clearTimeout(this.#timer);
  }

  status(): DeviceStatus {
    return this.#core.status(this.#port.state, this.#port.reason, { reconnects: this.#port.reconnects });
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { info } = this.#port;
    const { state, reason } = this.status();
    report({
      name: 'device',
      ok: this.#port.state === 'ready',
      detail:
        info && state !== 'offline'
          ? `${info.manufacturer ?? ''} ${info.product ?? ''}, usage page ${info.usagePage?.toString(16) ?? '?'}`
          : (reason ?? ''),
    });
    if (this.#options.lamp !== 'none') {
      this.#lamp(LAMPS.good);
      report({ name: 'lamp', ok: null, detail: 'did the good lamp light up?' });
    }
    report({ name: 'code', ok: null, detail: 'present the test code; `portillon reader listen` shows it' });
  }
}
