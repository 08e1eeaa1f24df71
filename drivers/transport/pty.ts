import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** Both unlock the master on descriptor 3 and print the number of its slave: Node has no ioctl of its own. */
const HELPERS: readonly (readonly [string, readonly string[]])[] = [
  [
    'python3',
    [
      '-c',
      "import fcntl,struct;fcntl.ioctl(3,0x40045431,struct.pack('i',0));print(struct.unpack('i',fcntl.ioctl(3,0x80045430,struct.pack('i',0)))[0])",
    ],
  ],
  [
    'perl',
    [
      '-e',
      'open(M,"+<&=3") or die; my $z=pack("i",0); ioctl(M,0x40045431,$z) or die; my $n=pack("i",0); ioctl(M,0x80045430,$n) or die; print unpack("i",$n);',
    ],
  ],
];
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

/** Makes a pseudo-terminal, or throws `PtyUnavailable` with the reason. */
export function createPty(): Pty {
  let master: number;
  try {
    master = openSync('/dev/ptmx', OPEN | constants.O_NONBLOCK);
  } catch (cause) {
    throw new PtyUnavailable(`no pseudo-terminals here: ${(cause as Error).message}`);
  }
  let slave: number;
  let path: string;
  try {
    path = `/dev/pts/${slaveNumber(master)}`;
    // Held open so that the master does not hang up whenever the driver is between two openings.
    slave = openSync(path, OPEN);
    const raw = spawnSync('stty', ['-F', path, 'raw', '-echo']);
    if (raw.status !== 0) throw new PtyUnavailable(`stty failed on ${path}`);
  } catch (error) {
    closeSync(master);
    throw error;
  }
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

function slaveNumber(master: number): string {
  for (const [command, args] of HELPERS) {
    const run = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'ignore', master], encoding: 'utf8' });
    const text = run.stdout?.trim() ?? '';
    if (run.status === 0 && /^\d+$/.test(text)) return text;
  }
  throw new PtyUnavailable('neither python3 nor perl could unlock a pseudo-terminal');
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
