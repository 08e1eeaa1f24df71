import type { BarrierInput, DeviceState } from '../contract.js';

/** The two ways through a turnstile, as makers letter them. */
export type Way = 'A' | 'B';

/** Lines that a barrier is driven by. `block` stops a turnstile that remembers an authorisation. */
export type Output = 'grantA' | 'grantB' | 'freeA' | 'freeB' | 'block';
/** Lines that a barrier reports by. */
export type Input = 'passA' | 'passB' | BarrierInput;

export const OUTPUTS: readonly Output[] = ['grantA', 'grantB', 'freeA', 'freeB', 'block'];
export const INPUTS: readonly Input[] = ['passA', 'passB', 'fire', 'release', 'fault', 'forced', 'ready', 'tamper'];

export interface BoardEvents {
  /** Reachable, every output off, every input read. */
  up: (nothing: undefined) => void;
  down: (reason: string) => void;
  /** `at`: monotonic milliseconds of the edge, as exactly as the board knows; `after`: it was not before this (default: `at`). */
  input: (edge: { input: Input; active: boolean; at: number; after?: number }) => void;
}

/** Relays and contacts, whatever they hang on. What they mean for a turnstile is `TurnstileBarrier`'s. */
export interface Board {
  readonly outputs: ReadonlySet<Output>;
  readonly inputs: ReadonlySet<Input>;
  readonly state: DeviceState;
  readonly reason: string;
  readonly counters: Readonly<Record<string, number>>;
  on<K extends keyof BoardEvents>(event: K, listener: BoardEvents[K]): () => void;
  open(): Promise<void>;
  close(): Promise<void>;
  /**
   * Rejects with a `DriverFault` when the board was not told, or does not confirm where it can; a command never goes out after
   * `expiresAt` (monotonic milliseconds).
   */
  set(output: Output, on: boolean, expiresAt?: number): Promise<void>;
  /** The board ends the pulse itself: neither a dead process nor a pulled cable leaves the relay on. Milliseconds. */
  readonly pulse?: ((output: Output, ms: number, expiresAt: number) => Promise<void>) | undefined;
  /** Level now; undefined = no such input, or not known. */
  level(input: Input): boolean | undefined;
  /**
   * Tells of the edges that wait to be told; up to which time (monotonic milliseconds) every edge has been told. Without it: now. A timer
   * may fire before edges that happened earlier are delivered, and a board that is polled knows nothing newer than its last look.
   */
  catchUp?(): number;
  /** Lines of the self-test that only this kind of board knows. */
  describe(): Promise<{ name: string; ok: boolean | null; detail: string }[]>;
}
