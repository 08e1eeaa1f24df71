import type { Way } from './board.js';

export interface PassageRules {
  /** A contact shorter than this is a glitch, milliseconds. */
  passMin: number;
  /** A contact longer than this is an arm held half-way, or a broken sensor, milliseconds. */
  passMax: number;
}

/** Both contacts changing within this time are no two people but a power cut of the turnstile, milliseconds. */
export const TOGETHER = 50;

export type Sensed =
  | { kind: 'passage'; way: Way; at: number }
  | { kind: 'glitch'; way: Way }
  | { kind: 'fault'; why: string }
  | { kind: 'fault-over' };

interface Contact {
  /** Monotonic milliseconds of the rising edge while the contact is active or is being judged. */
  since: number | undefined;
  until: number | undefined;
  judged: boolean;
}

/**
 * Turns the edges of the pass contacts into passages. Pure: `edge` and `tick` are told the time, `next` says when `tick` is due.
 * PASS contacts of some turnstiles are closed at rest, so a power cut looks like two passages (PERCo): edges of both ways, or of one way
 * and `ready`, close together are a fault and count nothing.
 *
 * So a contact is judged only when it is known what the other one did meanwhile. `tick` is told the time up to which every edge has been
 * told, which a board that is polled, or a process that was busy, reaches later than the clock. An edge that was seen by looking is told
 * with the time of the look before: it may have been as early as that.
 */
export class PassageSensor {
  readonly #rules: PassageRules;
  readonly #contacts: Record<Way, Contact> = {
    A: { since: undefined, until: undefined, judged: true },
    B: { since: undefined, until: undefined, judged: true },
  };
  #readyChanged = Number.NEGATIVE_INFINITY;
  #powerLoss = false;
  #faulty = false;

  constructor(rules: PassageRules) {
    this.#rules = rules;
  }

  /** The board is there, with these levels; what they were meanwhile nobody knows. */
  start(active: Readonly<Record<Way, boolean>>, at: number): Sensed[] {
    const out = this.stop();
    for (const way of ['A', 'B'] as const)
      if (active[way]) this.#contacts[way] = { since: at, until: undefined, judged: true };
    if (active.A && active.B) out.push(...this.#lostPower());
    return out;
  }

  /** The board is gone: what was not judged yet never will be. */
  stop(): Sensed[] {
    const wasFaulty = this.#faulty;
    this.#rest('A');
    this.#rest('B');
    this.#contacts.A.judged = this.#contacts.B.judged = true;
    this.#readyChanged = Number.NEGATIVE_INFINITY;
    this.#powerLoss = this.#faulty = false;
    return wasFaulty ? [{ kind: 'fault-over' }] : [];
  }

  /** A contact was seen that may turn out to be a passage. */
  get pending(): boolean {
    return !this.#contacts.A.judged || !this.#contacts.B.judged;
  }

  /** `after`: the edge was not before this time. */
  edge(way: Way, active: boolean, at: number, after = at): Sensed[] {
    const out = this.tick(after);
    const c = this.#contacts[way];
    if (active && c.since === undefined) {
      c.since = at;
      c.until = undefined;
      c.judged = false;
      const other = this.#contacts[way === 'A' ? 'B' : 'A'];
      // A contact that is back at rest was a person: a power cut holds both.
      const together = other.since !== undefined && other.until === undefined && after - other.since <= TOGETHER;
      if (together || after - this.#readyChanged <= TOGETHER) out.push(...this.#lostPower());
    } else if (active && !c.judged) {
      // Bounce: one contact, from its first rise to its last fall.
      c.until = undefined;
    } else if (!active && c.since !== undefined) {
      c.until = at;
      if (c.judged) this.#rest(way);
    }
    out.push(...this.tick(after));
    return out;
  }

  /** The turnstile's `ready` contact changed. */
  ready(at: number, after = at): Sensed[] {
    const out = this.tick(after);
    this.#readyChanged = at;
    return this.pending ? [...out, ...this.#lostPower()] : out;
  }

  /** When `tick` has something to do; undefined = only after the next edge. */
  next(): number | undefined {
    const due = (['A', 'B'] as const).flatMap((way) => {
      const c = this.#contacts[way];
      if (c.since === undefined) return [];
      if (!c.judged) return [c.since + this.#wait()];
      return this.#faulty ? [] : [c.since + this.#rules.passMax];
    });
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** `now`: every edge up to this time has been told. */
  tick(now: number): Sensed[] {
    const out: Sensed[] = [];
    for (const way of ['A', 'B'] as const) {
      const c = this.#contacts[way];
      if (c.since === undefined) continue;
      if (!c.judged && now >= c.since + this.#wait()) {
        c.judged = true;
        if (!this.#powerLoss) {
          const long = (c.until ?? now) - c.since >= this.#rules.passMin;
          out.push(long ? { kind: 'passage', way, at: c.since } : { kind: 'glitch', way });
        }
        if (c.until !== undefined) this.#rest(way);
      }
      const held = c.since !== undefined && c.until === undefined && now >= c.since + this.#rules.passMax;
      if (held && !this.#faulty) {
        this.#faulty = true;
        out.push({
          kind: 'fault',
          why: `pass contact ${way} is active for more than ${Math.round(this.#rules.passMax / 1000)} s: arm held, or sensor broken`,
        });
      }
    }
    const atRest = this.#contacts.A.since === undefined && this.#contacts.B.since === undefined;
    if (atRest && this.#faulty) {
      this.#faulty = false;
      this.#powerLoss = false;
      out.push({ kind: 'fault-over' });
    }
    return out;
  }

  #wait(): number {
    return Math.max(TOGETHER, this.#rules.passMin);
  }

  #rest(way: Way): void {
    const c = this.#contacts[way];
    c.since = undefined;
    c.until = undefined;
  }

  #lostPower(): Sensed[] {
    this.#powerLoss = true;
    if (this.#faulty) return [];
    this.#faulty = true;
    return [
      {
        kind: 'fault',
        why: 'both pass contacts are active: the turnstile has no power, or `normallyClosed` is wrong; nothing is counted',
      },
    ];
  }
}
