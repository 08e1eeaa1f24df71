import type { Input, Output, Way } from './board.js';

export interface TurnstileRules {
  /** A shorter grant pulse is not seen, milliseconds. */
  minPulse: number;
  /** How long it waits for a person, milliseconds. */
  wait: number;
  /** How long the pass contact is active while a person turns the arm, milliseconds. */
  pass: number;
  /** Authorisations it remembers beside the one in use; tripods: 0 or 1. */
  memory: number;
}

/** What a turnstile hangs on: a board's relays come in, its contacts go out. */
export interface TurnstileWires {
  /** `at`: time of the edge where it matters, by `now`. */
  drive(input: Input, active: boolean, at?: number): void;
  /** Milliseconds; the returned function takes it back. */
  later(ms: number, action: () => void): () => void;
  now(): number;
}

/**
 * A turnstile as makers build them: a pulse unlocks one way for a while, a person turns the arm once, PASS closes meanwhile. Fire releases
 * everything without asking anybody.
 */
export class TurnstileTwin {
  readonly #rules: TurnstileRules;
  readonly #wires: TurnstileWires;
  readonly #since = new Map<Output, number>();
  readonly #free = new Set<Way>();
  #unlocked: { way: Way; cancel: () => void } | undefined;
  #remembered: Way[] = [];
  #turning = false;
  #fire = false;
  #stuck = false;
  /** People who really went through, by way. */
  readonly people: Record<Way, number> = { A: 0, B: 0 };
  /** How often it let somebody. */
  unlocks = 0;

  constructor(rules: TurnstileRules, wires: TurnstileWires) {
    this.#rules = rules;
    this.#wires = wires;
  }

  /** A relay of the board changed. */
  relay(output: Output, on: boolean): void {
    if (output === 'freeA' || output === 'freeB') {
      const way = output === 'freeA' ? 'A' : 'B';
      if (on) this.#free.add(way);
      else this.#free.delete(way);
      return;
    }
    if (on) {
      this.#since.set(output, this.#wires.now());
      if (output === 'block') this.#forget();
      return;
    }
    const since = this.#since.get(output);
    this.#since.delete(output);
    if (since === undefined || output === 'block') return;
    if (this.#wires.now() - since >= this.#rules.minPulse) this.#authorise(output === 'grantA' ? 'A' : 'B');
  }

  #authorise(way: Way): void {
    if (!this.#unlocked) this.#unlock(way);
    else if (this.#remembered.length < this.#rules.memory) this.#remembered.push(way);
  }

  /** Nobody can walk, and no relay is on that would let somebody. */
  get atRest(): boolean {
    return !this.#unlocked && !this.#turning && this.#since.size === 0;
  }

  #unlock(way: Way): void {
    this.unlocks++;
    const cancel = this.#wires.later(this.#rules.wait, () => this.#relock());
    this.#unlocked = { way, cancel };
  }

  #relock(): void {
    this.#unlocked?.cancel();
    this.#unlocked = undefined;
    const next = this.#remembered.shift();
    if (next) this.#unlock(next);
  }

  #forget(): void {
    this.#remembered = [];
    this.#relock();
  }

  /** A person pushes the arm; true = it turns. */
  push(way: Way): boolean {
    if (this.#turning || this.#stuck) return false;
    const released = this.#fire || this.#free.has(way);
    if (!released && this.#unlocked?.way !== way) return false;
    if (!released) {
      this.#unlocked?.cancel();
    }
    this.#turning = true;
    this.people[way]++;
    const contact: Input = `pass${way}`;
    this.#wires.drive(contact, true);
    this.#wires.later(this.#rules.pass, () => {
      this.#turning = false;
      this.#wires.drive(contact, false);
      if (!released) this.#relock();
    });
    return true;
  }

  /** The arm is held half-way: PASS stays active. */
  stick(way: Way): void {
    this.#stuck = true;
    this.#wires.drive(`pass${way}`, true);
  }
  unstick(way: Way): void {
    this.#stuck = false;
    this.#wires.drive(`pass${way}`, false);
  }

  /** Closed-at-rest contacts of both ways open together. */
  power(on: boolean): void {
    if (!on) this.#forget();
    // One cause, one moment, however long this process takes to tell of both.
    const at = this.#wires.now();
    this.#wires.drive('passA', !on, at);
    this.#wires.drive('passB', !on, at);
  }

  /** The fire panel's contact is wired to the turnstile itself, and to the monitor. */
  fire(on: boolean): void {
    this.#fire = on;
    this.#wires.drive('fire', on);
  }
}
