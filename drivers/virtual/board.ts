import type { DeviceState, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import type { Board, BoardEvents, Input, Output } from '../kit/board.js';
import { INPUTS, OUTPUTS } from '../kit/board.js';
import { Emitter } from '../transport/emitter.js';

/** Relays and contacts without a wire. */
export class VirtualBoard implements Board {
  readonly outputs: ReadonlySet<Output> = new Set(OUTPUTS);
  readonly inputs: ReadonlySet<Input>;
  readonly on_ = new Set<Output>();
  readonly counters: Record<string, number> = {};
  state: DeviceState = 'starting';
  reason = '';
  /** What hangs on its relays. */
  onRelay: (output: Output, on: boolean) => void = () => {};
  readonly #levels = new Map<Input, boolean>();
  readonly #events: Emitter<BoardEvents>;
  readonly #context: DriverContext;

  constructor(sensor: boolean, context: DriverContext) {
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.inputs = new Set(INPUTS.filter((i) => i !== 'ready' && (sensor || (i !== 'passA' && i !== 'passB'))));
  }

  on<K extends keyof BoardEvents>(event: K, listener: BoardEvents[K]): () => void {
    return this.#events.on(event, listener);
  }
  async open(): Promise<void> {
    if (this.state === 'ready') return;
    this.state = 'ready';
    this.reason = '';
    this.#events.emit('up', undefined);
  }
  async close(): Promise<void> {
    this.#down('closed', 'closed');
  }
  /** As if its cable came off. */
  unplug(): void {
    if (this.state === 'ready') this.#down('offline', 'unplugged');
  }
  #down(state: DeviceState, reason: string): void {
    // A board without power has its relays off.
    for (const output of [...this.on_]) {
      this.on_.delete(output);
      this.onRelay(output, false);
    }
    this.state = state;
    this.reason = reason;
    this.#events.emit('down', reason);
  }
  async set(output: Output, on: boolean, expiresAt = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.state !== 'ready') throw new DriverFault('offline', 'the virtual barrier is not open');
    if (this.#context.clock.monotonic() > expiresAt) throw new DriverFault('expired', 'too late');
    if (on && !this.on_.has(output)) this.counters[output] = (this.counters[output] ?? 0) + 1;
    const was = this.on_.has(output);
    if (on) this.on_.add(output);
    else this.on_.delete(output);
    if (was !== on) this.onRelay(output, on);
  }
  level(input: Input): boolean | undefined {
    return this.inputs.has(input) ? (this.#levels.get(input) ?? false) : undefined;
  }
  /** A contact changes; `at`: monotonic milliseconds of the edge, as a kernel would stamp it. */
  drive(input: Input, active: boolean, at = this.#context.clock.monotonic()): void {
    if (this.state !== 'ready' || this.#levels.get(input) === active) return;
    this.#levels.set(input, active);
    this.#events.emit('input', { input, active, at });
  }
  async describe(): ReturnType<Board['describe']> {
    return [{ name: 'wire', ok: true, detail: 'none: this barrier is virtual' }];
  }
}
