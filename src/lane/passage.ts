import type { Barrier, Direction, Indicator } from '../../drivers/contract.js';
import { DriverFault } from '../../drivers/contract.js';
import type { Clock } from '../clock.js';
import type { Language } from '../domain/reasons.js';
import { sentence } from '../domain/reasons.js';
import { caption } from '../domain/captions.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal, NewRecord } from '../store/journal.js';
import type { Admission, Effect, EffectiveMode, Incident, Input, MachineSettings, Mode, State } from './machine.js';
import { effectiveMode, freeIn, START, step } from './machine.js';
import type { Settlement } from './reservations.js';

export interface PassageSettings {
  lane: string;
  direction: Direction;
  language: Language;
  /** Milliseconds from the grant until it counts as unused. */
  passageTimeout: number;
  /** Milliseconds after a passage during which another one counts as tailgating. */
  tailgateWindow: number;
  otherDirection: 'free' | 'controlled';
  /** `grant`: an unused grant stays used. `passage`: it gives the ticket back. */
  burn: 'grant' | 'passage';
}

export interface PassageParts {
  clock: Clock;
  log: Log;
  journal: Pick<Journal, 'append' | 'failure'>;
  settlement: Settlement;
  barrier: Barrier;
  indicator: Pick<Indicator, 'show'> | undefined;
  /** True while the list is empty or holds nothing this lane admits. */
  unarmed?: () => boolean;
  emit: (event: LaneIncident) => void;
  /** What became of an admission, as it is settled. */
  outcome?: (event: LaneOutcome) => void;
}

/** Something at a lane that is no check. */
export interface LaneIncident {
  lane: string;
  at: number;
  what: Incident | 'read';
  direction?: Direction;
  mode?: string;
  who?: string;
  why?: string;
  of?: number;
}

/** The end of an admission. */
export interface LaneOutcome {
  lane: string;
  at: number;
  /** Sequence of the check. */
  of: number;
  outcome: 'passed' | 'not-passed' | 'kept' | 'unknown';
}

/** An admission with what its outcome needs. */
export interface Served extends Admission {
  barcode: string;
  slot: string | undefined;
  /** Nobody passed, and that is on the disk. */
  givenBack?: () => void;
}

/** An outcome that could not be written is tried again after this time, milliseconds. */
const RETRY = 1_000;

/** Runs the lane's state machine: tells the barrier, keeps the timers, writes outcomes and incidents. */
export class Passage {
  readonly counters = { passed: 0, notPassed: 0, forced: 0, tailgating: 0, free: 0 };
  readonly #settings: PassageSettings;
  readonly #machine: MachineSettings;
  readonly #p: PassageParts;
  #state: State = START;
  #serving: { served: Served; ended: () => void; outcome: string } | undefined;
  #timers = new Map<string, AbortController>();
  #writes: Promise<unknown> = Promise.resolve();
  readonly #closed = new AbortController();
  /** What is shown while nobody is served; undefined = not started. */
  #resting: EffectiveMode | undefined;

