import type { FSWatcher } from 'node:fs';
import { closeSync, openSync, readdirSync, watch } from 'node:fs';
import path from 'node:path';

const TABLE_OR_LOG = /\.(ldb|log)$/;

/**
 * Keeps the large files of a database open. LevelDB deletes what it has sorted away while it holds the lock that every look-up needs, and
 * freeing a file's blocks takes a file system milliseconds, on some disks tens of them. A file that somebody has open only leaves its
 * folder; its blocks are freed when it is closed, which happens here, in a thread that nobody waits for. A process that ends leaves nothing
 * behind.
 */
export class HeldFiles {
  readonly #folder: string;
  readonly #open = new Map<string, number>();
  #watcher: FSWatcher | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    try {
      this.#watcher = watch(folder, { persistent: false }, (event) => {
        if (event === 'rename') this.#look();
      });
    } catch {
      // The system has no more watches: deleted under the lock, as LevelDB does it. Only slower.
      return;
    }
    this.#watcher.on('error', () => this.close());
    this.#look();
  }

  #look(): void {
    let names: Set<string>;
    try {
      names = new Set(readdirSync(this.#folder));
    } catch {
      // The folder itself is gone.
      return this.close();
    }
    for (const name of names) if (TABLE_OR_LOG.test(name) && !this.#open.has(name)) this.#hold(name);
    for (const [name, file] of this.#open) {
      if (names.has(name)) continue;
      this.#open.delete(name);
      closeSync(file);
    }
  }

  #hold(name: string): void {
    try {
      this.#open.set(name, openSync(path.join(this.#folder, name), 'r'));
    } catch {
      // Already deleted again, or too many open files: it is deleted as it is.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }
}
