import { describe, expect, it } from 'vitest';
import type { Scenario } from './explore.js';
import { explore } from './explore.js';

const refuse = { kind: 'refuse' } as const;
const budget = { kind: 'budget', max: 1 } as const;
const homeOnly = { kind: 'home-only' } as const;
const both = [1, 1] as const;

describe('the claim protocol, every interleaving of two gates and one ticket', () => {
  it.each<[string, Scenario]>([
    ['refuse', { policy: refuse, presentations: both, hubCrashes: 1 }],
    ['refuse, shown twice at one gate', { policy: refuse, presentations: [2, 1], hubCrashes: 0 }],
    ['refuse, a gate crashes', { policy: refuse, presentations: both, hubCrashes: 1, gateCrashes: 1 }],
    ['refuse, two crashes of the hub', { policy: refuse, presentations: both, hubCrashes: 2 }],
    ['a budget of one', { policy: budget, presentations: both, hubCrashes: 1 }],
    [
      'refuse, given back and shown again',
      { policy: refuse, presentations: both, hubCrashes: 1, gateCrashes: 1, passages: true },
    ],
    ['a budget of one, given back', { policy: budget, presentations: both, hubCrashes: 0, passages: true }],
    ['home-only', { policy: homeOnly, presentations: both, hubCrashes: 1, home: true }],
  ])('%s', (_name, scenario) => {
    const result = explore(scenario);
    expect(result.violation).toBeUndefined();
    expect(result.states).toBeGreaterThan(100);
  });

  it.each<[NonNullable<Scenario['break']>, Scenario]>([
    ['no-deadline', { policy: refuse, presentations: both, hubCrashes: 1 }],
    ['late-answer-admits', { policy: refuse, presentations: both, hubCrashes: 1 }],
    ['answer-before-durable', { policy: refuse, presentations: both, hubCrashes: 1 }],
    ['no-idempotence-key', { policy: refuse, presentations: both, hubCrashes: 0 }],
    [
      'give-back-before-durable',
      { policy: refuse, presentations: both, hubCrashes: 0, gateCrashes: 1, passages: true },
    ],
    ['forgets-what-was-granted', { policy: homeOnly, presentations: both, hubCrashes: 0, home: true }],
    ['no-home-agreement', { policy: homeOnly, presentations: both, hubCrashes: 0, home: true }],
  ])('the checker notices: %s', (mutation, scenario) => {
    const { violation } = explore({ ...scenario, break: mutation });
    expect(violation?.trace.length).toBeGreaterThan(1);
  });
});
