/**
 * Is the hub there? With hysteresis: one lost answer changes nothing, a hub that comes and goes does not make the gate
 * flicker. While the gate is `alone` a lane does not wait for an answer that will not come. Pure.
 */
export interface LinkState {
  state: 'joined' | 'alone';
  /** Claims in a row that got no answer. */
  misses: number;
  /** Monotonic milliseconds of the last word from the hub, and since when it has been heard without a gap. */
  heardAt: number;
  steadySince: number;
}

export interface LinkRules {
  /** Unanswered claims in a row that make the gate go alone. */
  misses: number;
  /** Milliseconds without a word from the hub that make it go alone. */
  silence: number;
  /** Milliseconds of steady words before it joins again. */
  steady: number;
}

export type LinkInput = { type: 'heard' } | { type: 'missed' } | { type: 'tick' } | { type: 'lost' };

export const NEVER_HEARD: LinkState = { state: 'alone', misses: 0, heardAt: -Infinity, steadySince: Infinity };

export function linkStep(link: LinkState, input: LinkInput, now: number, rules: LinkRules): LinkState {
  const silent = now - link.heardAt > rules.silence;
  switch (input.type) {
    case 'heard': {
      const steadySince = silent ? now : Math.min(link.steadySince, now);
      const back = link.state === 'joined' || now - steadySince >= rules.steady;
      return { state: back ? 'joined' : 'alone', misses: 0, heardAt: now, steadySince };
    }
    case 'missed': {
      const misses = link.misses + 1;
      return misses >= rules.misses ? { ...link, state: 'alone', misses: 0, steadySince: now } : { ...link, misses };
    }
    case 'lost':
      return { ...link, state: 'alone', misses: 0, steadySince: Infinity };
    case 'tick':
      return silent ? { ...link, state: 'alone', misses: 0, steadySince: Infinity } : link;
  }
}
