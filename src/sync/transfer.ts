import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PortillonError } from '../errors.js';
import type { ListKind } from '../secutix/wire-files.js';
import type { SyncHandle } from './handle.js';
import type { ImportReport } from './list-files.js';

/** A white list of two million tickets; more is no list file. */
const MAX_BYTES = 512 * 1024 * 1024;

/** List files on their way between whoever asks and the worker: through a file in the data folder, never whole in memory. */
export class Transfers {
  readonly #folder: string;
  readonly #sync: Pick<SyncHandle, 'ask'>;
  #next = 1;

  constructor(dataFolder: string, sync: Pick<SyncHandle, 'ask'>) {
    this.#folder = path.join(dataFolder, 'transfer');
    // What a process before left behind.
    rmSync(this.#folder, { recursive: true, force: true });
    this.#sync = sync;
  }

  #file(): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    return path.join(this.#folder, `${this.#next++}.csv`);
  }

  async importList(
    options: { kind: ListKind; skipBad: boolean; replace: boolean },
    body: ReadableStream<Uint8Array>,
  ): Promise<ImportReport> {
    const file = this.#file();
    try {
      const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
      await pipeline(source, bounded(MAX_BYTES), createWriteStream(file, { mode: 0o600 }));
      return await this.#sync.ask('import', { ...options, file });
    } finally {
      rmSync(file, { force: true });
    }
  }

  async exportList(kind: ListKind): Promise<ReadableStream<Uint8Array>> {
    const file = this.#file();
    await this.#sync.ask('export', { kind, file });
    const stream = createReadStream(file);
    stream.once('close', () => rmSync(file, { force: true }));
    return Readable.toWeb(stream) as ReadableStream<Uint8Array>;
  }
}

function bounded(max: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done): void {
      size += chunk.length;
      if (size > max) done(new PortillonError('LIST_FILE', `the file is larger than ${max} bytes`));
      else done(null, chunk);
    },
  });
}
