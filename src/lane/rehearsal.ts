import type { Barrier, Read } from '../../drivers/contract.js';
import { NO_USAGE } from '../domain/usage.js';
import { silentLog } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { Found } from '../store/list.js';
import type { Desk, Judged } from './desk.js';
import type { LaneParts, LaneSettings } from './lane.js';
import { Lane } from './lane.js';
import { Reservations, Settlement } from './reservations.js';

export interface RehearsalParts extends Pick<LaneParts, 'clock' | 'list'> {
  journal: Pick<Journal, 'rehearse'>;
  desk: Desk;
  offline?: (() => boolean) | undefined;
}

/** A rehearsal may take this part of the time, so that the next character rarely has to wait for one. */
const SHARE = 1 / 2;
/** Rehearsals for one code: a line that is noisy without end must not keep the processor busy. */
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
  /** Read last, and not yet tried. */
  #latest: Read | undefined;
  /** Read last of those that a person would have been admitted with. */
  #good: Read | undefined;
  #left = MOST;
  #began = 0;
  #notBefore = 0;

  constructor(settings: LaneSettings, parts: RehearsalParts) {
    const { clock, list, journal, desk, offline } = parts;
    this.#clock = clock;
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

  /** A code was read: the next one is on a line of its own. */
  read(read: Read): void {
    this.#latest = read;
    this.#left = MOST;
  }

  /** Part of a code is here and the rest is not. */
  coming(): void {
    const read = this.#latest ?? this.#good;
    const now = this.#clock.monotonic();
    if (!read || this.#left === 0 || now < this.#notBefore) return;
    this.#left--;
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
