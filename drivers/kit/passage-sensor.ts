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

  edge(way: Way, active: boolean, at: number): Sensed[] {
    const out = this.tick(at);
    const c = this.#contacts[way];
    if (active && c.since === undefined) {
      c.since = at;
      c.until = undefined;
      c.judged = false;
      const other = this.#contacts[way === 'A' ? 'B' : 'A'];
      // A contact that is back at rest was a person: a power cut holds both.
      const together = other.since !== undefined && other.until === undefined && at - other.since <= TOGETHER;
      if (together || Math.abs(at - this.#readyChanged) <= TOGETHER) out.push(...this.#lostPower());
    } else if (active && !c.judged) {
      // Bounce: one contact, from its first rise to its last fall.
      c.until = undefined;
    } else if (!active && c.since !== undefined) {
      c.until = at;
      if (c.judged) this.#rest(way);
    }
    out.push(...this.tick(at));
    return out;
  }

  /** The turnstile's `ready` contact changed. */
  ready(at: number): Sensed[] {
    const out = this.tick(at);
    this.#readyChanged = at;
    const pending = (['A', 'B'] as const).some((w) => !this.#contacts[w].judged);
    return pending ? [...out, ...this.#lostPower()] : out;
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
      { kind: 'fault', why: 'the pass contacts changed together: the turnstile lost its power, nothing is counted' },
    ];
  }
}
