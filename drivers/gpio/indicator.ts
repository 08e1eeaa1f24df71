import type {
  DeviceEvents,
  DeviceStatus,
  DriverContext,
  Indicator,
  Pattern,
  SelfTestStep,
  Signal,
} from '../contract.js';
import { outputRequest } from '../kit/line-options.js';
import { named } from '../kit/outputs.js';
import type { Lamp } from '../kit/patterns.js';
import { playOf } from '../kit/patterns.js';
import { Emitter } from '../transport/emitter.js';
import { Lines } from '../transport/lines.js';
import type { GpioIndicatorOptions, GpioBarrierOptions } from './options.js';

type Line = NonNullable<GpioBarrierOptions['outputs']['grantA']>;

/** Lamps and a buzzer. A new signal replaces the running one at once; what stays (closed, free) comes back after it. */
export class GpioIndicator implements Indicator {
  readonly capabilities: Indicator['capabilities'];
  readonly #options: GpioIndicatorOptions;
  readonly #context: DriverContext;
  readonly #lamps: ReadonlyMap<Lamp, Line>;
  readonly #lines: Lines;
  readonly #events: Emitter<DeviceEvents>;
  readonly #counters = { signals: 0, failed: 0 };
  #resting: Pattern = 'ready';
  #playing = new AbortController();
  #done: Promise<void> = Promise.resolve();

  constructor(options: GpioIndicatorOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#lamps = named<Lamp, Line>(options.lamps);
    this.capabilities = {
      lamp: [...this.#lamps.keys()].some((l) => l !== 'buzzer'),
      sound: this.#lamps.has('buzzer'),
      text: false,
    };
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#lines = new Lines(
      [...this.#lamps].map(([key, line]) => outputRequest(key, line)),
      options.backend,
      context,
    );
    this.#lines.on('up', () => {
      this.#play(this.#resting);
      this.#events.emit('status', this.status());
    });
    this.#lines.on('down', () => this.#events.emit('status', this.status()));
  }

  on<K extends keyof DeviceEvents>(event: K, listener: DeviceEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  show(signal: Signal): void {
    this.#counters.signals++;
    if (playOf(signal.pattern, this.#options).stay) this.#resting = signal.pattern;
    this.#play(signal.pattern);
  }

  #play(pattern: Pattern): void {
    this.#playing.abort();
    const mine = new AbortController();
    this.#playing = mine;
    this.#done = this.#run(pattern, mine.signal);
  }

  async #run(pattern: Pattern, stop: AbortSignal): Promise<void> {
    const { steps, stay } = playOf(pattern, this.#options);
    for (const { on, ms } of steps) {
      this.#set(on);
      if (ms > 0) await this.#context.clock.sleep(ms, stop);
      if (stop.aborted) return;
    }
    if (stay) return;
    for (const { on } of playOf(this.#resting, this.#options).steps) this.#set(on);
  }

  #set(on: readonly Lamp[]): void {
    const wanted = new Set<Lamp>(on);
    // No amber lamp: green and red together.
    if (wanted.has('amber') && !this.#lamps.has('amber'))
      for (const lamp of ['green', 'red'] as const) wanted.add(lamp);
    for (const lamp of this.#lamps.keys()) {
      try {
        this.#lines.set(lamp, wanted.has(lamp));
      } catch {
        // A lamp that fails never fails a visitor; the status says so.
        this.#counters.failed++;
      }
    }
  }

  open(): Promise<void> {
    return this.#lines.open();
  }
  async close(): Promise<void> {
    this.#playing.abort();
    await this.#done;
    await this.#lines.close();
  }

  status(): DeviceStatus {
    const { state, reason } = this.#lines;
    const counters = { ...this.#counters };
    return state === 'ready' ? { state, counters } : { state, reason, counters };
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { state, reason } = this.status();
    report({ name: 'lines', ok: state === 'ready', detail: reason ?? `open by ${this.#lines.backend?.kind}` });
    for (const pattern of ['admit', 'attend', 'refuse', 'wait', 'fault'] as const) {
      this.#play(pattern);
      await this.#done;
      report({ name: `pattern ${pattern}`, ok: null, detail: 'was it seen and heard?' });
    }
  }
}
