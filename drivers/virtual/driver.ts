import type {
  Barrier,
  BarrierEvents,
  DeviceEvents,
  DeviceStatus,
  DriverContext,
  Grant,
  Indicator,
  Reader,
  ReaderEvents,
  Signal,
} from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from '../transport/emitter.js';
import type { VirtualBarrierOptions, VirtualIndicatorOptions, VirtualReaderOptions } from './options.js';

abstract class VirtualDevice<E extends DeviceEvents> {
  protected readonly events: Emitter<E>;
  protected readonly counters: Record<string, number> = {};
  protected state: DeviceStatus['state'] = 'starting';

  constructor(context: DriverContext) {
    this.events = new Emitter<E>((error) => context.log.error({ error: String(error) }, 'a listener failed'));
  }
  on<K extends keyof E>(event: K, listener: E[K]): () => void {
    return this.events.on(event, listener);
  }
  async open(): Promise<void> {
    this.state = 'ready';
  }
  async close(): Promise<void> {
    this.state = 'closed';
  }
  status(): DeviceStatus {
    return { state: this.state, counters: { ...this.counters } };
  }
}

export class VirtualReader extends VirtualDevice<ReaderEvents> implements Reader {
  readonly #options: VirtualReaderOptions;
  readonly #context: DriverContext;
  constructor(options: VirtualReaderOptions, context: DriverContext) {
    super(context);
    this.#options = options;
    this.#context = context;
  }
  /** Somebody holds `text` in front of it; a closed reader sees nothing. */
  present(text: string): void {
    if (this.state !== 'ready') return;
    this.counters.frames = (this.counters.frames ?? 0) + 1;
    this.events.emit('read', { text, medium: this.#options.medium, at: this.#context.clock.monotonic() });
  }
}

export class VirtualBarrier extends VirtualDevice<BarrierEvents> implements Barrier {
  readonly capabilities = { directions: ['entry', 'exit'], passageSensor: false } as const;
  readonly #options: VirtualBarrierOptions;
  readonly #context: DriverContext;
  #pulse: { end: Promise<void>; finish: () => void } | undefined;
  constructor(options: VirtualBarrierOptions, context: DriverContext) {
    super(context);
    this.#options = options;
    this.#context = context;
  }
  async grant(grant: Grant): Promise<void> {
    if (this.state !== 'ready') throw new DriverFault('offline', 'the virtual barrier is not open');
    if (this.#pulse) throw new DriverFault('busy', 'the pulse before has not ended');
    if (this.#context.clock.monotonic() > grant.expiresAt) throw new DriverFault('expired', 'too late');
    this.counters.grants = (this.counters.grants ?? 0) + 1;
    const stop = new AbortController();
    const end = this.#context.clock.sleep(this.#options.pulse, stop.signal).then(() => {
      this.#pulse = undefined;
    });
    this.#pulse = { end, finish: () => stop.abort() };
  }
  async idle(): Promise<void> {
    await this.#pulse?.end;
  }
  async revoke(): Promise<void> {
    this.#pulse?.finish();
    await this.#pulse?.end;
  }
  override async close(): Promise<void> {
    await this.revoke();
    await super.close();
  }
}

export class VirtualIndicator extends VirtualDevice<DeviceEvents> implements Indicator {
  readonly capabilities = { lamp: true, sound: true, text: true };
  last: Signal | undefined;
  show(signal: Signal): void {
    this.last = signal;
    this.counters.signals = (this.counters.signals ?? 0) + 1;
  }
}

export const createReader = (options: VirtualReaderOptions, context: DriverContext): Reader =>
  new VirtualReader(options, context);
export const createBarrier = (options: VirtualBarrierOptions, context: DriverContext): Barrier =>
  new VirtualBarrier(options, context);
export const createIndicator = (_options: VirtualIndicatorOptions, context: DriverContext): Indicator =>
  new VirtualIndicator(context);
