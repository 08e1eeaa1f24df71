import type {
  Barrier,
  DeviceEvents,
  DeviceStatus,
  Direction,
  DriverContext,
  Indicator,
  Reader,
  ReaderEvents,
  SelfTestStep,
  Signal,
} from '../contract.js';
import type { Input } from '../kit/board.js';
import { TurnstileBarrier } from '../kit/turnstile.js';
import { Emitter } from '../transport/emitter.js';
import { VirtualBoard } from './board.js';
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
  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    report({ name: 'wire', ok: true, detail: 'none: this device is virtual' });
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

/** The code of every real barrier over a board without a wire. */
export class VirtualBarrier extends TurnstileBarrier {
  readonly board: VirtualBoard;
  readonly #entry: 'A' | 'B';
  readonly #context: DriverContext;
  readonly #passMin: number;

  constructor(options: VirtualBarrierOptions, context: DriverContext) {
    const board = new VirtualBoard(options.sensor, context);
    super(board, options, context);
    this.board = board;
    this.#entry = options.entry;
    this.#passMin = options.passMin;
    this.#context = context;
  }
  /** Somebody walks through. */
  async pass(direction: Direction): Promise<void> {
    const other = this.#entry === 'A' ? 'passB' : 'passA';
    const input: Input = direction === 'entry' ? `pass${this.#entry}` : other;
    this.board.drive(input, true);
    await this.#context.clock.sleep(this.#passMin + 20);
    this.board.drive(input, false);
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
