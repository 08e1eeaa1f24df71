import { stat } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import type { SerialPort } from 'serialport';
import type { DeviceStatus, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from './emitter.js';
import { readPromptly } from './prompt-read.js';

export interface SerialSettings {
  path: string;
  baudRate: number;
  dataBits: 7 | 8;
  parity: 'none' | 'even' | 'odd';
  stopBits: 1 | 2;
}

export interface BytePortEvents {
  data: (chunk: Uint8Array) => void;
  /** Open and flushed: the driver says its first words to the device now. */
  up: (nothing: undefined) => void;
  /** Gone: an unfinished frame is worth nothing any more. */
  down: (reason: string) => void;
}

/** A new device is looked for this often, milliseconds; "back in service within 2 s" follows from it. */
const RETRY_MIN = 250;
const RETRY_MAX = 1_000;
/** An open port whose device vanished does not always say so: the path is looked at this often, milliseconds. */
const WATCH_EVERY = 500;

/**
 * A serial port that is opened again and again. Open, back-off and reconnect live here, once, for all serial drivers.
 * A write on a closed port is refused at once: serialport itself would keep it and send it at the next opening, minutes late.
 */
export class SerialBytes {
  readonly #settings: SerialSettings;
  readonly #context: DriverContext;
  readonly #events: Emitter<BytePortEvents>;
  #port: SerialPort | undefined;
  #device: string | undefined;
  #state: DeviceStatus['state'] = 'starting';
  #reason = '';
  #reconnects = 0;
  #stop: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();
  #wasUp = false;

  constructor(settings: SerialSettings, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
  }

  get state(): DeviceStatus['state'] {
    return this.#state;
  }
  get reason(): string {
    return this.#reason;
  }
  get reconnects(): number {
    return this.#reconnects;
  }

  on<K extends keyof BytePortEvents>(event: K, listener: BytePortEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  /** Resolves when the first attempt is over, whether the device was there or not. */
  async open(): Promise<void> {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#state = 'starting';
    let first: () => void = () => {};
    const tried = new Promise<void>((resolve) => {
      first = resolve;
    });
    this.#loop = this.#keepOpen(stop.signal, first);
    await tried;
  }

  async #keepOpen(stop: AbortSignal, first: () => void): Promise<void> {
    let wait = RETRY_MIN;
    while (!stop.aborted) {
      try {
        const { gone } = await this.#openOnce();
        wait = RETRY_MIN;
        first();
        await this.#untilGone(gone, stop);
      } catch (error) {
        this.#down('offline', remedyFor(error, this.#settings.path));
        first();
      }
      if (stop.aborted) break;
      await this.#context.clock.sleep(wait * (0.8 + 0.4 * this.#context.random()), stop);
      wait = Math.min(wait * 2, RETRY_MAX);
    }
    await this.#closePort();
  }

  /** Opens the port; `gone` resolves with a reason when it is gone. */
  async #openOnce(): Promise<{ gone: Promise<string> }> {
    // Loaded on first use: a gate without a serial device needs no native add-on, and a start is quicker.
    const { SerialPort } = await import('serialport');
    const device = await identity(this.#settings.path);
    const port = new SerialPort({ ...this.#settings, autoOpen: false });
    const gone = new Promise<string>((resolve) => {
      // Both may come, also twice: whoever is first counts.
      port.on('close', () => resolve('unplugged'));
      port.on('error', (error: Error) => resolve(error.message));
    });
    await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
    // What was sent before the port was opened belongs to nobody.
    await new Promise<void>((resolve) => port.flush(() => resolve()));
    readPromptly(port.port);
    port.on('data', (chunk: Buffer) => {
      if (this.#port === port) this.#events.emit('data', chunk);
    });
    this.#port = port;
    this.#device = device;
    this.#state = 'ready';
    this.#reason = '';
    if (this.#wasUp) this.#reconnects++;
    this.#wasUp = true;
    this.#context.log.info({ path: this.#settings.path }, 'port open');
    this.#events.emit('up', undefined);
    return { gone };
  }

  async #untilGone(gone: Promise<string>, stop: AbortSignal): Promise<void> {
    let reason: string | undefined;
    const ended = new AbortController();
    void gone.then((why) => {
      reason = why;
      ended.abort();
    });
    const either = AbortSignal.any([ended.signal, stop]);
    while (!either.aborted) {
      await this.#context.clock.sleep(WATCH_EVERY, either);
      if (either.aborted) break;
      const now = await identity(this.#settings.path).catch(() => undefined);
      if (now !== this.#device) {
        reason = 'unplugged';
        break;
      }
    }
    if (!stop.aborted)
      this.#down('offline', `${this.#settings.path}: ${reason ?? 'gone'}; waiting for it to come back`);
    await this.#closePort();
  }

  /**
   * Hands bytes to the operating system, or throws: then none of them was or will be sent.
   * Commands of a few bytes go out by a direct write: on an open, non-blocking port it either takes them whole or fails, and it
   * saves a round through the thread pool, which during a list import costs milliseconds.
   */
  write(bytes: Uint8Array, expiresAt = Number.POSITIVE_INFINITY): void {
    const port = this.#port;
    const fd = (port?.port as { fd?: number | null } | undefined)?.fd;
    if (!port?.isOpen || typeof fd !== 'number') throw new DriverFault('offline', `${this.#settings.path} is not open`);
    if (this.#context.clock.monotonic() > expiresAt) throw new DriverFault('expired', 'too late');
    let written: number;
    try {
      written = writeSync(fd, bytes);
    } catch (cause) {
      // EIO and the like: the device is gone, whatever serialport thinks.
      port.emit('error', cause as Error);
      throw new DriverFault('write-failed', `${this.#settings.path}: ${(cause as Error).message}`, cause);
    }
    if (written !== bytes.length)
      throw new DriverFault('write-failed', `${this.#settings.path} took ${written} of ${bytes.length} bytes`);
  }

  #down(state: 'offline' | 'closed', reason: string): void {
    if (this.#state === state && this.#reason === reason) return;
    this.#state = state;
    this.#reason = reason;
    if (state === 'offline') this.#context.log.warn({ reason }, 'port away');
    this.#events.emit('down', reason);
  }

  async #closePort(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  async close(): Promise<void> {
    this.#stop?.abort();
    await this.#loop;
    this.#stop = undefined;
    this.#wasUp = false;
    this.#down('closed', 'closed');
  }
}

/** What a path stands for now: a symlink that points to another device after a replug is noticed. */
async function identity(path: string): Promise<string> {
  const { dev, ino, rdev } = await stat(path);
  return `${dev}:${ino}:${rdev}`;
}

/** Cause and remedy in one sentence. */
export function remedyFor(error: unknown, path: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/ENOENT|No such file/i.test(message))
    return `no such port: ${path}; plug the device in or correct \`path\` (ls /dev/serial/by-id)`;
  if (/EACCES|Permission denied/i.test(message)) return `permission denied: ${path}; add the user to the group dialout`;
  if (/Cannot lock port|EBUSY|temporarily unavailable/i.test(message))
    return `${path} is in use by another program; stop it`;
  return `${path}: ${message}`;
}
