const MAX_LINES = 2_000;
const MAX_CHARS = 1_000_000;
const MAX_LINE = 4_000;

const RANK: Readonly<Record<string, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/** The last lines of the log, in memory: a machine's own log may be switched off to spare its flash. Lost at a restart. */
export class LogRing {
  #lines: string[] = [];
  #chars = 0;
  #dropped = 0;
  readonly #listeners = new Set<(line: string) => void>();

  add(text: string): void {
    const line = text.trimEnd().slice(0, MAX_LINE);
    if (line === '') return;
    this.#lines.push(line);
    this.#chars += line.length;
    while (this.#lines.length > MAX_LINES || this.#chars > MAX_CHARS) {
      this.#chars -= this.#lines.shift()?.length ?? 0;
      this.#dropped++;
    }
    for (const listener of this.#listeners) listener(line);
  }

  /** The newest `limit` lines of at least this level, oldest first. */
  tail(limit: number, level = 'debug'): string[] {
    const least = RANK[level] ?? 0;
    return this.#lines.filter((line) => rankOf(line) >= least).slice(-limit);
  }
  /** Lines that are gone already. */
  get dropped(): number {
    return this.#dropped;
  }

  on(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function rankOf(line: string): number {
  return RANK[/"level":"(\w+)"/.exec(line)?.[1] ?? ''] ?? 100;
}
