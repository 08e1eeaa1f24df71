import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { GateProcess } from '../../src/cli/demo/stage.js';
import { HUB } from '../../src/cli/demo/venue-stage.js';
import type { HubState } from '../../src/venue/topics.js';
import { givesUp, mayStart } from '../../src/venue/hub-identity.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { MAIN, noBroker, startAll, testVenue } from './stage.js';

const state = (rest: Partial<HubState>): HubState => ({
  hub: 'a',
  session: 's',
  epoch: 3,
  commit: 10,
  online: true,
  ...rest,
});

describe('two hubs', () => {
  it('the one that asks does not start when another one answers; a restart does', () => {
    const self = { hub: 'a', session: 's', epoch: 3, commit: 10, by: 'hub' };
    expect(mayStart(self, state({ session: 'old' }), [])).toEqual({ start: true, epoch: 4, sure: true });
    expect(mayStart(self, undefined, [state({ hub: 'b', session: 't', epoch: 9 })])).toMatchObject({
      start: false,
      why: 'another hub of this venue is running (b, epoch 9)',
    });
    expect(mayStart(self, undefined, [state({ session: 't' })])).toMatchObject({
      why: expect.stringContaining('a copy of this one’s memory') as string,
    });
  });

  it('one that was replaced by its standby does not start; the standby does, and is not put out by the old one', () => {
    const self = { hub: 'a', session: 's', epoch: 3, commit: 10, by: 'hub' };
    const taken = state({ session: 't', epoch: 4, by: 'hub-2' });
    expect(mayStart(self, taken, [])).toMatchObject({ start: false, replaced: true });
    expect(mayStart(self, undefined, [taken])).toMatchObject({ start: false, replaced: true });
    const standby = { ...self, by: 'hub-2', takeover: { inOrder: false } };
    expect(mayStart(standby, state({ session: 'old', by: 'hub' }), [])).toMatchObject({ start: true, sure: false });
    const old = state({ session: 'old', by: 'hub' });
    expect([givesUp(old, taken), givesUp(taken, old)]).toEqual([true, false]);
  });

  it('of two that meet later exactly one gives up, the younger', () => {
    const [old, young] = [state({ session: 'z' }), state({ hub: 'b', session: 'a', epoch: 4 })];
    expect([givesUp(old, young), givesUp(young, old)]).toEqual([false, true]);
    const [one, two] = [state({ session: 'a' }), state({ session: 'b' })];
    expect([givesUp(one, two), givesUp(two, one)]).toEqual([false, true]);
    expect(givesUp(young, { ...old, online: false })).toBe(false);
  });

  it.skipIf(noBroker !== undefined)(
    'with a real broker the second one ends with exit code 1 and says why',
    async () => {
      const venue = await testVenue({ gates: 1 });
      await startAll(venue);
      const { stage } = venue;
      const folder = temporaryFolder();
      mkdirSync(folder, { recursive: true });
      const config = path.join(folder, 'gate.yaml');
      writeFileSync(config, readFileSync(stage.configFile(HUB), 'utf8'), { mode: 0o600 });
      const second = new GateProcess(config, folder, MAIN);
      cleanup(async () => void (await second.kill('SIGKILL')));
      expect(await second.exited).toBe(1);
      const log = readFileSync(second.logFile, 'utf8');
      expect(log).toContain('another hub of this venue is running');
      // The first one never noticed.
      expect((await stage.report(HUB)).hub).toMatchObject({ phase: 'serving', why: null });
      expect((await stage.report('gate-1')).link?.state).toBe('joined');
    },
    120_000,
  );
});
