/**
 * What a lane knows of hardware. Types only. A driver reports facts and obeys `grant` and `show`; it knows nothing of
 * tickets. A driver never throws out of an event; `open` is idempotent and resolves when the first attempt to reach
 * the device is over (whether it answered or not: a missing device is a status, retried in the background); `close` is idempotent.
 */

export type Medium = 'barcode' | 'rfid';

export type DeviceState = 'starting' | 'ready' | 'degraded' | 'offline' | 'closed';

export interface DeviceStatus {
  state: DeviceState;
  /** Why it is not ready, in words a technician can act on. */
  reason?: string;
  /** Counted since start: frames, noise (dropped frames), noiseBytes, reconnects, ... */
  counters: Readonly<Record<string, number>>;
}

/** What a reader delivered: text as the device sent it, without its framing. */
export interface Read {
  text: string;
  medium: Medium;
  /** AIM identifier (`]C0`), when the device sends it and the options say so. */
  symbology?: string;
  /** Monotonic time of the last byte, milliseconds. */
  at: number;
}

export interface DeviceEvents {
  status: (status: DeviceStatus) => void;
}
export interface ReaderEvents extends DeviceEvents {
  read: (read: Read) => void;
  /** Bytes that were no read: counted, never an exception. `bytes` is how many, `why` is for the technician. */
  noise: (noise: { bytes: number; why: string }) => void;
}
export interface BarrierEvents extends DeviceEvents {
  passed: (event: { direction: Direction }) => void;
  notPassed: (event: { direction: Direction }) => void;
  forced: (event: { direction: Direction }) => void;
}

export type Direction = 'entry' | 'exit';

interface Device<E extends DeviceEvents> {
  open(): Promise<void>;
  close(): Promise<void>;
  status(): DeviceStatus;
  /** Registers a listener; the returned function removes it. */
  on<K extends keyof E>(event: K, listener: E[K]): () => void;
}

export type Reader = Device<ReaderEvents>;

export interface Grant {
  direction: Direction;
  /** Monotonic milliseconds after which the grant must not reach the hardware any more. */
  expiresAt: number;
}

export interface Barrier extends Device<BarrierEvents> {
  readonly capabilities: { directions: readonly Direction[]; passageSensor: boolean };
  /**
   * Lets one person through. Resolves when the hardware was told; rejects with a `DriverFault` when it was not told:
   * then nothing opened and nothing will open later. A grant during a running pulse is refused (`busy`).
   */
  grant(grant: Grant): Promise<void>;
  /** Resolves when the running pulse, if any, has ended. */
  idle(): Promise<void>;
  /** Takes back a grant that runs; idempotent. */
  revoke(): Promise<void>;
}

export type Pattern = 'ready' | 'admit' | 'refuse' | 'fault' | 'closed';

export interface Signal {
  pattern: Pattern;
  /** For displays; may be empty. */
  text: string;
}

export interface Indicator extends Device<DeviceEvents> {
  readonly capabilities: { lamp: boolean; sound: boolean; text: boolean };
  /** Never blocks and never fails a caller: newest signal wins. */
  show(signal: Signal): void;
}

export type FaultCode = 'offline' | 'expired' | 'busy' | 'write-failed' | 'closed';

/** The one error class of drivers. */
export class DriverFault extends Error {
  override readonly name = 'DriverFault';
  readonly code: FaultCode;
  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** What a driver receives from outside. */
export interface DriverContext {
  /** Name for logs, e.g. `lane-1/reader-0`. */
  name: string;
  clock: {
    now(): number;
    monotonic(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
  };
  random: () => number;
  log: {
    debug(facts: object, message: string): void;
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
}
