import type { DeviceStatus, DriverContext, Reader, ReaderEvents, SelfTestStep } from '../contract.js';
import { cardText } from '../kit/card-bits.js';
import { inputRequest } from '../kit/line-options.js';
import { ReaderCore } from '../kit/reader-core.js';
import type { LineEdge } from '../transport/line-types.js';
import { formatLine } from '../transport/line-types.js';
import { Lines } from '../transport/lines.js';
import type { WiegandOptions } from './options.js';

const MAX_BITS = 128;

export function create(options: WiegandOptions, context: DriverContext): Reader {
  return new WiegandReader(options, context);
}

class WiegandReader implements Reader {
  readonly #options: WiegandOptions;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #lines: Lines;
  /** Falling edges: the order of the two lines is the kernel's time, not the order this process heard of them. */
  #edges: { bit: number; ns: bigint }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WiegandOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    // Pulses last 20 to 200 us: any debouncing would swallow them. Low is active.
    const line = (key: string, l: WiegandOptions['d0']) => ({ ...inputRequest(key, l), activeLow: true, debounce: 0 });
    this.#lines = new Lines([line('d0', options.d0), line('d1', options.d1)], options.backend, context);
    this.#lines.on('edge', (edge) => this.#onEdge(edge));
    for (const event of ['up', 'down'] as const) {
      this.#lines.on(event, () => {
        this.#edges = [];
        this.#core.events.emit('status', this.status());
      });
    }
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onEdge({ key, active, ns }: LineEdge): void {
    if (!active) return;
    if (this.#edges.length < MAX_BITS) this.#edges.push({ bit: key === 'd1' ? 1 : 0, ns });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ended(), this.#options.gap);
    this.#timer.unref();
  }

  #ended(): void {
    const edges = this.#edges.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
    this.#edges = [];
    const bits = edges.map((e) => e.bit).join('');
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
