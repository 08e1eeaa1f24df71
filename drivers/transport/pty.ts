import { closeSync, constants, openSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { loadIoctl } from './ioctl.js';

/** ioctl_tty(2) and termios(3) of Linux. */
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const CS8_CREAD = 0x30 | 0x80;
const VMIN = 17 + 6;

const OPEN = constants.O_RDWR | constants.O_NOCTTY;

/** The device's end of a pseudo-terminal; `path` is what a serial driver opens. */
export interface Pty {
  readonly path: string;
  write(bytes: Uint8Array | string): void;
  onData(listener: (chunk: Uint8Array) => void): () => void;
  /** Closes both ends: to the driver the device is unplugged. */
  close(): void;
}

export class PtyUnavailable extends Error {
  override readonly name = 'PtyUnavailable';
}

/** Both ends, raw. `slave` is held open so that the master does not hang up whenever the driver is between two openings. */
export function openPty(flags = 0): { master: number; slave: number; path: string } {
  let master: number;
  try {
    master = openSync('/dev/ptmx', OPEN | flags);
  } catch (cause) {
    throw new PtyUnavailable(`no pseudo-terminals here: ${(cause as Error).message}`);
  }
  try {
    const path = `/dev/pts/${unlock(master)}`;
    const slave = openSync(path, OPEN);
    makeRaw(slave);
    return { master, slave, path };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

/** Makes a pseudo-terminal, or throws `PtyUnavailable` with the reason. */
export function createPty(): Pty {
  const { master, slave, path } = openPty(constants.O_NONBLOCK);
  const stream = new ReadStream(master);
  const listeners = new Set<(chunk: Uint8Array) => void>();
  stream.on('data', (chunk: Buffer) => {
    for (const listener of listeners) listener(chunk);
  });
  stream.on('error', () => {});
  let open = true;
  return {
    path,
    write: (bytes) => {
      if (!open) return;
      const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
      for (let at = 0; at < data.length;) {
        try {
          at += writeSync(master, data, at);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
          throw new PtyUnavailable('the other end does not read: its buffer is full');
        }
      }
    },
    onData: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      if (!open) return;
      open = false;
      closeSync(slave);
      stream.destroy();
    },
  };
}

/** Unlocks the other end and returns its number. */
function unlock(master: number): number {
  const number = Buffer.alloc(4);
  try {
    const ioctl = loadIoctl();
    ioctl(master, TIOCSPTLCK, Buffer.alloc(4));
    ioctl(master, TIOCGPTN, number);
  } catch (cause) {
    throw new PtyUnavailable(`a pseudo-terminal could not be unlocked: ${(cause as Error).message}`);
  }
  return number.readInt32LE(0);
}

/** No echo, no translation, no signals: bytes as on a cable. */
function makeRaw(fd: number): void {
  const termios = Buffer.alloc(64);
  loadIoctl()(fd, TCGETS, termios);
  // Input, output and local flags off.
  termios.writeUInt32LE(0, 0);
  termios.writeUInt32LE(0, 4);
  termios.writeUInt32LE((termios.readUInt32LE(8) & ~0x30) | CS8_CREAD, 8);
  termios.writeUInt32LE(0, 12);
  termios[VMIN] = 1;
  loadIoctl()(fd, TCSETS, termios);
}

/** A pseudo-terminal behind a name that stays, as udev's links do: it can be unplugged and plugged in again. */
export class LinkedPty {
  readonly path: string;
  readonly #listeners = new Set<(chunk: Uint8Array) => void>();
  #pty: Pty | undefined;

  constructor(link: string) {
    this.path = link;
    this.replug();
  }

  write(bytes: Uint8Array | string): void {
    this.#pty?.write(bytes);
  }

  onData(listener: (chunk: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  unplug(): void {
    this.#pty?.close();
    this.#pty = undefined;
    rmSync(this.path, { force: true });
  }

  replug(): void {
    this.unplug();
    const pty = createPty();
    pty.onData((chunk) => {
      for (const listener of this.#listeners) listener(chunk);
    });
    symlinkSync(pty.path, this.path);
    this.#pty = pty;
  }

  close(): void {
    this.unplug();
  }
}
