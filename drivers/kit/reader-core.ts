import type { DeviceState, DeviceStatus, DriverContext, Medium, ReaderEvents } from '../contract.js';
import { Emitter } from '../transport/emitter.js';

/** This many pieces of noise within the window, without a good read, mean a wrong setting or a broken cable. */
const NOISE_LIMIT = 5;
const SURE_LIMIT = 2;
const NOISE_WINDOW = 60_000;

/** What every reader does alike: events, counters, and the step from "some noise" to "degraded". */
export class ReaderCore {
  readonly events: Emitter<ReaderEvents>;
  readonly counters: Record<string, number> = { frames: 0, noise: 0, noiseBytes: 0 };
  readonly #context: DriverContext;
  #noiseTimes: number[] = [];
  #noiseWhy = '';
  #limit = NOISE_LIMIT;

  constructor(context: DriverContext) {
    this.#context = context;
    this.events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
  }

  /** `at`: monotonic milliseconds of the last byte. */
  read(text: string, medium: Medium, at: number, symbology?: string, uid?: Uint8Array): void {
    this.count('frames');
    const wasDegraded = this.degradedBy !== undefined;
    this.#noiseTimes = [];
    this.events.emit('read', { text, medium, ...(symbology !== undefined && { symbology }), ...(uid && { uid }), at });
    if (wasDegraded) this.events.emit('status', this.status('ready', '', {}));
  }

  /** Part of a read is here. */
  coming(): void {
    this.events.emit('coming', undefined);
  }

  /** Bytes that were no read. `sure`: the cause is beyond doubt, so fewer pieces will do. */
  noise(bytes: number, why: string, sure = false): void {
    const wasDegraded = this.degradedBy !== undefined;
    const now = this.#context.clock.monotonic();
    this.count('noise');
    this.count('noiseBytes', bytes);
    this.#noiseWhy = why;
    this.#limit = sure ? SURE_LIMIT : NOISE_LIMIT;
    this.#noiseTimes = [...this.#noiseTimes.filter((t) => now - t < NOISE_WINDOW), now].slice(-NOISE_LIMIT);
    this.events.emit('noise', { bytes, why });
    if (!wasDegraded && this.degradedBy !== undefined) this.events.emit('status', this.status('ready', '', {}));
  }

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  /** Why a reader that is there is of little use. */
  get degradedBy(): string | undefined {
    return this.#noiseTimes.length >= this.#limit ? this.#noiseWhy : undefined;
  }

  /** The device's status from its port's state. */
  status(state: DeviceState, reason: string, more: Readonly<Record<string, number>>): DeviceStatus {
    const counters = { ...this.counters, ...more };
    if (state !== 'ready') return { state, reason, counters };
    const why = this.degradedBy;
    return why === undefined ? { state, counters } : { state: 'degraded', reason: why, counters };
  }
}
