export interface Explored {
  states: number;
  violation?: { what: string; trace: string[] };
}

/** A model to be explored: pure functions over its states. */
export interface Model<State> {
  first: State;
  /** Two states with the same key are one. */
  keyOf: (state: State) => string;
  steps: (state: State) => Iterable<readonly [what: string, to: State]>;
  /** What must not be, in words; undefined = all is well. */
  wrong: (state: State) => string | undefined;
}

/** Visits every state that can be reached, until one is wrong; throws when there are more than `limit`. */
export function search<State>({ first, keyOf, steps, wrong }: Model<State>, limit: number): Explored {
  const start = keyOf(first);
  // Parents are kept as keys: a violation is told as the way that leads to it.
  const seen = new Map<string, { from: string | null; what: string }>([[start, { from: null, what: 'start' }]]);
  const open = [{ key: start, state: first }];
  const traceOf = (key: string): string[] => {
    const trace: string[] = [];
    for (let at: string | null = key; at !== null; at = seen.get(at)?.from ?? null)
      trace.push(seen.get(at)?.what ?? '');
    return trace.reverse();
  };
  for (let item = open.pop(); item; item = open.pop()) {
    const { key, state } = item;
    const violation = wrong(state);
    if (violation !== undefined) return { states: seen.size, violation: { what: violation, trace: traceOf(key) } };
    for (const [what, to] of steps(state)) {
      const k = keyOf(to);
      if (seen.has(k)) continue;
      seen.set(k, { from: key, what });
      if (seen.size > limit) throw new Error(`more than ${limit} states`);
      open.push({ key: k, state: to });
    }
  }
  return { states: seen.size };
}
