import type { DeviceState, DriverContext } from '../contract.js';

/** A device is looked for this often, milliseconds; "back in service within 2 s" follows from it. */
const RETRY_MIN = 250;
const RETRY_MAX = 1_000;

export interface KeepOpenHooks {
  /** Opens the device, or rejects; `gone` resolves with a reason when it is gone. */
  openOnce(): Promise<{ gone: Promise<string> }>;
  /** Lets go of what `openOnce` took; idempotent. */
  release(): Promise<void>;
  /** Cause and remedy in one sentence. */
  remedy(error: unknown): string;
  up(): void;
  down(reason: string): void;
}

/** Opens a device again and again until told to stop: the one place that knows back-off and states. */
export class KeepOpen {
  readonly #hooks: KeepOpenHooks;
  readonly #context: DriverContext;
  #state: DeviceState = 'starting';
  #reason = '';
  #reconnects = 0;
  #wasUp = false;
  #stop: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(hooks: KeepOpenHooks, context: DriverContext) {
    this.#hooks = hooks;
    this.#context = context;
  }

  get state(): DeviceState {
    return this.#state;
  }
  get reason(): string {
    return this.#reason;
  }
  /** How often it came back. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Resolves when the first attempt is over, whether the device was there or not. */
  async open(): Promise<void> {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#state = 'starting';
    await new Promise<void>((tried) => {
      this.#loop = this.#run(stop.signal, tried);
    });
  }

  async #run(stop: AbortSignal, tried: () => void): Promise<void> {
    let wait = RETRY_MIN;
    while (!stop.aborted) {
      try {
        const { gone } = await this.#hooks.openOnce();
        wait = RETRY_MIN;
        this.#state = 'ready';
        this.#reason = '';
        if (this.#wasUp) this.#reconnects++;
        this.#wasUp = true;
        this.#hooks.up();
        tried();
        const reason = await Promise.race([gone, aborted(stop)]);
        if (reason !== undefined) this.#down('offline', reason);
      } catch (error) {
        this.#down('offline', this.#hooks.remedy(error));
        tried();
      }
      await this.#hooks.release();
      if (stop.aborted) break;
      await this.#context.clock.sleep(wait * (0.8 + 0.4 * this.#context.random()), stop);
      wait = Math.min(wait * 2, RETRY_MAX);
    }
  }

  #down(state: 'offline' | 'closed', reason: string): void {
    if (this.#state === state && this.#reason === reason) return;
    this.#state = state;
    this.#reason = reason;
    if (state === 'offline') this.#context.log.warn({ reason }, 'device away');
    this.#hooks.down(reason);
  }

  async close(): Promise<void> {
    this.#stop?.abort();
    await this.#loop;
    this.#stop = undefined;
    this.#wasUp = false;
    this.#down('closed', 'closed');
  }
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
