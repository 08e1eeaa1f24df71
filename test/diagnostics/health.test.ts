import { describe, expect, it } from 'vitest';
import type { DeviceState } from '../../drivers/contract.js';
import { conditionsOf, healthOf } from '../../src/diagnostics/health.js';
import type { LaneReport } from '../../src/diagnostics/read-model.js';

function lane(devices: Record<string, DeviceState>, mode: LaneReport['mode'] = 'controlled'): LaneReport {
  return {
    id: 'lane-1',
    direction: 'entry',
    mode,
    phase: 'ready',
    passageSensor: true,
    active: mode === 'emergency' ? ['fire'] : [],
    counters: {},
    devices: Object.entries(devices).map(([role, state]) => ({
      role,
      driver: 'x',
      status: { state, reason: `${role} is ${state}`, counters: {} },
    })),
  };
}
const judge = (report: LaneReport) => {
  const conditions = conditionsOf({ lanes: [report], journalFailure: null, sync: null, now: 0, pullEvery: 1 });
  return { health: healthOf(conditions), words: conditions.map((c) => c.what).join('; ') };
};

describe('health of a lane', () => {
  it.each([
    [{ 'reader-0': 'offline', barrier: 'ready' }, 'down'],
    [{ 'reader-0': 'offline', 'reader-1': 'ready', barrier: 'ready' }, 'degraded'],
    [{ 'reader-0': 'offline', 'reader-1': 'degraded', barrier: 'ready' }, 'degraded'],
    [{ 'reader-0': 'offline', 'reader-1': 'offline', barrier: 'ready' }, 'down'],
    [{ 'reader-0': 'ready', barrier: 'offline' }, 'down'],
    [{ 'reader-0': 'ready', barrier: 'ready', indicator: 'offline' }, 'degraded'],
  ] as [Record<string, DeviceState>, string][])('%o is %s', (devices, health) => {
    expect(judge(lane(devices)).health).toBe(health);
  });

  it('a mode that is not controlled is named with the way back', () => {
    expect(judge(lane({ 'reader-0': 'ready', barrier: 'ready' }, 'closed')).words).toContain('lane-1 is closed');
    expect(judge(lane({ 'reader-0': 'ready', barrier: 'ready' }, 'emergency')).words).toContain('emergency (fire)');
  });
});
