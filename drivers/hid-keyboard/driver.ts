import type { DeviceStatus, DriverContext, Reader, ReaderEvents, SelfTestStep } from '../contract.js';
import { formatCardId, isRandomUid, parseUid } from '../framing/card-id.js';
import { ReaderCore } from '../kit/reader-core.js';
import { grabKeyboard } from '../transport/grab.js';
import type { HidBackend } from '../transport/hid.js';
import { HidReports } from '../transport/hid.js';
import { KeyboardDecoder } from './codec.js';
import { LAYOUTS } from './layouts.js';
import type { HidKeyboardOptions } from './options.js';

const GENERIC_DESKTOP = 0x01;
const KEYBOARD = 0x06;

export function create(options: HidKeyboardOptions, context: DriverContext, backend?: HidBackend): Reader {
  return new HidKeyboardReader(options, context, backend);
}

class HidKeyboardReader implements Reader {
  readonly #options: HidKeyboardOptions;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #port: HidReports;
  readonly #decoder: KeyboardDecoder;
  #text = '';
  /** Why the code under way is no code any more. */
  #bad: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #release: (() => void) | undefined;
  #notGrabbed: string | undefined;

  constructor(options: HidKeyboardOptions, context: DriverContext, backend?: HidBackend) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    this.#decoder = new KeyboardDecoder(LAYOUTS[options.layout]);
    const { vendorId, productId, serial, path } = options;
    this.#port = new HidReports(
      { vendorId, productId, serial, path, usagePage: GENERIC_DESKTOP, usage: KEYBOARD },
      context,
      backend,
    );
    this.#port.on('report', (report) => this.#onReport(report));
    this.#port.on('up', () => {
      this.#grab();
      this.#core.events.emit('status', this.status());
    });
    this.#port.on('down', () => {
      this.#release?.();
      this.#release = undefined;
      this.#decoder.reset();
      this.#drop('unplugged in mid-code');
      this.#core.events.emit('status', this.status());
    });
  }

  #grab(): void {
    const node = this.#port.info?.path;
    if (!this.#options.grab || node === undefined) return;
    try {
      this.#release = grabKeyboard(node);
      this.#notGrabbed = undefined;
    } catch (error) {
      // Not "degraded": it reads well. But what it types reaches the consoles too.
      this.#notGrabbed = `its keys also reach the consoles (${(error as Error).message}): give access to /dev/input/event*`;
      this.#context.log.warn({ reason: this.#notGrabbed }, 'the keyboard could not be grabbed');
    }
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onReport(report: Uint8Array): void {
    const at = this.#context.clock.monotonic();
    for (const output of this.#decoder.push(report)) {
      if (output.kind === 'end') this.#ended(at);
      else if (output.kind === 'bad') this.#bad ??= output.why;
      else if (this.#text.length <= this.#options.maxLength + 32) this.#text += output.text;
      else this.#bad ??= `longer than ${this.#options.maxLength} characters`;
    }
    clearTimeout(this.#timer);
    if (this.#text === '' && this.#bad === undefined) return;
    if (this.#bad === undefined) this.#core.coming();
    this.#timer = setTimeout(() => {
      if (this.#options.end === 'silence') this.#ended(at);
      else this.#drop('no Enter or Tab behind the code: set the suffix of the scanner, or `end: silence`');
    }, this.#options.frameGap);
    this.#timer.unref();
  }

  #ended(at: number): void {
    const { prefix, suffix, minLength, maxLength, medium, cardId } = this.#options;
    let text = this.#text;
    if (this.#bad === undefined && text === '') return;
    if (this.#bad !== undefined) return this.#drop(this.#bad);
    if (!text.startsWith(prefix) || !text.endsWith(suffix) || text.length < prefix.length + suffix.length)
      return this.#drop('the configured prefix or suffix is missing');
    text = text.slice(prefix.length, text.length - suffix.length);
    let uid: Uint8Array | undefined;
    if (cardId) {
      uid = parseUid(text);
      if (!uid) return this.#drop('not a UID in hexadecimal digits');
      if (isRandomUid(uid)) return this.#drop('a random UID (phone, or card in privacy mode) identifies nobody');
      text = formatCardId(uid, cardId);
    }
    if (text.length < minLength) return this.#drop(`shorter than ${minLength} characters`);
    if (text.length > maxLength) return this.#drop(`longer than ${maxLength} characters`);
    this.#text = '';
    this.#core.read(text, medium, at, undefined, uid);
  }

  #drop(why: string): void {
    clearTimeout(this.#timer);
    const bytes = this.#text.length;
    const was = bytes > 0 || this.#bad !== undefined;
    this.#text = '';
    this.#bad = undefined;
    if (was) this.#core.noise(bytes, why);
  }

  open(): Promise<void> {
    return this.#port.open();
  }
  async close(): Promise<void> {
    // Before the device: what is left in its queue must not be typed on a console.
    await this.#port.close();
    this.#release?.();
    this.#release = undefined;
    clearTimeout(this.#timer);
  }

  status(): DeviceStatus {
    return this.#core.status(this.#port.state, this.#port.reason, { reconnects: this.#port.reconnects });
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { info } = this.#port;
    const open = this.#port.state === 'ready';
    report({
      name: 'device',
      ok: open,
      detail: open ? `${info?.manufacturer ?? ''} ${info?.product ?? ''} at ${info?.path}` : this.#port.reason,
    });
    if (open && this.#options.grab)
      report({
        name: 'exclusive',
        ok: this.#notGrabbed === undefined,
        detail: this.#notGrabbed ?? 'its keys reach nobody else',
      });
    report({
      name: 'layout',
      ok: null,
      detail: 'scan ABCXYZ0123456789- : `portillon reader listen` must show exactly that, else change `layout`',
    });
  }
}
