import type { Barrier, DeviceState, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import type { Board, BoardEvents, Input, Output } from '../kit/board.js';
import { named } from '../kit/outputs.js';
import { TurnstileBarrier } from '../kit/turnstile.js';
import { Emitter } from '../transport/emitter.js';
import { ModbusBus } from '../transport/modbus.js';
import type { ModbusOptions } from './options.js';

const ON = 0xff00;
const OFF = 0x0000;
/** Waveshare: this much above the coil's number, the value is a time in 100 ms. */
const FLASH_ON = 0x0200;
/** Requests in a row without an answer until the board counts as away. */
const SILENT = 3;
/** A board that is away is asked this often, milliseconds. */
const ASK_AGAIN = 500;

export function create(options: ModbusOptions, context: DriverContext): Barrier {
  return new TurnstileBarrier(new ModbusBoard(options, context), options, context);
}

class ModbusBoard implements Board {
  readonly outputs: ReadonlySet<Output>;
  readonly inputs: ReadonlySet<Input>;
  readonly pulse: Board['pulse'];
  readonly #options: ModbusOptions;
  readonly #context: DriverContext;
  readonly #bus: ModbusBus;
  readonly #coils: ReadonlyMap<Output, number>;
  readonly #contacts: ReadonlyMap<Input, { input: number; normallyClosed: boolean }>;
  readonly #events: Emitter<BoardEvents>;
  readonly #levels = new Map<Input, boolean>();
  #state: DeviceState = 'starting';
  #reason = '';
  /** When the last look that was answered began, monotonic milliseconds. */
  #looked = 0;
  #silent = 0;
  #wasUp = false;
  #reconnects = 0;
  #stop: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: ModbusOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    const { path, baudRate, parity, stopBits, timeout, turnaround } = options;
    this.#bus = ModbusBus.of({ path, baudRate, dataBits: 8, parity, stopBits, timeout, turnaround }, context);
    this.#coils = named<Output, number>(options.outputs);
    this.#contacts = named<Input, { input: number; normallyClosed: boolean }>(options.inputs);
    this.outputs = new Set(this.#coils.keys());
    this.inputs = new Set(this.#contacts.keys());
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    if (options.pulseBy === 'board') this.pulse = (output, ms, expiresAt) => this.#boardPulse(output, ms, expiresAt);
  }

  get state(): DeviceState {
    return this.#state;
  }
  get reason(): string {
    return this.#reason;
  }
  get counters(): Readonly<Record<string, number>> {
    return { ...this.#bus.counters, reconnects: this.#reconnects };
  }
  on<K extends keyof BoardEvents>(event: K, listener: BoardEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  async open(): Promise<void> {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#state = 'starting';
    await this.#bus.open();
    await this.#ask();
    this.#loop = this.#poll(stop.signal);
  }

  async #poll(stop: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    while (!stop.aborted) {
      const wait = this.#state !== 'ready' ? ASK_AGAIN : this.#contacts.size > 0 ? this.#options.poll : ASK_AGAIN;
      await clock.sleep(wait, stop);
      if (!stop.aborted) await this.#ask();
    }
  }

  /** One look at the board: brings it up, reads its inputs, or notices that it is away. */
  async #ask(): Promise<void> {
    try {
      if (this.#state !== 'ready') await this.#allOff();
      await this.#readInputs();
      this.#answered();
    } catch (error) {
      this.#unanswered(error as Error);
    }
  }

  #answered(): void {
    this.#silent = 0;
    if (this.#state === 'ready') return;
    this.#state = 'ready';
    this.#reason = '';
    if (this.#wasUp) this.#reconnects++;
    this.#wasUp = true;
    this.#events.emit('up', undefined);
  }

  #unanswered(error: Error): void {
    this.#silent++;
    const away = this.#bus.state !== 'ready' || this.#silent >= SILENT || this.#state === 'starting';
    if (!away || this.#state === 'closed') return;
    const reason =
      this.#bus.state === 'ready' ? `${error.message}; check power, A/B, \`unit\` and \`baudRate\`` : this.#bus.reason;
    const news = this.#state !== 'offline' || this.#reason !== reason;
    this.#state = 'offline';
    this.#reason = reason;
    this.#levels.clear();
    if (news) this.#events.emit('down', reason);
  }

  async #allOff(): Promise<void> {
    for (const coil of this.#coils.values()) await this.#bus.writeCoil(this.#options.unit, coil, OFF);
  }

  async #readInputs(): Promise<void> {
    const { unit } = this.#options;
    if (this.#contacts.size === 0) {
      // Something must be asked, or a board that went away would not be noticed before the next visitor.
      const coil = [...this.#coils.values()][0] ?? 0;
      await this.#bus.readCoils(unit, coil, 1);
      return;
    }
    const numbers = [...this.#contacts.values()].map((c) => c.input);
    const first = Math.min(...numbers);
    const { clock } = this.#context;
    const began = clock.monotonic();
    const bits = await this.#bus.readInputs(unit, first, Math.max(...numbers) - first + 1);
    const edge = { at: clock.monotonic(), after: this.#looked };
    const changed: { input: Input; active: boolean }[] = [];
    for (const [input, { input: number, normallyClosed }] of this.#contacts) {
      const active = (bits[number - first] ?? false) !== normallyClosed;
      const before = this.#levels.get(input);
      this.#levels.set(input, active);
      if (before !== undefined && before !== active) changed.push({ input, active });
    }
    // What ended comes first: a contact that is at rest again does not belong to one that became active.
    changed.sort((a, b) => Number(a.active) - Number(b.active));
    for (const { input, active } of changed) this.#events.emit('input', { input, active, ...edge });
    this.#looked = began;
  }

  catchUp(): number {
    return this.#contacts.size > 0 ? this.#looked : this.#context.clock.monotonic();
  }

  set(output: Output, on: boolean, expiresAt?: number): Promise<void> {
    return this.#write(output, on ? ON : OFF, 0, expiresAt);
  }

  #boardPulse(output: Output, ms: number, expiresAt: number): Promise<void> {
    return this.#write(output, Math.max(1, Math.round(ms / 100)), FLASH_ON, expiresAt);
  }

  /** Never written twice: the board may have heard it. A write without an answer is looked up instead. */
  async #write(output: Output, value: number, offset: number, expiresAt?: number): Promise<void> {
    const coil = this.#coils.get(output);
    if (coil === undefined) throw new DriverFault('unsupported', `no coil for ${output}`);
    if (this.#state !== 'ready') throw new DriverFault('offline', this.#reason || 'the board has not answered yet');
    const { unit } = this.#options;
    try {
      await this.#bus.writeCoil(unit, coil + offset, value, expiresAt);
    } catch (error) {
      if (this.#bus.state !== 'ready') this.#unanswered(error as Error);
      if (!(error instanceof DriverFault) || error.code !== 'no-answer') throw error;
      const [on] = await this.#bus.readCoils(unit, coil, 1).catch(() => [undefined]);
      if (on === undefined || on !== (value !== OFF)) throw error;
    }
  }

  level(input: Input): boolean | undefined {
    return this.#levels.get(input);
  }

  async describe(): ReturnType<Board['describe']> {
    const { unit } = this.#options;
    let failed = 0;
    const tries = 20;
    for (let i = 0; i < tries; i++) await this.#bus.readCoils(unit, 0, 1).catch(() => failed++);
    return [
      {
        name: 'error rate',
        ok: failed === 0,
        detail: `${failed} of ${tries} requests to unit ${unit} without an answer`,
      },
      ...[...this.#coils].map(([output, coil]) => ({ name: `coil ${coil}`, ok: null, detail: `is ${output}` })),
    ];
  }

  async close(): Promise<void> {
    if (!this.#stop) return;
    this.#stop.abort();
    await this.#loop;
    if (this.#state === 'ready') await this.#allOff().catch(() => {});
    this.#stop = undefined;
    this.#wasUp = false;
    this.#state = 'closed';
    this.#reason = 'closed';
    await this.#bus.close();
    this.#events.emit('down', 'closed');
  }
}
