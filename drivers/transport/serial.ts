import { stat } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import type { SerialPort } from 'serialport';
import type { DeviceState, DriverContext } from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from './emitter.js';
import { KeepOpen } from './keep-open.js';
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

/** An open port whose device vanished does not always say so: the path is looked at this often, milliseconds. */
const WATCH_EVERY = 500;

/**
 * A serial port that is opened again and again. A write on a closed port is refused at once: serialport itself would keep it and send it at the
 * next opening, minutes late.
 */
export class SerialBytes {
  readonly #settings: SerialSettings;
  readonly #context: DriverContext;
  readonly #events: Emitter<BytePortEvents>;
  readonly #keep: KeepOpen;
  #port: SerialPort | undefined;
  #watch = new AbortController();

  constructor(settings: SerialSettings, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#keep = new KeepOpen(
      {
        openOnce: () => this.#openOnce(),
        release: () => this.#release(),
        remedy: (error) => remedyFor(error, settings.path),
        up: () => {
          context.log.info({ path: settings.path }, 'port open');
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

  on<K extends keyof BytePortEvents>(event: K, listener: BytePortEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  async #openOnce(): Promise<{ gone: Promise<string> }> {
    // Loaded on first use: a gate without a serial device needs no native add-on, and a start is quicker.
    const { SerialPort } = await import('serialport');
    const { path, baudRate, dataBits, parity, stopBits } = this.#settings;
    const device = await identity(path);
    const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
    let lost: (reason: string) => void = () => {};
    const gone = new Promise<string>((resolve) => {
      lost = (reason) => resolve(`${path}: ${reason}; waiting for it to come back`);
    });
    // Both may come, also twice: whoever is first counts.
    port.on('close', () => lost('unplugged'));
    port.on('error', (error: Error) => lost(error.message));
    await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
    // What was sent before the port was opened belongs to nobody.
    await new Promise<void>((resolve) => port.flush(() => resolve()));
    readPromptly(port.port);
    port.on('data', (chunk: Buffer) => {
      if (this.#port !== port) return;
      this.#context.trace?.('in', chunk);
      this.#events.emit('data', chunk);
    });
    this.#port = port;
    this.#watch = new AbortController();
    void this.#watchPath(device, lost, this.#watch.signal);
    return { gone };
  }

  async #watchPath(device: string, lost: (reason: string) => void, stop: AbortSignal): Promise<void> {
    for (;;) {
      await this.#context.clock.sleep(WATCH_EVERY, stop);
      if (stop.aborted) return;
      const now = await identity(this.#settings.path).catch(() => undefined);
      if (now !== device) return lost('unplugged');
    }
  }

  async #release(): Promise<void> {
    this.#watch.abort();
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
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
      // The line is slower than what is written to it: nothing of this went out, and the port is well.
      if ((cause as NodeJS.ErrnoException).code === 'EAGAIN')
        throw new DriverFault('busy', `${this.#settings.path} cannot take more at its speed`, cause);
      // EIO and the like: the device is gone, whatever serialport thinks.
      port.emit('error', cause as Error);
      throw new DriverFault('write-failed', `${this.#settings.path}: ${(cause as Error).message}`, cause);
    }
    if (written !== bytes.length)
      throw new DriverFault('write-failed', `${this.#settings.path} took ${written} of ${bytes.length} bytes`);
    this.#context.trace?.('out', bytes);
  }

  open(): Promise<void> {
    return this.#keep.open();
  }
  close(): Promise<void> {
    return this.#keep.close();
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
