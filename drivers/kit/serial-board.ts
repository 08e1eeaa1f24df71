import { DriverFault } from '../contract.js';
import type { DriverContext, DeviceState } from '../contract.js';
import { Emitter } from '../transport/emitter.js';
import type { SerialSettings } from '../transport/serial.js';
import { SerialBytes } from '../transport/serial.js';
import type { Board, BoardEvents, Output } from './board.js';

export interface SerialBoardCodec {
  encode(relay: number, on: boolean): Uint8Array;
}

/** Relays behind a serial port that are told and answer nothing: an open loop. */
export class SerialBoard implements Board {
  readonly outputs: ReadonlySet<Output>;
  readonly inputs: Board['inputs'] = new Set();
  readonly #relays: ReadonlyMap<Output, number>;
  readonly #codec: SerialBoardCodec;
  readonly #port: SerialBytes;
  readonly #events: Emitter<BoardEvents>;

  constructor(
    settings: SerialSettings,
    relays: ReadonlyMap<Output, number>,
    codec: SerialBoardCodec,
    context: DriverContext,
  ) {
    this.outputs = new Set(relays.keys());
    this.#relays = relays;
    this.#codec = codec;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#port = new SerialBytes(settings, context);
    this.#port.on('up', () => {
      // The safe level first: a relay may have stayed on since the process before, or since the plug came off.
      this.#allOff();
      this.#events.emit('up', undefined);
    });
    this.#port.on('down', (reason) => this.#events.emit('down', reason));
  }

  get state(): DeviceState {
    return this.#port.state;
  }
  get reason(): string {
    return this.#port.reason;
  }
  get counters(): Readonly<Record<string, number>> {
    return { reconnects: this.#port.reconnects };
  }

  on<K extends keyof BoardEvents>(event: K, listener: BoardEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  #allOff(): void {
    for (const relay of this.#relays.values()) {
      try {
        this.#port.write(this.#codec.encode(relay, false));
      } catch {
        // Gone again: the next "up" says it.
      }
    }
  }

  async set(output: Output, on: boolean, expiresAt?: number): Promise<void> {
    const relay = this.#relays.get(output);
    if (relay === undefined) throw new DriverFault('unsupported', `no relay for ${output}`);
    this.#port.write(this.#codec.encode(relay, on), expiresAt);
  }

  level(): undefined {
    return undefined;
  }

  async describe(): ReturnType<Board['describe']> {
    return [
      {
        name: 'read-back',
        ok: null,
        detail: 'this board answers nothing: listen for the click of `portillon barrier pulse`',
      },
    ];
  }

  open(): Promise<void> {
    return this.#port.open();
  }

  async close(): Promise<void> {
    if (this.#port.state === 'ready') this.#allOff();
    await this.#port.close();
  }
}