  constructor(settings: PassageSettings, parts: PassageParts) {
    this.#settings = settings;
    this.#p = parts;
    const { capabilities } = parts.barrier;
    this.#machine = {
      direction: settings.direction,
      sensor: capabilities.passageSensor,
      canFree: capabilities.free,
      otherDirection: settings.otherDirection,
    };
    parts.barrier.on('passage', ({ direction }) => this.#input({ type: 'passage', direction }));
    parts.barrier.on('input', ({ input, active }) => this.#input({ type: 'input', input, active }));
    parts.barrier.on('status', ({ state }) => {
      if (state === 'offline' || state === 'closed') this.#input({ type: 'barrier-gone' });
      // What was active while nobody listened (fire at start, after a reconnect) counts too, also when the turnstile itself is not well.
      else if (state !== 'starting') this.#readMonitors();
      this.#restAgain();
    });
  }

  /** `mode`: what the process before left; a lane that was closed stays closed after a power cut. */
  start(mode: Mode): void {
    if (mode !== 'free' || this.#machine.canFree.length > 0) this.#state = { ...this.#state, mode };
    this.#hold(freeIn(this.#state, this.#machine));
    this.#readMonitors();
    this.showRest();
  }

  /** The barrier is told once, on somebody's word: no check, but a record. */
  async pulse(who: string, expiresAt: number): Promise<void> {
    await this.#p.barrier.grant({ direction: this.#settings.direction, expiresAt });
    this.#record({ do: 'record', what: 'pulse', direction: this.#settings.direction, who });
  }

  get mode(): EffectiveMode {
    return effectiveMode(this.#state);
  }
  get phase(): State['phase']['is'] {
    return this.#state.phase.is;
  }
  /** Outcomes will come: checks of this lane wait for one. */
  get awaits(): boolean {
    return this.#machine.sensor;
  }

  /**
   * Tells the barrier. Resolves with whether it was told, and `ended`: resolves when the person is through, was not seen, or nobody can
   * tell any more; the outcome is written then, or being retried.
   */
  async serve(served: Served, expiresAt: number): Promise<{ granted: boolean; ended: Promise<void> }> {
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    this.#serving = { served, ended, outcome: '' };
    const effects = this.#input({ type: 'begin', admission: { seq: served.seq } });
    if (effects.some((e) => e.do === 'withdraw')) {
      await end;
      return { granted: false, ended: end };
    }
    try {
      await this.#p.barrier.grant({ direction: this.#settings.direction, expiresAt });
    } catch (error) {
      this.#p.log.error({ error: describeError(error) }, 'the barrier did not take the grant: the entry is given back');
      this.#input({ type: 'grant-failed' });
      await end;
      return { granted: false, ended: end };
    }
    this.#input({ type: 'granted' });
    return { granted: true, ended: end };
  }

  /** Rejects when this barrier cannot do it. The change is on the disk when it resolves. */
  async setMode(mode: Mode, who: string, why: string): Promise<void> {
    if (mode === 'free' && this.#machine.canFree.length === 0) {
      throw new DriverFault(
        'unsupported',
        'this barrier cannot be held open: configure `outputs.freeA` or `outputs.freeB`',
      );
    }
    this.#input({ type: 'mode', mode, who, why });
    await this.#writes;
    this.showRest();
  }

  /** A code presented in an emergency: nothing is decided, everything is recorded. */
  recordRead(credential: { code: string; medium: 'barcode' | 'rfid' }): void {
    this.#write({ kind: 'event', at: this.#p.clock.now(), lane: this.#settings.lane, what: 'read', credential });
  }

  /** What the lane shows while nobody is served. */
  showRest(): void {
    const rest = this.#rest();
    this.#resting = rest;
    if (rest === 'controlled' && this.#p.unarmed?.()) {
      // Before the doors open: nobody could be admitted here.
      this.#p.indicator?.show({ pattern: 'closed', text: sentence('list-empty', this.#settings.language) });
      return;
    }
    const pattern = rest === 'controlled' ? 'ready' : rest === 'closed' ? 'closed' : 'free';
    this.#p.indicator?.show({ pattern, text: caption(rest, this.#settings.language) });
  }

  /** Nobody is called to a barrier that will not open. */
  #rest(): EffectiveMode {
    const { mode } = this;
    return mode === 'controlled' && this.#p.barrier.status().state !== 'ready' ? 'closed' : mode;
  }
  #restAgain(): void {
    if (this.#resting !== undefined && this.phase === 'idle' && this.#rest() !== this.#resting) this.showRest();
  }

  #readMonitors(): void {
    const active = this.#p.barrier.active();
    for (const input of ['fire', 'release'] as const) {
      if (this.#state.emergency.has(input) !== active.has(input))
        this.#input({ type: 'input', input, active: active.has(input) });
    }
  }

  #input(input: Input): readonly Effect[] {
    const before = this.mode;
    const [state, effects] = step(this.#state, input, this.#machine);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    if (before !== this.mode) this.showRest();
    else this.#restAgain();
    return effects;
  }

  #run(effect: Effect): void {
    switch (effect.do) {
      case 'grant':
        return;
      case 'withdraw':
        return this.#settle(effect.admission, 'not-passed', 'lane-closed', true);
      case 'settle': {
        if (effect.outcome === 'assumed') return this.#settled(effect.admission);
        const givesBack =
          effect.outcome === 'not-passed' && (effect.why === 'barrier' || this.#settings.burn === 'passage');
        return this.#settle(effect.admission, effect.outcome, effect.why, givesBack);
      }
      case 'passage-timer':
        return void this.#unlessPassed(effect.admission.seq);
      case 'tail-timer':
        return void this.#timer('tail', this.#settings.tailgateWindow, {
          type: 'tail-over',
          seq: effect.admission.seq,
        });
      case 'revoke':
        return void this.#p.barrier.revoke();
      case 'hold':
        return this.#hold(effect.free);
      case 'record':
        return this.#record(effect);
    }
  }

