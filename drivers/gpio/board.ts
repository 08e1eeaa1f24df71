import type { DeviceState, DriverContext } from '../contract.js';
import type { Board, BoardEvents, Input, Output } from '../kit/board.js';
import { DriverFault } from '../contract.js';
import { inputRequest, outputRequest } from '../kit/line-options.js';
import { named } from '../kit/outputs.js';
import { Emitter } from '../transport/emitter.js';
import { formatLine } from '../transport/line-types.js';
import type { LineRequest } from '../transport/line-types.js';
import { Lines } from '../transport/lines.js';
import type { GpioBarrierOptions } from './options.js';

/** Relays and contacts on GPIO lines. Outputs open logically off: an active-low relay board does not click at start. */
export class GpioBoard implements Board {
  readonly outputs: ReadonlySet<Output>;
  readonly inputs: ReadonlySet<Input>;
  readonly #lines: Lines;
  readonly #events: Emitter<BoardEvents>;
  readonly #requests: readonly LineRequest[];
  readonly #context: DriverContext;
  readonly #levels = new Map<Input, boolean>();

  constructor(options: GpioBarrierOptions, context: DriverContext) {
    const outputs = named<Output, NonNullable<GpioBarrierOptions['outputs']['grantA']>>(options.outputs);
    const inputs = named<Input, NonNullable<GpioBarrierOptions['inputs']['passA']>>(options.inputs);
    this.outputs = new Set(outputs.keys());
    this.inputs = new Set(inputs.keys());
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#requests = [
      ...[...outputs].map(([key, line]) => outputRequest(key, line)),
      ...[...inputs].map(([key, line]) => inputRequest(key, line)),
    ];
    this.#lines = new Lines(this.#requests, options.backend, context);
    this.#lines.on('up', () => this.#onUp());
    this.#lines.on('down', (reason) => {
      this.#levels.clear();
      this.#events.emit('down', reason);
    });
    this.#lines.on('edge', ({ key, active, ns }) => this.#onEdge(key as Input, active, ns));
  }

  #onUp(): void {
    for (const input of this.inputs) this.#levels.set(input, this.#lines.get(input) ?? false);
    this.#events.emit('up', undefined);
  }

  #onEdge(input: Input, active: boolean, ns: bigint): void {
    if (this.#levels.get(input) === active) return;
    this.#levels.set(input, active);
    // The kernel's time of the edge on this process's clock.
    const age = Number(process.hrtime.bigint() - ns) / 1e6;
    this.#events.emit('input', { input, active, at: this.#context.clock.monotonic() - Math.max(0, age) });
  }

  get state(): DeviceState {
    return this.#lines.state;
  }
  get reason(): string {
    return this.#lines.reason;
  }
  get counters(): Readonly<Record<string, number>> {
    return { reconnects: this.#lines.reconnects };
  }

  on<K extends keyof BoardEvents>(event: K, listener: BoardEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  async set(output: Output, on: boolean, expiresAt = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#context.clock.monotonic() > expiresAt) throw new DriverFault('expired', 'too late');
    this.#lines.set(output, on);
  }

  level(input: Input): boolean | undefined {
    return this.#levels.get(input);
  }

  catchUp(): number {
    const now = this.#context.clock.monotonic();
    this.#lines.drain();
    return now;
  }

  async describe(): ReturnType<Board['describe']> {
    const backend = this.#lines.backend;
    return [
      {
        name: 'back end',
        ok: backend !== undefined,
        detail: backend ? `${backend.kind}: ${backend.why}` : this.reason,
      },
      ...this.#requests.map(({ key, address, activeLow, direction }) => {
        const level = this.#lines.get(key);
        return {
          name: `line ${key}`,
          ok: level !== undefined,
          detail: `${formatLine(address)} ${direction}${activeLow ? ' active-low' : ''}: ${level === undefined ? 'not open' : level ? 'on' : 'off'}`,
        };
      }),
    ];
  }

  open(): Promise<void> {
    return this.#lines.open();
  }
  close(): Promise<void> {
    return this.#lines.close();
  }
}
