import { describe, expect, it } from 'vitest';
import type { Effect, Input, MachineSettings, Outcome, State } from '../../src/lane/machine.js';
import { effectiveMode, freeIn, START, step } from '../../src/lane/machine.js';

const SETTINGS: MachineSettings = {
  direction: 'entry',
  sensor: true,
  canFree: ['entry', 'exit'],
  otherDirection: 'controlled',
};

/** What a bystander knows: it never looks into the state. */
interface World {
  state: State;
  next: number;
  /** Admissions told to begin, by their outcome. */
  outcomes: ReadonlyMap<number, Outcome | 'open' | 'withdrawn'>;
  granting: number | undefined;
  passages: number;
  counted: number;
  held: boolean;
  timers: ReadonlySet<number>;
}

const MOVES = [
  'read',
  'granted',
  'grant-failed',
  'passage',
  'other way',
  'timeout',
  'tail-over',
  'gone',
  'fire',
  'fire-over',
  'release',
  'release-over',
  'forced',
  'fault',
  'free',
  'closed',
  'controlled',
] as const;
type Move = (typeof MOVES)[number];

/** The input of a move in this world; undefined = it cannot happen now. */
function inputOf(move: Move, world: World): Input | undefined {
  const lastTimer = [...world.timers].at(-1);
  switch (move) {
    // The lane serves one at a time, but a read may race with anything.
    case 'read':
      return world.granting === undefined ? { type: 'begin', admission: { seq: world.next } } : undefined;
    case 'granted':
    case 'grant-failed':
      return world.granting === undefined ? undefined : { type: move };
    case 'passage':
      return { type: 'passage', direction: 'entry' };
    case 'other way':
      return { type: 'passage', direction: 'exit' };
    case 'timeout':
      // A timer that was stopped may fire once more all the same.
      return lastTimer === undefined ? undefined : { type: 'timeout', seq: lastTimer };
    case 'tail-over':
      return lastTimer === undefined ? undefined : { type: 'tail-over', seq: lastTimer };
    case 'gone':
      return { type: 'barrier-gone' };
    case 'fire':
    case 'release':
      return { type: 'input', input: move, active: true };
    case 'fire-over':
      return { type: 'input', input: 'fire', active: false };
    case 'release-over':
      return { type: 'input', input: 'release', active: false };
    case 'forced':
    case 'fault':
      return { type: 'input', input: move, active: true };
    default:
      return { type: 'mode', mode: move, who: 'w', why: '' };
  }
}

function apply(world: World, move: Move, input: Input): World {
  const before = world.state;
  const [state, effects] = step(before, input, SETTINGS);
  const outcomes = new Map(world.outcomes);
  const timers = new Set(world.timers);
  let { next, granting, counted, held } = world;
  const passages = world.passages + (input.type === 'passage' ? 1 : 0);
  if (move === 'read') {
    outcomes.set(next, 'open');
    next++;
  }
  if (input.type === 'granted' || input.type === 'grant-failed') granting = undefined;
  for (const effect of effects)
    ({ granting, counted, held } = judge(effect, { before, move, outcomes, timers, granting, counted, held }));
  return { state, next, outcomes, granting, passages, counted, held, timers };
}

interface Judged {
  before: State;
  move: Move;
  outcomes: Map<number, Outcome | 'open' | 'withdrawn'>;
  timers: Set<number>;
  granting: number | undefined;
  counted: number;
  held: boolean;
}

/** The design's invariants, effect by effect. */
function judge(effect: Effect, w: Judged): Pick<Judged, 'granting' | 'counted' | 'held'> {
  let { granting, counted, held } = w;
  switch (effect.do) {
    case 'grant':
      if (w.move !== 'read') throw new Error('a grant without a read');
      if (effectiveMode(w.before) !== 'controlled') throw new Error('a grant outside of controlled mode');
      if ([...w.outcomes].some(([seq, o]) => o === 'open' && seq !== effect.admission.seq))
        throw new Error('two grants at once');
      granting = effect.admission.seq;
      break;
    case 'withdraw':
      w.outcomes.set(effect.admission.seq, 'withdrawn');
      break;
    case 'settle':
      if (w.outcomes.get(effect.admission.seq) !== 'open') throw new Error('settled twice');
      if (effect.outcome === 'not-passed' && w.move !== 'timeout' && w.move !== 'grant-failed')
        throw new Error('given back without a reason');
      w.outcomes.set(effect.admission.seq, effect.outcome);
      if (effect.outcome === 'passed') counted++;
      break;
    case 'passage-timer':
    case 'tail-timer':
      w.timers.add(effect.admission.seq);
      break;
    case 'record':
      if (effect.what === 'passage' || effect.what === 'tailgating' || (effect.what === 'forced' && effect.direction))
        counted++;
      break;
    case 'hold':
      held = effect.free.length > 0;
      break;
    case 'revoke':
      break;
  }
  return { granting, counted, held };
}

