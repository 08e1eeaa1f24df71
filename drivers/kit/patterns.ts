import type { Pattern } from '../contract.js';

export type Lamp = 'green' | 'red' | 'amber' | 'steward' | 'buzzer';

export interface Play {
  /** What is on and for how long, in order, milliseconds; the last step stays when `stay` is set. */
  steps: readonly { on: readonly Lamp[]; ms: number }[];
  stay: boolean;
}

/**
 * What each signal looks and sounds like. Readable by colour-blind and by deaf or blind visitors: green against red is short against long too.
 * Nothing flashes faster than 3 Hz (photosensitive epilepsy).
 */
export function playOf(pattern: Pattern, times: { admitFor: number; refuseFor: number }): Play {
  const rest = (ms: number): number => Math.max(0, ms);
  switch (pattern) {
    case 'ready':
      return { steps: [{ on: [], ms: 0 }], stay: true };
    case 'admit':
      return {
        steps: [
          { on: ['green', 'buzzer'], ms: 150 },
          { on: ['green'], ms: rest(times.admitFor - 150) },
        ],
        stay: false,
      };
    case 'attend':
      return {
        steps: [
          { on: ['green', 'steward', 'buzzer'], ms: 150 },
          { on: ['green', 'steward'], ms: 200 },
          { on: ['green', 'steward', 'buzzer'], ms: 150 },
          { on: ['green', 'steward'], ms: rest(times.admitFor - 500) },
        ],
        stay: false,
      };
    case 'refuse':
      return {
        steps: [
          { on: ['red', 'buzzer'], ms: 700 },
          { on: ['red'], ms: rest(times.refuseFor - 700) },
        ],
        stay: false,
      };
    case 'wait':
      return { steps: [{ on: ['amber'], ms: 1000 }], stay: false };
    case 'fault':
      return {
        steps: [
          { on: ['red', 'amber'], ms: 500 },
          { on: ['red'], ms: 500 },
          { on: ['red', 'amber'], ms: 500 },
          { on: ['red'], ms: rest(times.refuseFor - 1500) },
        ],
        stay: false,
      };
    case 'closed':
      return { steps: [{ on: ['red'], ms: 0 }], stay: true };
    case 'free':
      return { steps: [{ on: ['green'], ms: 0 }], stay: true };
  }
}
