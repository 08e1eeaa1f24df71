import type { BarrierInput, Direction } from '../../drivers/contract.js';

/** What a steward or technician sets. `free`: always open, counting. `closed`: nobody is granted; never a way to hold people in. */
export type Mode = 'controlled' | 'free' | 'closed';

export interface MachineSettings {
  direction: Direction;
  /** The barrier reports passages; without it an admission counts as passed. */
  sensor: boolean;
  /** Directions that the barrier can hold open. */
  canFree: readonly Direction[];
  /** `free`: walking through the other way is nobody's business, and counted. `controlled`: it is a forced passage. */
  otherDirection: 'free' | 'controlled';
}

/** An admission whose end is not known yet, by the sequence of its check. */
export interface Admission {
  seq: number;
}

export interface State {
  readonly mode: Mode;
  /** Active monitors that release the lane: hardware has opened it already. */
  readonly emergency: ReadonlySet<BarrierInput>;
  readonly phase:
    | { is: 'idle' }
    /** The barrier is being told; somebody may push already. */
    | { is: 'granting'; admission: Admission; early: number }
    /** The barrier was told: somebody may walk through. */
    | { is: 'waiting'; admission: Admission };
  /** The admission that passed last, while a second person right behind counts as tailgating. */
  readonly tail: Admission | undefined;
}

export type Input =
  | { type: 'begin'; admission: Admission }
  | { type: 'granted' }
  | { type: 'grant-failed' }
  | { type: 'passage'; direction: Direction }
  | { type: 'timeout'; seq: number }
  | { type: 'tail-over'; seq: number }
  | { type: 'input'; input: BarrierInput; active: boolean }
  | { type: 'mode'; mode: Mode; who: string; why: string }
  | { type: 'barrier-gone' };

export type Outcome = 'passed' | 'not-passed' | 'unknown' | 'assumed';

/** Things that happen at a lane beside checks; each is a record of the journal. */
export type Incident =
  | 'passage'
  | 'forced'
  | 'tailgating'
  | 'fire'
  | 'fire-over'
  | 'release'
  | 'release-over'
  | 'fault'
  | 'fault-over'
  | 'tamper'
  | 'tamper-over'
  | 'pulse'
  | 'mode';

export type Effect =
  /** Answers to `begin`. */
  | { do: 'grant'; admission: Admission }
  | { do: 'withdraw'; admission: Admission }
  | { do: 'settle'; admission: Admission; outcome: Outcome; why?: string }
  /** `timeout` and `tail-over` are due later, for this admission. */
  | { do: 'passage-timer'; admission: Admission }
  | { do: 'tail-timer'; admission: Admission }
  | { do: 'revoke' }
  | { do: 'hold'; free: readonly Direction[] }
  | { do: 'record'; what: Incident; direction?: Direction; of?: number; mode?: Mode; who?: string; why?: string };

export const START: State = { mode: 'controlled', emergency: new Set(), phase: { is: 'idle' }, tail: undefined };

export type Step = readonly [State, readonly Effect[]];

const RELEASING: readonly BarrierInput[] = ['fire', 'release'];
const IDLE = { is: 'idle' } as const;

export type EffectiveMode = Mode | 'emergency';
export const effectiveMode = (state: State): EffectiveMode => (state.emergency.size > 0 ? 'emergency' : state.mode);

/** Directions held open in a state. */
export function freeIn(state: State, settings: MachineSettings): readonly Direction[] {
  return effectiveMode(state) === 'emergency' || state.mode === 'free' ? settings.canFree : [];
}

/** One passage as a state machine: pure, every input is answered in every state. Timers are told to it as inputs. */
export function step(state: State, input: Input, settings: MachineSettings): Step {
  switch (input.type) {
    case 'begin':
      return begin(state, input.admission);
    case 'granted':
      return granted(state, settings);
    case 'grant-failed':
      return grantFailed(state, settings);
    case 'passage':
      return passage(state, input.direction, settings);
    case 'timeout':
      return timeout(state, input.seq);
    case 'tail-over':
      return [state.tail?.seq === input.seq ? { ...state, tail: undefined } : state, []];
    case 'input':
      return monitor(state, input.input, input.active, settings);
    case 'mode':
      return setMode(state, input, settings);
    case 'barrier-gone':
      return unknowable(state, 'the barrier went away');
  }
}

/** The mode may have changed since the decision: this is the last look before the barrier is told. */
function begin(state: State, admission: Admission): Step {
  if (effectiveMode(state) !== 'controlled' || state.phase.is !== 'idle')
    return [state, [{ do: 'withdraw', admission }]];
  return [{ ...state, phase: { is: 'granting', admission, early: 0 } }, [{ do: 'grant', admission }]];
}

