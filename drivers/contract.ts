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
  /** The card's UID in reading order, where the reader knows it: `text` is only one of its readings. */
  uid?: Uint8Array;
  /** Monotonic time of the last byte, milliseconds. */
  at: number;
}

export interface DeviceEvents {
  status: (status: DeviceStatus) => void;
}
export interface ReaderEvents extends DeviceEvents {
  read: (read: Read) => void;
  /**
   * Part of a read is here and its end is not: whoever waits for it can make ready. Of devices that
   * deliver piece by piece, once a piece; it promises nothing.
   */
  coming: (nothing: undefined) => void;
  /** Bytes that were no read: counted, never an exception. `bytes` is how many, `why` is for the technician. */
  noise: (noise: { bytes: number; why: string }) => void;
}

/**
 * Lines of a barrier that a lane listens to. `fire` and `release` are monitors: the release itself is done by hardware.
 * `forced`: the turnstile's own forced-passage contact.
 */
export type BarrierInput = 'fire' | 'release' | 'fault' | 'forced' | 'ready' | 'tamper';

export interface BarrierEvents extends DeviceEvents {
  /** Somebody went through; whether that was granted is the lane's to say. */
  passage: (event: { direction: Direction; at: number }) => void;
  input: (event: { input: BarrierInput; active: boolean }) => void;
}

export type Direction = 'entry' | 'exit';

/** One line of a barrier as a technician sees it. */
export interface LineState {
  name: string;
  kind: 'input' | 'output';
  /** Of an output: what it was told last. Null = not known. */
  active: boolean | null;
  /** Changes since start, and the monotonic time of the last one, milliseconds. */
  changes: number;
  at: number | null;
}

/** What goes over a device's wire: bytes, or the change of a line in words. */
export type Trace = (way: 'in' | 'out', what: Uint8Array | string) => void;

/** One line of a device's self-test. `ok: null` = only a person can tell (did it beep?). */
export interface SelfTestStep {
  name: string;
  ok: boolean | null;
  /** What was seen, or what to look for. */
  detail: string;
}

interface Device<E extends DeviceEvents> {
  open(): Promise<void>;
  close(): Promise<void>;
  status(): DeviceStatus;
  /**
   * What a technician runs in front of the device; it never opens a barrier. Reports every step as it ends and never
   * rejects: what fails is a step with `ok: false`.
   */
  selfTest(report: (step: SelfTestStep) => void): Promise<void>;
  /** Registers a listener; the returned function removes it. */
  on<K extends keyof E>(event: K, listener: E[K]): () => void;
}

export interface Reader extends Device<ReaderEvents> {
  /** Lamp and beeper of the reader itself, where it has them: what the visitor looks at. The lane's `reader` indicator uses it. */
  readonly feedback?: Feedback;
}

export interface Grant {
  direction: Direction;
  /** Monotonic milliseconds after which the grant must not reach the hardware any more. */
  expiresAt: number;
}

export interface Barrier extends Device<BarrierEvents> {
  readonly capabilities: {
    directions: readonly Direction[];
    /** A passage is reported. Without it an admission counts as passed. */
    passageSensor: boolean;
    /** Directions that can be held open. */
    free: readonly Direction[];
    inputs: readonly BarrierInput[];
  };
  /**
   * Lets one person through. Resolves when the hardware was told; rejects with a `DriverFault` when it was not told:
   * then nothing opened and nothing will open later. A grant during a running pulse is refused (`busy`).
   */
  grant(grant: Grant): Promise<void>;
  /** Resolves when the running pulse, if any, has ended. */
  idle(): Promise<void>;
  /**
   * Resolves when every passage that began before now has been reported, or nobody can tell any more because the device is away. What a
   * lane waits for before it calls a grant unused.
   */
  caughtUp(): Promise<void>;
  /** Takes back a grant that runs; idempotent. */
  revoke(): Promise<void>;
  /**
   * Holds these directions open until told otherwise, again after a reconnect. Convenience for stewards, never the fire release. Rejects
   * with a `DriverFault` when it could not be told now.
   */
  hold(free: readonly Direction[]): Promise<void>;
  /** Inputs that are active now. */
  active(): ReadonlySet<BarrierInput>;
  /** Every line it has. */
  lines?(): readonly LineState[];
}

/** `attend`: admitted, and the steward should look (reduced price). `free`: walk through. */
export type Pattern = 'ready' | 'admit' | 'attend' | 'refuse' | 'wait' | 'fault' | 'closed' | 'free';

export interface Signal {
  pattern: Pattern;
  /** For displays; may be empty. */
  text: string;
}

export interface Feedback {
  readonly capabilities: { lamp: boolean; sound: boolean; text: boolean };
  /** Never blocks and never fails a caller: newest signal wins. */
  show(signal: Signal): void;
}

export interface Indicator extends Device<DeviceEvents>, Feedback {}

export type FaultCode = 'offline' | 'expired' | 'busy' | 'write-failed' | 'unsupported' | 'no-answer' | 'closed';

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
  /** Called with everything that goes over the wire, for the technician's eyes. Bytes are copied by whoever keeps them. */
  trace?: Trace;
  /**
   * One object for all devices of a gate that name the same key: several readers on one bus share its port. Whoever comes first
   * makes it; the object itself counts its users.
   */
  share: <T>(key: string, make: () => T) => T;
  log: {
    debug(facts: object, message: string): void;
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
}
