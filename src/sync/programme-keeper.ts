import type { Clock } from '../clock.js';
import type { Programme } from '../domain/programme.js';
import { NO_PROGRAMME } from '../domain/programme.js';
import { describeError } from '../errors.js';
import type { SecutixClient } from '../secutix/types.js';
import { mergeProgrammes } from '../secutix/wire-catalogue.js';
import type { SyncState } from '../store/sync-state.js';
import type { ProgrammeStatus, SyncOptions } from './messages.js';

export interface KeeperParts {
  clock: Clock;
  client: Pick<SecutixClient, 'getCatalogue'>;
  state: Pick<SyncState, 'loadProgramme' | 'saveProgramme'>;
  options: Pick<SyncOptions, 'scopes' | 'catalogue'>;
  signal: AbortSignal;
  onProgramme: (programme: Programme) => void;
}

/** Keeps the catalogue on the gate: from the disk at once, from SecuTix rarely. Nothing waits for it. */
export class ProgrammeKeeper {
  readonly #p: KeeperParts;
  readonly status: ProgrammeStatus = { at: 0, performances: 0, lastError: null };
  programme: Programme;
  #running: Promise<Programme> | undefined;

  constructor(parts: KeeperParts) {
    this.#p = parts;
    this.programme = parts.state.loadProgramme() ?? NO_PROGRAMME;
    this.#show();
  }

  #show(): void {
    this.status.at = this.programme.at;
    this.status.performances = this.programme.performances.length;
    this.#p.onProgramme(this.programme);
  }

  /** Milliseconds until it is time to ask again. */
  dueIn(): number {
    return Math.max(0, this.programme.at + this.#p.options.catalogue.every - this.#p.clock.now());
  }

  refresh(): Promise<Programme> {
    this.#running ??= this.#once().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #once(): Promise<Programme> {
    const { client, options, state, signal } = this.#p;
    try {
      const parts: Programme[] = [];
      for (const season of new Set(options.scopes.map((s) => s.season)))
        parts.push(await client.getCatalogue(season, signal));
      const programme = mergeProgrammes(parts);
      // An answer that nothing can be read from does not wipe out what is known.
      if (programme.products.length + programme.performances.length === 0 && this.programme.at > 0)
        this.programme = { ...this.programme, at: programme.at };
      else this.programme = programme;
      await state.saveProgramme(this.programme);
      this.status.lastError = null;
      this.#show();
      return this.programme;
    } catch (error) {
      if (!signal.aborted) this.status.lastError = describeError(error);
      throw error;
    }
  }
}
