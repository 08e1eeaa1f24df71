import type { Barrier, DeviceState, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import type { Board, BoardEvents, Output } from '../kit/board.js';
import { named } from '../kit/outputs.js';
import { TurnstileBarrier } from '../kit/turnstile.js';
import { Emitter } from '../transport/emitter.js';
import type { HidBackend } from '../transport/hid.js';
import { HidReports } from '../transport/hid.js';
import { ALL_OFF, decodeState, encodeRelay, PRODUCT_ID, relayCount, STATE_REPORT, VENDOR_ID } from './codec.js';
import type { UsbRelayOptions } from './options.js';

export function create(options: UsbRelayOptions, context: DriverContext, backend?: HidBackend): Barrier {
  return new TurnstileBarrier(new UsbRelayBoard(options, context, backend), options, context);
}

/** The boards are cheap and lose writes: every command is read back. */
class UsbRelayBoard implements Board {
  readonly outputs: ReadonlySet<Output>;
  readonly inputs: Board['inputs'] = new Set();
  readonly #options: UsbRelayOptions;
  readonly #relays: ReadonlyMap<Output, number>;
  readonly #port: HidReports;
  readonly #events: Emitter<BoardEvents>;
  readonly #counters = { lostWrites: 0 };
  /** One command at a time: a read-back must not see the next command's state. */
  #queue: Promise<unknown> = Promise.resolve();
  #wrong: string | undefined;

  constructor(options: UsbRelayOptions, context: DriverContext, backend?: HidBackend) {
    this.#options = options;
    this.#relays = named<Output, number>(options.outputs);
    this.outputs = new Set(this.#relays.keys());
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#port = new HidReports({ vendorId: VENDOR_ID, productId: PRODUCT_ID, path: options.path }, context, backend);
    this.#port.on('up', () => void this.#onUp(context));
    this.#port.on('down', (reason) => this.#events.emit('down', reason));
  }

  async #onUp(context: DriverContext): Promise<void> {
    try {
      await this.#locked(() => this.#port.sendFeature([...ALL_OFF]));
      const state = await this.#locked(() => this.#state());
      const { boardSerial } = this.#options;
      this.#wrong =
        boardSerial !== undefined && state.serial !== boardSerial
          ? `this is the board ${state.serial}, not ${boardSerial}: set \`path\``
          : undefined;
    } catch (error) {
      context.log.warn({ error: String(error) }, 'the relay board does not answer');
    }
    this.#events.emit('up', undefined);
  }

  get state(): DeviceState {
    return this.#port.state === 'ready' && this.#wrong !== undefined ? 'offline' : this.#port.state;
  }
  get reason(): string {
    return this.#wrong ?? this.#port.reason;
  }
  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, reconnects: this.#port.reconnects };
  }

  on<K extends keyof BoardEvents>(event: K, listener: BoardEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  #locked<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action, action);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #state(): Promise<{ serial: string; mask: number }> {
    const state = decodeState(await this.#port.getFeature(STATE_REPORT.id, STATE_REPORT.length));
    if (!state) throw new DriverFault('write-failed', 'the relay board does not tell its state');
    return state;
  }

  set(output: Output, on: boolean, expiresAt?: number): Promise<void> {
    const relay = this.#relays.get(output);
    if (relay === undefined) return Promise.reject(new DriverFault('unsupported', `no relay for ${output}`));
    if (this.#wrong !== undefined) return Promise.reject(new DriverFault('offline', this.#wrong));
    return this.#locked(async () => {
      await this.#port.sendFeature(encodeRelay(relay, on), expiresAt);
      const { mask } = await this.#state();
      if (((mask >> (relay - 1)) & 1) === (on ? 1 : 0)) return;
      this.#counters.lostWrites++;
      throw new DriverFault('write-failed', `relay ${relay} did not switch ${on ? 'on' : 'off'}`);
    });
  }

  level(): undefined {
    return undefined;
  }

  async describe(): ReturnType<Board['describe']> {
    try {
      const { serial, mask } = await this.#locked(() => this.#state());
      const count = relayCount(this.#port.info?.product);
      return [
        { name: 'serial', ok: true, detail: `${serial}, ${count ?? 'unknown number of'} relays` },
        {
          name: 'relays',
          ok: true,
          detail: `state ${mask.toString(2).padStart(count ?? 8, '0')} (relay 1 is on the right)`,
        },
      ];
    } catch (error) {
      return [{ name: 'read-back', ok: false, detail: (error as Error).message }];
    }
  }

  open(): Promise<void> {
    return this.#port.open();
  }
  async close(): Promise<void> {
    if (this.#port.state === 'ready') await this.#locked(() => this.#port.sendFeature([...ALL_OFF])).catch(() => {});
    await this.#port.close();
  }
}
