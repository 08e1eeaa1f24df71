import { existsSync } from 'node:fs';
import type { DeviceState, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from './emitter.js';
import { loadIoctl } from './ioctl.js';
import { KeepOpen } from './keep-open.js';
import type { LineBackend, LineEdge, LineRequest, OpenLines } from './line-types.js';
import { CharDevLines, listChips } from './lines-chardev.js';
import { SysfsLines } from './lines-sysfs.js';

export type Backend = 'auto' | 'chardev' | 'sysfs';

/** The back end for this machine. Throws when there is none. */
export function chooseBackend(wanted: Backend): LineBackend {
  if (wanted === 'chardev') return new CharDevLines('configured: chardev');
  if (wanted === 'sysfs') return new SysfsLines('configured: sysfs');
  let why: string;
  try {
    loadIoctl();
    if (listChips().length > 0) return new CharDevLines();
    why = 'there is no /dev/gpiochip*';
  } catch (error) {
    why = (error as Error).message;
  }
  if (existsSync('/sys/class/gpio'))
    return new SysfsLines(`${why}: sysfs, without time stamps; outputs keep their level if the process is killed`);
  throw new Error(`no GPIO here: ${why}, and no /sys/class/gpio; is the device mapped into the container?`);
}

export interface LinePortEvents {
  edge: (edge: LineEdge) => void;
  up: (nothing: undefined) => void;
  down: (reason: string) => void;
}

/** GPIO lines that are opened again and again, as expanders on USB come and go. */
export class Lines {
  readonly #requests: readonly LineRequest[];
  readonly #wanted: Backend;
  readonly #events: Emitter<LinePortEvents>;
  readonly #keep: KeepOpen;
  #lines: OpenLines | undefined;
  #backend: LineBackend | undefined;
  #lost: (why: string) => void = () => {};

  constructor(requests: readonly LineRequest[], wanted: Backend, context: DriverContext) {
    this.#requests = requests;
    this.#wanted = wanted;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#keep = new KeepOpen(
      {
        openOnce: async () => this.#openOnce(),
        release: async () => this.#release(),
        remedy: (error) => remedyFor(error),
        up: () => {
          context.log.info({ backend: this.#backend?.kind, why: this.#backend?.why }, 'GPIO lines open');
          this.#events.emit('up', undefined);
        },
        down: (reason) => this.#events.emit('down', reason),
      },
      context,
    );
  }

  get state(): DeviceState {
    return this.#keep.state;
  }
  get reason(): string {
    return this.#keep.reason;
  }
  get reconnects(): number {
    return this.#keep.reconnects;
  }
  get backend(): LineBackend | undefined {
    return this.#backend;
  }

  on<K extends keyof LinePortEvents>(event: K, listener: LinePortEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  #openOnce(): { gone: Promise<string> } {
    this.#backend = chooseBackend(this.#wanted);
    const gone = new Promise<string>((resolve) => {
      this.#lost = resolve;
    });
    this.#lines = this.#backend.open(
      this.#requests,
      (edge) => this.#events.emit('edge', edge),
      (why) => this.#lost(why),
    );
    return { gone };
  }

  #release(): void {
    const lines = this.#lines;
    this.#lines = undefined;
    if (!lines) return;
    for (const { key, direction } of this.#requests) {
      if (direction !== 'out') continue;
      try {
        lines.set(key, false);
      } catch {
        // The chip is gone; so is its level.
      }
    }
    lines.close();
  }

  /** Told when it returns; a line that cannot be driven throws a `DriverFault`. */
  set(key: string, on: boolean): void {
    if (!this.#lines) throw new DriverFault('offline', this.reason || 'the lines are not open');
    try {
      this.#lines.set(key, on);
    } catch (cause) {
      this.#lost((cause as Error).message);
      throw new DriverFault('write-failed', (cause as Error).message, cause);
    }
  }

  get(key: string): boolean | undefined {
    try {
      return this.#lines?.get(key);
    } catch (error) {
      this.#lost((error as Error).message);
      return undefined;
    }
  }

  /** Tells of the edges that the kernel has queued, where it queues them. */
  drain(): void {
    this.#lines?.drain?.();
  }

  open(): Promise<void> {
    return this.#keep.open();
  }
  close(): Promise<void> {
    return this.#keep.close();
  }
}

function remedyFor(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/EACCES|EPERM|permission denied/i.test(message))
    return `${message}; add the user to the group gpio, or install deploy/udev/70-portillon.rules`;
  return message;
}
