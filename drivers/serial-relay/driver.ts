import type { Barrier, BarrierEvents, DeviceStatus, DriverContext, Grant } from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from '../transport/emitter.js';
import { SerialBytes } from '../transport/serial.js';
import { encodeRelay } from './codec.js';
import type { SerialRelayOptions } from './options.js';

export function create(options: SerialRelayOptions, context: DriverContext): Barrier {
  return new SerialRelay(options, context);
}

/** The board answers nothing: this is an open loop, and no passage is reported. */
class SerialRelay implements Barrier {
  readonly capabilities = { directions: ['entry', 'exit'], passageSensor: false } as const;
  readonly #options: SerialRelayOptions;
  readonly #port: SerialBytes;
  readonly #events: Emitter<BarrierEvents>;
  readonly #counters = { grants: 0, failedOff: 0 };
  #pulse: { end: Promise<void>; finish: () => void } | undefined;

  constructor(options: SerialRelayOptions, context: DriverContext) {
    this.#options = options;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#port = new SerialBytes({ ...options, dataBits: 8, parity: 'none', stopBits: 1 }, context);
    this.#port.on('up', () => {
      // The safe level first: a relay may have stayed on since the process before, or since the plug came off.
      this.#off();
      this.#events.emit('status', this.status());
    });
    this.#port.on('down', () => {
      this.#pulse?.finish();
      this.#events.emit('status', this.status());
    });
  }

  on<K extends keyof BarrierEvents>(event: K, listener: BarrierEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  async grant(grant: Grant): Promise<void> {
    if (this.#pulse) throw new DriverFault('busy', 'the pulse before has not ended');
    this.#port.write(encodeRelay(this.#options.channel, true), grant.expiresAt);
    this.#counters.grants++;
    let finish: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      const timer = setTimeout(() => finish(), this.#options.pulse);
      finish = () => {
        clearTimeout(timer);
        this.#pulse = undefined;
        this.#off();
        resolve();
      };
    });
    this.#pulse = { end, finish };
  }

  #off(): void {
    try {
      this.#port.write(encodeRelay(this.#options.channel, false));
    } catch {
      // Not reachable: "off" is the first thing it hears when it is back.
      this.#counters.failedOff++;
    }
  }

  async idle(): Promise<void> {
    await this.#pulse?.end;
  }

  async revoke(): Promise<void> {
    this.#pulse?.finish();
  }

  open(): Promise<void> {
    return this.#port.open();
  }

  async close(): Promise<void> {
    if (this.#pulse) this.#pulse.finish();
    else if (this.#port.state === 'ready') this.#off();
    await this.#port.close();
  }

  status(): DeviceStatus {
    const counters = { ...this.#counters, reconnects: this.#port.reconnects };
    if (this.#port.state === 'ready') return { state: 'ready', counters };
    return { state: this.#port.state, reason: this.#port.reason, counters };
  }
}
