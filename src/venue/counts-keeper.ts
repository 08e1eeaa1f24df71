import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { ServiceDays } from '../domain/zone.js';
import type { Journal } from '../store/journal.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { CountsReport } from './live-counts.js';
import { LiveCounts } from './live-counts.js';
import type { CountedCheck } from './followed.js';

interface Parts {
  clock: Clock;
  log: Log;
  journal: Pick<Journal, 'readAfter' | 'lastSeq'>;
  store: Pick<VenueStore, 'get' | 'commit' | 'entries'>;
  /** This hub's own gate ID. */
  gate: string;
  days: ServiceDays;
}

/** Milliseconds. */
const LOOK_EVERY = 500;
const PIECE = 500;
const KEY = venueKeys.named('counts');

/** Where in the journal the day's first check is behind. */
interface Bookmark {
  after: number;
}

/** Keeps the venue's counts in step with the hub's journal. After a restart they are folded anew from where the day began. */
export class CountsKeeper {
  readonly #p: Parts;
  readonly #counts: LiveCounts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #after: number;
  #marked = false;

  constructor(parts: Parts) {
    this.#p = parts;
    this.#counts = new LiveCounts(parts.days, parts.gate);
    // A bookmark of another day is still the best place to begin: what is older than today is passed over.
    const bookmark = parts.store.get(KEY) as Bookmark | undefined;
    this.#after = Math.min(bookmark?.after ?? 0, parts.journal.lastSeq);
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#p;
    this.#counts.turn(clock.now());
    await this.#takeOver().catch((error: unknown) =>
      log.warn({ error: describeError(error) }, 'the counts begin late'),
    );
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#counts.turn(clock.now())) this.#marked = false;
        while (await this.#piece());
      } catch (error) {
        log.debug({ error: describeError(error) }, 'the counts wait for the journal');
      }
      await clock.sleep(LOOK_EVERY, this.#stop.signal);
    }
  }

  /** What the hub before this one had counted today. */
  async #takeOver(): Promise<void> {
    const { store, days, clock } = this.#p;
    const rows = (await store.entries(venueKeys.counts)) as [string, CountedCheck][];
    const today = days.dayOf(clock.now());
    const ofToday = rows.filter(([, { record }]) => days.dayOf(record.check.at) >= today);
    const old = rows.filter((row) => !ofToday.includes(row));
    // What gives an entry back comes behind it.
    const [back, entries] = [true, false].map((is) => ofToday.filter(([, c]) => 'givesBack' in c.record.check === is));
    for (const [, { record }] of [...(entries ?? []), ...(back ?? [])]) this.#counts.take(record);
    if (old.length > 0) await store.commit(old.map(([key]) => ({ key, value: undefined })));
  }

  /** Sequence behind which this journal's checks of the day are. */
  get since(): number {
    return (this.#p.store.get(KEY) as Bookmark | undefined)?.after ?? this.#after;
  }

  /** False when there is nothing more. */
  async #piece(): Promise<boolean> {
    const { journal, store } = this.#p;
    const records = await journal.readAfter(this.#after, PIECE);
    const last = records.at(-1);
    if (!last || this.#stop.signal.aborted) return false;
    const before = this.#counts.size;
    for (const record of records) this.#counts.take(record);
    // The day's first check is in this piece: whoever starts again begins here.
    if (!this.#marked && this.#counts.size > before) {
      await store.commit([{ key: KEY, value: { after: this.#after } satisfies Bookmark }]);
      this.#marked = true;
    }
    this.#after = last.seq;
    return records.length === PIECE;
  }

  report(): CountsReport {
    return this.#counts.report(this.#p.clock.now());
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
