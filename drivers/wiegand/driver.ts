import type { DeviceStatus, DriverContext, Reader, ReaderEvents, SelfTestStep } from '../contract.js';
import { cardText } from '../kit/card-bits.js';
import { inputRequest } from '../kit/line-options.js';
import { ReaderCore } from '../kit/reader-core.js';
import type { LineEdge } from '../transport/line-types.js';
import { formatLine } from '../transport/line-types.js';
import { Lines } from '../transport/lines.js';
import { CardCollector } from './collect.js';
import type { WiegandOptions } from './options.js';

export function create(options: WiegandOptions, context: DriverContext): Reader {
  return new WiegandReader(options, context);
}

class WiegandReader implements Reader {
  readonly #options: WiegandOptions;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #lines: Lines;
  readonly #collector: CardCollector;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WiegandOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    this.#collector = new CardCollector(options.gap);
    // Pulses last 20 to 200 us: any debouncing would swallow them. Low is active.
    const line = (key: string, l: WiegandOptions['d0']) => ({ ...inputRequest(key, l), activeLow: true, debounce: 0 });
    this.#lines = new Lines([line('d0', options.d0), line('d1', options.d1)], options.backend, context);
    this.#lines.on('edge', (edge) => this.#onEdge(edge));
    for (const event of ['up', 'down'] as const) {
      this.#lines.on(event, () => {
        this.#collector.clear();
        this.#core.events.emit('status', this.status());
      });
    }
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onEdge({ key, active, ns }: LineEdge): void {
    if (!active) return;
    this.#collector.add(key === 'd1' ? 1 : 0, ns);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#silent(), this.#options.gap + 1);
    this.#timer.unref();
  }

  /** Silence by this process's clock: what the kernel has queued meanwhile comes first. */
  #silent(): void {
    const now = process.hrtime.bigint();
    this.#lines.drain();
    for (const bits of this.#collector.take(now)) this.#card(bits);
    if (this.#collector.pending === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#silent(), this.#options.gap + 1);
    this.#timer.unref();
  }

  #card(bits: string): void {
    const at = this.#context.clock.monotonic();
    this.#context.trace?.('in', bits);
    const { formats } = this.#options;
    const size = Math.ceil(bits.length / 8);
    if (!formats.some((f) => f === bits.length))
      return this.#core.noise(
        size,
        `${bits.length} bits, expected ${formats.join(', ')}: pulses were lost, or set \`formats\``,
      );
    const card = cardText(bits, this.#options);
    if (!card.ok) return this.#core.noise(size, card.why);
    this.#core.read(card.text, 'rfid', at, undefined, card.uid);
  }

  open(): Promise<void> {
    return this.#lines.open();
  }
  async close(): Promise<void> {
    await this.#lines.close();
    clearTimeout(this.#timer);
  }

  status(): DeviceStatus {
    return this.#core.status(this.#lines.state, this.#lines.reason, { reconnects: this.#lines.reconnects });
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const backend = this.#lines.backend;
    report({
      name: 'lines',
      ok: this.#lines.state === 'ready',
      detail: this.#lines.state === 'ready' ? `open by ${backend?.kind}` : this.#lines.reason,
    });
    if (backend?.kind === 'sysfs')
      report({
        name: 'time stamps',
        ok: false,
        detail: 'sysfs gives none and loses short pulses: use a kernel with the GPIO character device',
      });
    for (const key of ['d0', 'd1'] as const) {
      const low = this.#lines.get(key);
      report({
        name: key,
        ok: low === false,
        detail: `${formatLine(this.#options[key].line)} ${low === false ? 'is high, as it must be at rest' : 'is low at rest: open, shorted or swapped with ground'}`,
      });
    }
    report({ name: 'card', ok: null, detail: 'present a card; `portillon reader listen` shows it' });
  }
}