  #hold(free: readonly Direction[]): void {
    if (this.#machine.canFree.length === 0) return;
    this.#p.barrier.hold(free).catch((error: unknown) => {
      // The driver holds it as soon as the board is back.
      this.#p.log.warn({ error: describeError(error) }, 'the barrier could not be told to hold');
    });
  }

  #record({ what, direction, of, mode, who, why }: Extract<Effect, { do: 'record' }>): void {
    if (what === 'passage') this.counters.free++;
    else if (what === 'forced' || what === 'tailgating') this.counters[what]++;
    const facts = {
      ...(direction && { direction }),
      ...(of !== undefined && { of }),
      ...(mode && { mode }),
      ...(who !== undefined && { who }),
      ...(why !== undefined && { why }),
    };
    const { lane } = this.#settings;
    const at = this.#p.clock.now();
    this.#write({ kind: 'event', at, lane, what, ...facts });
    this.#p.emit({ lane, at, what, ...facts });
  }

  /** An incident that cannot be written is in the log at least; it never stops a person. */
  #write(record: NewRecord): void {
    const done = this.#p.journal.append(record).catch((error: unknown) => {
      this.#p.log.error({ error: describeError(error) }, 'an event of the lane could not be written');
    });
    this.#writes = Promise.all([this.#writes, done]);
  }

  #settle(
    { seq }: Admission,
    outcome: 'passed' | 'not-passed' | 'unknown',
    why: string | undefined,
    givesBack: boolean,
  ): void {
    const serving = this.#serving;
    if (serving?.served.seq !== seq) return;
    this.counters[outcome === 'passed' ? 'passed' : 'notPassed']++;
    this.#stopTimer('passage');
    const { barcode, slot } = serving.served;
    const written = outcome === 'not-passed' && !givesBack ? 'kept' : outcome;
    const at = this.#p.clock.now();
    this.#p.outcome?.({ lane: this.#settings.lane, at, of: seq, outcome: written });
    const record: NewRecord = {
      kind: 'outcome',
      at,
      of: seq,
      outcome: written,
      barcode,
      ...(givesBack && slot !== undefined && { slot }),
      ...(why !== undefined && { why }),
    };
    this.#writes = Promise.all([this.#writes, this.#untilWritten(record, serving, seq)]);
  }

  /** The lane goes on after the first attempt; the check is reported only when its outcome is on the disk. */
  async #untilWritten(
    record: NewRecord,
    { served, ended }: { served: Served; ended: () => void },
    seq: number,
  ): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        await this.#p.journal.append(record);
        this.#p.settlement.settle(seq);
        if (record.kind === 'outcome' && record.outcome === 'not-passed') served.givenBack?.();
        break;
      } catch (error) {
        this.#p.log.error({ error: describeError(error) }, 'an outcome could not be written: it is tried again');
        ended();
        await this.#p.clock.sleep(RETRY, this.#closed.signal);
      }
    }
    ended();
  }

  #settled({ seq }: Admission): void {
    if (this.#serving?.served.seq !== seq) return;
    this.#p.settlement.settle(seq);
    this.#serving.ended();
  }

  /** A person who went through in the last moment is heard of after the time-out: the barrier is asked before the ticket is given back. */
  #unlessPassed(seq: number): Promise<void> {
    return this.#timer('passage', this.#settings.passageTimeout, { type: 'timeout', seq }, () =>
      this.#p.barrier.caughtUp(),
    );
  }

  async #timer(name: string, ms: number, input: Input, before?: () => Promise<void>): Promise<void> {
    this.#stopTimer(name);
    const mine = new AbortController();
    this.#timers.set(name, mine);
    await this.#p.clock.sleep(ms, mine.signal);
    if (before && !mine.signal.aborted) await before();
    if (!mine.signal.aborted) this.#input(input);
  }

  #stopTimer(name: string): void {
    this.#timers.get(name)?.abort();
  }

  /**
   * Ends at once: an admission still under way stays open in the journal and is written as `unknown` at the next start, as after a
   * power cut.
   */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const timer of this.#timers.values()) timer.abort();
    this.#serving?.ended();
    await this.#writes;
  }
}
