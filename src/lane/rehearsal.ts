import type { Barrier, Read } from '../../drivers/contract.js';
import { NO_USAGE } from '../domain/usage.js';
import { silentLog } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { Found } from '../store/list.js';
import type { Judged } from './desk.js';
import type { LaneParts, LaneSettings } from './lane.js';
import { Lane } from './lane.js';
import { Reservations, Settlement } from './reservations.js';

export interface RehearsalParts extends Pick<LaneParts, 'clock' | 'list' | 'desk' | 'offline'> {
  journal: Pick<Journal, 'rehearse' | 'busy'>;
}

/** A rehearsal may take this part of the time, so that the next character rarely has to wait for one. */
const SHARE = 1 / 2;
/** Pieces before the usual end of a code that a rehearsal is worth its while at: which one is the last nobody knows. */
const LAST = 4;
/** Pieces without a read, after which a line is noise and must not keep the processor busy. */
const MOST = 64;

/**
 * While a code is still coming in piece by piece (a character takes a millisecond at 9600 baud), the way of a scan is walked in advance with
 * nobody there, as far as the disk. The processor is awake then and has in its caches what the person needs, which after some milliseconds
 * of rest it has not: it halves the time from the code's last byte to the barrier (`npm run bench -- --gate-only`). Nothing is kept: it is a
 * lane of its own, whose barrier is no barrier and whose journal forgets.
 */
export class Rehearsal {
  readonly #lane: Lane;
  readonly #clock: LaneParts['clock'];
  readonly #journal: RehearsalParts['journal'];
  /** Read last, and not yet tried. */
  #latest: Read | undefined;
  /** Read last of those that a person would have been admitted with. */
  #good: Read | undefined;
  #began = 0;
  #notBefore = 0;

  constructor(settings: LaneSettings, parts: RehearsalParts) {
    const { clock, list, journal, desk, offline } = parts;
    this.#clock = clock;
    this.#journal = journal;
    this.#lane = new Lane(
      { ...settings, debounce: 0 },
      {
        clock,
        list,
        desk: {
          rules: (lane) => desk.rules(lane),
          unarmed: (lane, position) => desk.unarmed(lane, position),
          decide: (lane, found) => alone(desk.decide(lane, asUnused(found))),
        },
        journal: {
          append: async (record) => journal.rehearse(record),
          usage: () => NO_USAGE,
          failure: undefined,
          lastSeq: 0,
          modeOf: () => undefined,
        },
        reservations: new Reservations(),
        settlement: new Settlement(() => {}),
        barrier: NO_BARRIER,
        indicator: undefined,
        log: silentLog,
        emit: ({ admitted }) => this.#walked(admitted),
        incident: () => {},
        ...(offline && { offline }),
      },
    );
  }

  /** What one reader of the lane says. Its codes are usually as long as the one before. */
  reader(): { coming(): void; read(read: Read): void } {
    let [pieces, usual] = [0, 0];
    return {
      coming: () => {
        pieces++;
        if (pieces > usual - LAST && pieces <= MOST) this.#walk();
      },
      read: (read) => {
        [pieces, usual] = [0, pieces];
        this.#latest = read;
      },
    };
  }

  #walk(): void {
    const read = this.#latest ?? this.#good;
    const now = this.#clock.monotonic();
    // Whoever waits at another lane for the disk goes first.
    if (!read || now < this.#notBefore || this.#journal.busy) return;
    this.#began = now;
    // Whatever it finds wrong, the lane itself will find when it counts.
    this.#lane.onRead({ ...read, at: now });
  }

  #walked(admitted: boolean): void {
    if (admitted) this.#good = this.#latest ?? this.#good;
    this.#latest = undefined;
    const now = this.#clock.monotonic();
    this.#notBefore = now + (now - this.#began) * (1 / SHARE - 1);
  }
}

/** Tickets with these facts that nobody has: the decision looks for their use and finds none. */
function asUnused(found: Found): Found {
  return { ...found, tickets: found.tickets.map((t) => ({ ...t, barcode: `${t.barcode}?` })) };
}

/** A group's others need no rehearsal of their own. */
function alone(judged: Judged): Judged {
  const { following, ...decision } = judged.decision;
  return following === undefined ? judged : { ...judged, decision };
}

const NO_BARRIER: Barrier = {
  capabilities: { directions: ['entry', 'exit'], passageSensor: false, free: [], inputs: [] },
  open: async () => {},
  close: async () => {},
  status: () => ({ state: 'ready', counters: {} }),
  selfTest: async () => {},
  on: () => () => {},
  grant: async () => {},
  idle: async () => {},
  caughtUp: async () => {},
  revoke: async () => {},
  hold: async () => {},
  active: () => new Set(),
};
