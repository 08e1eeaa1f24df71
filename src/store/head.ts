import { closeSync, constants, fdatasyncSync, openSync, readFileSync, write, writeSync } from 'node:fs';
import { decodeJson, encodeJson } from './records.js';

/** How far a journal is known to have come. */
export interface Head {
  seq: number;
  hash: string;
}

/** One sector, so that it is written whole or not at all. */
const SIZE = 128;
/** Milliseconds between two writes of it, at least. */
const EVERY = 1_000;

/** Never truncated: a crash must not leave an empty file. */
const openMark = (journal: string): number => openSync(fileOf(journal), constants.O_WRONLY | constants.O_CREAT, 0o600);
const fileOf = (journal: string): string => `${journal}.head`;

/** The last mark that was left; undefined = none, or it cannot be read. A mark is never ahead of the journal. */
export function readHead(journal: string): Head | undefined {
  try {
    return decodeJson(readFileSync(fileOf(journal), 'utf8').trimEnd(), 'head') as Head;
  } catch {
    return undefined;
  }
}

/**
 * A small file beside the journal that says how far it had come. It is written after the journal, about once a second and
 * without a flush, so it costs a scan nothing; at the next start a journal that ends before it has lost its end.
 */
export class HeadMark {
  readonly #journal: string;
  #fd: number | undefined;
  #next: Head | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(journal: string) {
    this.#journal = journal;
  }

  set(seq: number, hash: string): void {
    this.#next = { seq, hash };
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, EVERY).unref();
  }

  #write(): void {
    try {
      this.#fd ??= openMark(this.#journal);
      const bytes = this.#bytes();
      const fd = this.#fd;
      // A mark that cannot be written stays behind, which is harmless.
      if (bytes) this.#writing = new Promise((resolve) => write(fd, bytes, 0, SIZE, 0, () => resolve()));
    } catch {
      // As above.
    }
  }

  #bytes(): Buffer | undefined {
    if (!this.#next) return undefined;
    const bytes = Buffer.from(encodeJson(this.#next).padEnd(SIZE, ' '));
    this.#next = undefined;
    return bytes;
  }

  /** The last word of an orderly end. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    const bytes = this.#bytes();
    try {
      this.#fd ??= openMark(this.#journal);
      if (bytes) writeSync(this.#fd, bytes, 0, SIZE, 0);
      fdatasyncSync(this.#fd);
    } catch {
      // As above.
    }
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
