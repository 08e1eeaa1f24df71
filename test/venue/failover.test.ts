import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { GateProcess } from '../../src/cli/demo/stage.js';
import { HUB } from '../../src/cli/demo/venue-stage.js';
import type { VenueCounts, VenueReport } from '../../src/diagnostics/venue-model.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { casesOf } from '../../src/simulator/model.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { MAIN, noBroker, PATIENCE, startAll, testVenue } from './stage.js';

/** A program and whoever starts it again when it has ended, as systemd and the container engine do. */
class Supervised {
  readonly config: string;
  readonly #folder: string;
  #process: GateProcess | undefined;
  #down = true;

  constructor(config: string, folder: string) {
    this.config = config;
    this.#folder = folder;
    cleanup(async () => {
      this.#down = true;
      await this.#process?.kill('SIGKILL');
    });
  }

  start(): void {
    this.#down = false;
    void this.#keep();
  }
  async #keep(): Promise<void> {
    while (!this.#down) {
      this.#process = new GateProcess(this.config, this.#folder, MAIN);
      await this.#process.exited;
    }
  }
  async kill(): Promise<void> {
    this.#down = true;
    await this.#process?.kill('SIGKILL');
  }
  /** Only `failed` is an error: a venue that is not whole has an exit code too. */
  async say(...command: string[]): Promise<string> {
    const options = [MAIN, ...command, '--config', this.config];
    const { stdout } = await promisify(execFile)(process.execPath, options).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === 3) return error as { stdout: string };
      throw error;
    });
    return stdout;
  }
  counts(): Promise<VenueCounts> {
    return (this.#process as GateProcess).api.get<VenueCounts>('/venue/counts');
  }
  async until(condition: (report: VenueReport) => boolean): Promise<VenueReport> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const report = await this.#process?.api.get<VenueReport>('/venue').catch(() => undefined);
      if (report && condition(report)) return report;
      if (performance.now() > end) throw new Error(`it did not come to it: ${JSON.stringify(report)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const WAITS = { timeout: PATIENCE, interval: 200 };
const counts = (r: VenueReport): boolean => r.hub?.phase === 'serving' && r.hub.why === null;
const follows = (r: VenueReport): boolean => r.role === 'standby' && r.standby?.caughtUp === true;

describe.skipIf(noBroker !== undefined)('a standby', () => {
  it('takes over in order, from a hub that was killed, and hands back: no check, no claim is lost', async () => {
    const venue = await testVenue({
      gates: 2,
      claim: () => ({ deadline: '3s' }),
      config: (name) => (name === HUB ? { store: { secret: 'the key of the disk of the first hub' } } : {}),
    });
    const { stage, simulator, present, until } = venue;
    await startAll(venue);
    await stage.of(HUB).stop();
    const first = new Supervised(stage.configFile(HUB), stage.folder(HUB));
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    const config = parse(readFileSync(stage.configFile(HUB), 'utf8')) as { gate: object; venue: object };
    const standby = {
      ...config,
      gate: { ...config.gate, id: 'hub-2' },
      venue: { ...config.venue, role: 'standby' },
      // Each box has a key of its own.
      store: { secret: 'the key of the disk of the second hub' },
    };
    writeFileSync(path.join(folder, 'gate.yaml'), stringify(standby), { mode: 0o600 });
    const second = new Supervised(path.join(folder, 'gate.yaml'), folder);
    first.start();
    second.start();
    await first.until(counts);
    await second.until(follows);
    const rejoined = async (): Promise<void> => {
      for (const name of ['gate-1', 'gate-2']) await until(name, (r) => r.link?.state === 'joined' && r.link.inStep);
    };
    await rejoined();
    const codes = casesOf(simulator.model, 'P1', 'PERF1', 10).valid;
    const [a, b, c, d] = codes as [string, string, string, string];
    const { readers } = simulator.stats();
    const [bad, gone] = [codes[4] as string, codes[5] as string];
    // SecuTix refuses it: set aside at the first hub.
    simulator.state.rules.rejectBarcodes = new Set([bad]);
    const refused = await present('gate-2', bad);
    const setAside = async (hub: Supervised): Promise<string[]> => {
      const list = JSON.parse(await hub.say('journal', 'refused', '--json')) as { checkId: string }[];
      return list.map((r) => r.checkId);
    };
    await expect.poll(() => setAside(first), WAITS).toEqual([refused.checkId]);
    const inside = async (hub: Supervised, n: number): Promise<void> => {
      await expect.poll(async () => (await hub.counts()).inside, WAITS).toBe(n);
    };
    const granted = { admitted: true, claim: { how: 'granted' } };
    const used = { admitted: false, reason: 'already-used' };
    expect(await present('gate-1', a)).toMatchObject(granted);
    await inside(first, 2);

    // In order: the hub stops first, and stands by afterwards.
    await second.until(follows);
    expect(await second.say('venue', 'takeover', '--who', 'Ada')).toContain('the hub has stopped');
    expect((await second.until(counts)).hub?.epoch).toBeGreaterThan(1);
    await first.until(follows);
    await rejoined();
    expect((await second.until(counts)).hub?.taken).toMatchObject({ inOrder: true, who: 'Ada', from: HUB });
    expect(await second.say('journal', 'verify')).toMatch(/note: .* hub-2 has taken over from hub, in order, .* Ada/);
    expect(await first.say('journal', 'verify')).toMatch(/note: .* hub-2 has taken over .* Ada; this one stands by/);
    expect(await setAside(second)).toEqual([refused.checkId]);
    await inside(second, 2);
    expect(await present('gate-2', a)).toMatchObject(used);
    expect(await present('gate-2', b)).toMatchObject(granted);
    await inside(second, 3);
    await second.until(counts);
    await first.until(follows);

    // Killed: whoever takes over counts when the gates have spoken; who comes back finds that it was replaced.
    await second.kill();
    await first.until((r) => r.role === 'standby' && r.standby?.hub === null);
    await first.say('venue', 'takeover');
    await first.until(counts);
    await rejoined();
    expect(await present('gate-1', b)).toMatchObject(used);
    expect(await present('gate-1', c)).toMatchObject(granted);
    second.start();
    await second.until(follows);

    await first.say('venue', 'handback', '--who', 'Bob');
    await second.until(counts);
    await first.until(follows);
    await rejoined();
    expect(await present('gate-2', c)).toMatchObject(used);
    expect(await present('gate-2', d)).toMatchObject(granted);
    await rejoined();
    expect((await second.until(counts)).hub?.taken).toMatchObject({ inOrder: true, who: 'Bob (hand-back)' });
    await inside(second, 5);
    // The list is read on where the other one was: nobody has begun at its beginning again.
    simulator.model.cancel(gone, 'REFUND');
    await second.say('sync', '--only', 'pull');
    await expect.poll(() => present('gate-1', gone), WAITS).toMatchObject({ admitted: false, reason: 'cancelled' });
    expect(simulator.stats()).toMatchObject({ readers, alarms: [] });
    const checks = ['gate-1', 'gate-2'].map((name) => stage.of(name).api.get<JournalRecord[]>('/journal?limit=100'));
    const ids = (await Promise.all(checks)).flat().flatMap((r) => (r.kind === 'check' ? [r.checkId] : []));
    const missing = (): string[] =>
      ids
        .filter((id) => id !== refused.checkId)
        .filter((id) => !simulator.controls().some((x) => x.acIdentifier === id));
    const end = performance.now() + PATIENCE;
    while (missing().length > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ids.length).toBeGreaterThanOrEqual(9);
    expect(missing()).toEqual([]);
    expect((await second.until(counts)).hub?.conflicts).toBe(0);
  }, 300_000);
});