function granted(state: State, settings: MachineSettings): Step {
  const { phase } = state;
  if (phase.is !== 'granting') return [state, []];
  const { admission, early } = phase;
  if (!settings.sensor) return [{ ...state, phase: IDLE }, [{ do: 'settle', admission, outcome: 'assumed' }]];
  const waiting: State = { ...state, phase: { is: 'waiting', admission } };
  if (early > 0) {
    // Somebody was quick: that was the person who was admitted, whatever has happened since.
    const [passed, effects] = through(waiting, admission);
    const [after, more] = manyPassages(passed, early - 1, settings);
    return [after, [...effects, ...more]];
  }
  if (effectiveMode(state) === 'emergency') return unknowable(waiting, 'emergency');
  return [waiting, [{ do: 'passage-timer', admission }]];
}

function grantFailed(state: State, settings: MachineSettings): Step {
  const { phase } = state;
  if (phase.is !== 'granting') return [state, []];
  const [after, effects] = manyPassages({ ...state, phase: IDLE }, phase.early, settings);
  return [after, [{ do: 'settle', admission: phase.admission, outcome: 'not-passed', why: 'barrier' }, ...effects]];
}

function manyPassages(state: State, count: number, settings: MachineSettings): Step {
  let now = state;
  const effects: Effect[] = [];
  for (let i = 0; i < count; i++) {
    const [next, more] = passage(now, settings.direction, settings);
    now = next;
    effects.push(...more);
  }
  return [now, effects];
}

function passage(state: State, direction: Direction, settings: MachineSettings): Step {
  const { phase, tail } = state;
  const mine = direction === settings.direction;
  const record = (what: Incident, of?: number): Step => [
    state,
    [{ do: 'record', what, direction, ...(of !== undefined && { of }) }],
  ];
  if (effectiveMode(state) === 'emergency') return record('passage');
  if (!mine) return record(settings.otherDirection === 'free' || state.mode === 'free' ? 'passage' : 'forced');
  if (phase.is === 'granting') return [{ ...state, phase: { ...phase, early: phase.early + 1 } }, []];
  if (phase.is === 'waiting') return through(state, phase.admission);
  if (state.mode === 'free') return record('passage');
  return tail ? record('tailgating', tail.seq) : record('forced');
}

function through(state: State, admission: Admission): Step {
  return [
    { ...state, phase: IDLE, tail: admission },
    [
      { do: 'settle', admission, outcome: 'passed' },
      { do: 'tail-timer', admission },
    ],
  ];
}

function timeout(state: State, seq: number): Step {
  const { phase } = state;
  if (phase.is !== 'waiting' || phase.admission.seq !== seq) return [state, []];
  return [
    { ...state, phase: IDLE },
    [{ do: 'revoke' }, { do: 'settle', admission: phase.admission, outcome: 'not-passed', why: 'time-out' }],
  ];
}

/** Nobody will be able to say whether this admission passed. It stays used: nobody may be forgotten. */
function unknowable(state: State, why: string): Step {
  const { phase } = state;
  if (phase.is !== 'waiting') return [state, []];
  return [{ ...state, phase: IDLE }, [{ do: 'settle', admission: phase.admission, outcome: 'unknown', why }]];
}

function monitor(state: State, input: BarrierInput, active: boolean, settings: MachineSettings): Step {
  if (input === 'ready') return [state, []];
  if (input === 'forced') return [state, active ? [{ do: 'record', what: 'forced' }] : []];
  const record: Effect = { do: 'record', what: active ? input : (`${input}-over` as const) };
  if (!RELEASING.includes(input)) return [state, [record]];
  if (state.emergency.has(input) === active) return [state, []];
  const emergency = new Set(state.emergency);
  if (active) emergency.add(input);
  else emergency.delete(input);
  const [after, effects] = unknowable({ ...state, emergency, tail: undefined }, 'emergency');
  return [after, [{ do: 'hold', free: freeIn(after, settings) }, record, ...effects]];
}

function setMode(state: State, input: { mode: Mode; who: string; why: string }, settings: MachineSettings): Step {
  const { mode, who, why } = input;
  if (mode === state.mode) return [state, []];
  const after: State = { ...state, mode, tail: undefined };
  return [
    after,
    [
      { do: 'record', what: 'mode', mode, who, why },
      { do: 'hold', free: freeIn(after, settings) },
    ],
  ];
}