function check(world: World): void {
  const { state } = world;
  const open = [...world.outcomes].filter(([, o]) => o === 'open').map(([seq]) => seq);
  if (open.length > 1) throw new Error('more than one admission is open');
  const current = state.phase.is === 'idle' ? undefined : state.phase.admission.seq;
  if (open[0] !== current) throw new Error('the open admission is not the one in the phase');
  if (state.phase.is === 'waiting' && !world.timers.has(state.phase.admission.seq))
    throw new Error('waiting without a timer');
  if ((state.phase.is === 'granting') !== (world.granting !== undefined))
    throw new Error('the barrier is being told, or not');
  const early = state.phase.is === 'granting' ? state.phase.early : 0;
  if (world.passages !== world.counted + early) throw new Error('a passage was lost or counted twice');
  if (world.held !== freeIn(state, SETTINGS).length > 0) throw new Error('held open, or not, against the mode');
  if (effectiveMode(state) === 'emergency' && !world.held) throw new Error('emergency, and not released');
}

/** What decides everything that can follow: worlds that agree in it need not be explored twice. */
function keyOf(w: World, depth: number): string {
  const { state } = w;
  const rel = (seq: number | undefined): string => (seq === undefined ? '-' : String(w.next - seq));
  const phase =
    state.phase.is === 'idle'
      ? 'idle'
      : `${state.phase.is}${rel(state.phase.admission.seq)}${state.phase.is === 'granting' ? state.phase.early : ''}`;
  return [
    depth,
    state.mode,
    [...state.emergency].sort(),
    phase,
    rel(state.tail?.seq),
    rel(w.granting),
    [...w.timers].map(rel),
    w.held,
  ].join('|');
}

describe('the machine of a passage', () => {
  it('keeps every invariant in every interleaving of 17 inputs up to depth 8', () => {
    const DEPTH = 8;
    const seen = new Set<string>();
    let steps = 0;
    const explore = (world: World, path: readonly Move[]): void => {
      if (path.length === DEPTH) return;
      for (const move of MOVES) {
        const input = inputOf(move, world);
        if (!input) continue;
        const trail = [...path, move];
        let after: World;
        try {
          after = apply(world, move, input);
          check(after);
        } catch (error) {
          throw new Error(`${(error as Error).message} after: ${trail.join(', ')}`, { cause: error });
        }
        steps++;
        const key = keyOf(after, trail.length);
        if (seen.has(key)) continue;
        seen.add(key);
        explore(after, trail);
      }
    };
    const start: World = {
      state: START,
      next: 1,
      outcomes: new Map(),
      granting: undefined,
      passages: 0,
      counted: 0,
      held: false,
      timers: new Set(),
    };
    explore(start, []);
    expect(steps).toBeGreaterThan(10_000);
    expect(seen.size).toBeGreaterThan(1_000);
  });

  const run = (settings: MachineSettings, ...inputs: Input[]): { state: State; effects: Effect[] } => {
    let state = START;
    const effects: Effect[] = [];
    for (const input of inputs) {
      const [next, more] = step(state, input, settings);
      state = next;
      effects.push(...more);
    }
    return { state, effects };
  };
  const begin = (seq: number): Input => ({ type: 'begin', admission: { seq } });
  const walk: Input = { type: 'passage', direction: 'entry' };

  it('a second person on one grant is tailgating, with the check it followed', () => {
    const { effects } = run(SETTINGS, begin(7), { type: 'granted' }, walk, walk);
    expect(effects.at(-1)).toEqual({ do: 'record', what: 'tailgating', direction: 'entry', of: 7 });
  });

  it('a passage long after, or without any grant, is forced', () => {
    expect(run(SETTINGS, walk).effects).toEqual([{ do: 'record', what: 'forced', direction: 'entry' }]);
    const late = run(SETTINGS, begin(1), { type: 'granted' }, { type: 'timeout', seq: 1 }, walk);
    expect(late.effects.at(-1)).toMatchObject({ what: 'forced' });
  });

  it('somebody who pushes while the barrier is being told has passed', () => {
    const { effects } = run(SETTINGS, begin(1), walk, { type: 'granted' });
    expect(effects).toContainEqual({ do: 'settle', admission: { seq: 1 }, outcome: 'passed' });
  });

  it('a closed or freed lane withdraws a decision that is already made', () => {
    const { effects } = run(SETTINGS, { type: 'mode', mode: 'closed', who: 'w', why: '' }, begin(1));
    expect(effects.at(-1)).toEqual({ do: 'withdraw', admission: { seq: 1 } });
  });

  it('fire releases, settles what is open as unknown, and ends in the mode of before', () => {
    const fire = (active: boolean): Input => ({ type: 'input', input: 'fire', active });
    const { state, effects } = run(SETTINGS, begin(1), { type: 'granted' }, fire(true), walk, fire(false));
    expect(effects).toContainEqual({ do: 'hold', free: ['entry', 'exit'] });
    expect(effects).toContainEqual({ do: 'settle', admission: { seq: 1 }, outcome: 'unknown', why: 'emergency' });
    expect(effects).toContainEqual({ do: 'record', what: 'passage', direction: 'entry' });
    expect(effects.findLast((e) => e.do === 'hold')).toEqual({ do: 'hold', free: [] });
    expect(effectiveMode(state)).toBe('controlled');
  });

  it('without a pass contact an admission counts as passed at once', () => {
    const { state, effects } = run({ ...SETTINGS, sensor: false }, begin(1), { type: 'granted' });
    expect(effects.at(-1)).toEqual({ do: 'settle', admission: { seq: 1 }, outcome: 'assumed' });
    expect(state.phase.is).toBe('idle');
  });
});
