import { EventEmitter } from 'node:events';
import type { ModbusRTU } from 'modbus-serial/ModbusRTU.js';
import type { DeviceState, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import { AnswerFramer } from '../framing/modbus-frames.js';
import type { SerialSettings } from './serial.js';
import { SerialBytes } from './serial.js';

export interface ModbusSettings extends SerialSettings {
  /** Milliseconds. */
  timeout: number;
  /** Quiet time of the bus after a time-out, before the next request, milliseconds. */
  turnaround: number;
}

/**
 * The serial port as modbus-serial wants it. It hands over only whole answers to the request that is out: modbus-serial itself would take
 * the late answer of a request that timed out for the answer to the next one.
 */
class RtuPort extends EventEmitter {
  readonly #bytes: SerialBytes;
  readonly framer = new AnswerFramer();
  /** Monotonic milliseconds after which a request must not go out any more. */
  expiresAt = Number.POSITIVE_INFINITY;
  lastByte = 0;
  stray = 0;

  constructor(bytes: SerialBytes, now: () => number) {
    super();
    this.#bytes = bytes;
    bytes.on('data', (chunk) => {
      this.lastByte = now();
      const answer = this.framer.push(chunk);
      if (answer) this.emit('data', Buffer.from(answer));
      else this.stray += chunk.length;
    });
  }
  get isOpen(): boolean {
    return this.#bytes.state === 'ready';
  }
  open(callback: (error?: Error) => void): void {
    callback();
  }
  close(callback: () => void): void {
    callback();
  }
  write(request: Buffer): void {
    this.framer.expect(request);
    this.#bytes.write(request, this.expiresAt);
  }
}

type Client = ModbusRTU;

/** A question that changes nothing and that every board answers, if only by "I cannot"; the answer names its function. */
interface Probe {
  fn: number;
  ask: (client: Client) => Promise<unknown>;
}
const COILS: Probe = { fn: 1, ask: (c) => c.readCoils(0, 1) };
const PROBES: readonly Probe[] = [
  COILS,
  { fn: 2, ask: (c) => c.readDiscreteInputs(0, 1) },
  { fn: 3, ask: (c) => c.readHoldingRegisters(0, 1) },
  { fn: 4, ask: (c) => c.readInputRegisters(0, 1) },
];
/** No board, adapter or driver keeps an answer back for longer than this, milliseconds. */
const LATEST = 1_000;

/** One RS-485 bus with several units; one request at a time. Users call `open` and `close`, the port lives while there are any. */
export class ModbusBus {
  readonly #settings: ModbusSettings;
  readonly #context: DriverContext;
  readonly #bytes: SerialBytes;
  readonly #port: RtuPort;
  #client: Promise<Client> | undefined;
  #users = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** Units that owe answers: the functions these would have, and when the last of them was asked for. */
  readonly #owing = new Map<number, { functions: Set<number>; since: number }>();
  #quietFor = 0;
  readonly counters = { requests: 0, timeouts: 0, exceptions: 0 };

  /** The bus behind a path, one for all devices of a gate. */
  static of(settings: ModbusSettings, context: DriverContext): ModbusBus {
    return context.share(`modbus:${settings.path}`, () => new ModbusBus(settings, context));
  }

  private constructor(settings: ModbusSettings, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
    this.#bytes = new SerialBytes(settings, context);
    this.#port = new RtuPort(this.#bytes, () => context.clock.monotonic());
  }

  get state(): DeviceState {
    return this.#bytes.state;
  }
  get reason(): string {
    return this.#bytes.reason;
  }
  get reconnects(): number {
    return this.#bytes.reconnects;
  }

  async open(): Promise<void> {
    if (this.#users++ === 0) await this.#bytes.open();
  }
  async close(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return;
    await this.#queue;
    await this.#bytes.close();
  }

  readInputs(unit: number, first: number, count: number): Promise<boolean[]> {
    return this.#request(unit, async (client) => (await client.readDiscreteInputs(first, count)).data.slice(0, count));
  }
  readCoils(unit: number, first: number, count: number): Promise<boolean[]> {
    return this.#request(unit, async (client) => (await client.readCoils(first, count)).data.slice(0, count));
  }

  /** Function 5; `value` FF00 on, 0000 off, or what a maker made of it. The echo must say the same. */
  async writeCoil(unit: number, address: number, value: number, expiresAt = Number.POSITIVE_INFINITY): Promise<void> {
    const bytes = [address >> 8, address & 0xff, value >> 8, value & 0xff];
    await this.#request(
      unit,
      (client) =>
        new Promise<void>((resolve, reject) => {
          client.writeCustomFC(unit, 5, bytes, (error: Error | null) => {
            if (error) reject(error);
            else resolve();
          });
        }),
      expiresAt,
    );
  }

  #request<T>(unit: number, action: (client: Client) => Promise<T>, expiresAt?: number): Promise<T> {
    const result = this.#queue.then(() => this.#now(unit, action, expiresAt));
    this.#queue = result.catch(() => {});
    return result;
  }

  async #now<T>(
    unit: number,
    action: (client: Client) => Promise<T>,
    expiresAt = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    if (this.state !== 'ready') throw new DriverFault('offline', this.reason || 'the bus is not open');
    const client = await (this.#client ??= this.#connect());
    await this.#quiet();
    client.setID(unit);
    await this.#inStep(unit, client);
    return this.#once(unit, client, action, expiresAt);
  }

  /**
   * A unit that let a request time out may answer it at any time, and a unit answers in order; Modbus RTU numbers nothing. So the next thing
   * it is asked is of a function that it owes no answer to: when that is answered, all late answers are behind us and cannot be lent to
   * anything. When there is no such function left, it is left alone until nothing can come any more.
   */
  async #inStep(unit: number, client: Client): Promise<void> {
    const owing = this.#owing.get(unit);
    if (owing === undefined) return;
    let probe = PROBES.find((p) => !owing.functions.has(p.fn));
    if (!probe) {
      if (this.#context.clock.monotonic() < owing.since + Math.max(LATEST, this.#settings.timeout))
        throw new DriverFault('no-answer', `unit ${unit}: no answer`);
      owing.functions.clear();
      probe = COILS;
    }
    try {
      await this.#once(unit, client, probe.ask);
    } catch (error) {
      // "No such address" is an answer too.
      if ((error as DriverFault).code === 'no-answer') throw error;
    }
    this.#owing.delete(unit);
    await this.#quiet();
  }

  async #once<T>(
    unit: number,
    client: Client,
    action: (client: Client) => Promise<T>,
    expiresAt = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    this.#port.expiresAt = expiresAt;
    this.counters.requests++;
    try {
      return await action(client);
    } catch (cause) {
      if (cause instanceof DriverFault) throw cause;
      if (this.state !== 'ready') {
        // The adapter is gone, the board is not: it may answer when the adapter is back.
        this.#owes(unit);
        throw new DriverFault('offline', this.reason, cause);
      }
      const { name, message, modbusCode } = cause as Error & { modbusCode?: number };
      if (modbusCode !== undefined) {
        this.counters.exceptions++;
        throw new DriverFault('write-failed', `unit ${unit}: ${message}; check the addresses`, cause);
      }
      this.counters.timeouts++;
      this.#owes(unit);
      this.#quietFor = this.#settings.turnaround;
      throw new DriverFault(
        'no-answer',
        `unit ${unit}: ${/Timed/.test(name + message) ? 'no answer' : message}`,
        cause,
      );
    } finally {
      this.#port.framer.reset();
    }
  }

  #owes(unit: number): void {
    const { functions } = this.#owing.get(unit) ?? { functions: new Set<number>() };
    this.#owing.set(unit, {
      functions: functions.add(this.#port.framer.function),
      since: this.#context.clock.monotonic(),
    });
  }

  /** Frames are 3.5 characters apart; after a time-out the bus must be quiet, and what arrives until then belongs to nobody. */
  async #quiet(): Promise<void> {
    const { clock } = this.#context;
    const gap = Math.max(this.#quietFor, 1.75, (3.5 * 11_000) / this.#settings.baudRate);
    if (this.#quietFor > 0) await clock.sleep(gap);
    for (;;) {
      const wait = this.#port.lastByte + gap - clock.monotonic();
      if (wait <= 0) break;
      await clock.sleep(Math.ceil(wait));
    }
    this.#quietFor = 0;
  }

  async #connect(): Promise<Client> {
    const { default: Modbus } = (await import('modbus-serial')) as unknown as {
      default: new (port: unknown) => Client;
    };
    const client = new Modbus(this.#port);
    client.setTimeout(this.#settings.timeout);
    // Without a listener an unplugged device would end the process.
    client.on('error', () => {});
    await new Promise<void>((resolve) => client.open(() => resolve()));
    return client;
  }
}
