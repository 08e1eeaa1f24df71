import { PortillonError } from '../errors.js';
import type { ListWriter } from '../store/list-writer.js';

/** The ticket list as the worker's parts share it: one at a time, and opened again after a failed write. */
export class ListHold {
  readonly list: ListWriter;
  /** Asks the lanes' side to close and open its handle; resolves with why that failed. */
  readonly #reopenOther: () => Promise<string | undefined>;
  #broken = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(list: ListWriter, reopenOther: () => Promise<string | undefined>) {
    this.list = list;
    this.#reopenOther = reopenOther;
  }

  /** Runs `work` when nobody else works on the list. */
  exclusive<T>(work: (list: ListWriter) => Promise<T>): Promise<T> {
    const mine = this.#last.then(async () => {
      try {
        if (this.#broken) await this.#reopen();
        return await work(this.list);
      } catch (error) {
        if (error instanceof PortillonError && error.code === 'LIST_WRITE') this.#broken = true;
        throw error;
      }
    });
    this.#last = mine.catch(() => {});
    return mine;
  }

  /**
   * LevelDB takes no writes after a failed one until every handle, also the lanes' one, was closed. It writes while it opens,
   * so this waits for room: until then the lanes read on through the handle they have.
   */
  async #reopen(): Promise<void> {
    this.list.assertRoom();
    await this.list.close();
    const error = await this.#reopenOther();
    if (error !== undefined) throw new PortillonError('LIST_OPEN', error);
    await this.list.reopen();
    this.#broken = false;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.list.close();
  }
}
