import { describe, expect, it } from 'vitest';
import type { RightsScenario } from './explore-rights.js';
import { exploreRights } from './explore-rights.js';

/** Two entries, one of them used at gate 0, which holds the other in advance; then each gate is shown the ticket once more. */
const begun: RightsScenario = { quota: 2, begun: true, presentations: [1, 1] };

describe('rights in advance, every interleaving of two gates and a ticket for two entries', () => {
  it.each<[string, RightsScenario]>([
    ['from the beginning', { quota: 2, presentations: [1, 1] }],
    ['a right is held', begun],
    ['the hub crashes', { ...begun, hubCrashes: 1 }],
    ['the hub comes back with an empty disk', { ...begun, hubRestores: 1 }],
    ['a gate crashes', { ...begun, gateCrashes: 1 }],
  ])('%s', (_name, scenario) => {
    const result = exploreRights(scenario);
    expect(result.violation).toBeUndefined();
    expect(result.states).toBeGreaterThan(100);
  });

  it.each<[NonNullable<RightsScenario['break']>, RightsScenario]>([
    ['right-not-counted', begun],
    ['given-back-and-kept', begun],
    ['rights-not-told', { ...begun, hubRestores: 1 }],
    ['counts-while-unsure', { ...begun, hubRestores: 1 }],
    ['spent-after-the-check', { ...begun, gateCrashes: 1 }],
  ])('the checker notices: %s', (mutation, scenario) => {
    // What the first grant counts is part of the beginning.
    const from = mutation === 'right-not-counted' ? { quota: 2, presentations: [2, 1] as const } : scenario;
    const { violation } = exploreRights({ ...from, break: mutation });
    expect(violation?.what).toBe('3 entries of 2');
  });
});
