import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, LocalBroker } from '../../src/cli/demo/broker.js';
import type { VenueStageOptions } from '../../src/cli/demo/venue-stage.js';
import { gateName, HUB, passwordOf, VenueStage } from '../../src/cli/demo/venue-stage.js';
import type { VenueReport } from '../../src/diagnostics/venue-model.js';
import type { CheckRecord, JournalRecord } from '../../src/domain/records.js';
import type { Simulator } from '../../src/simulator/server.js';
import { startSimulator } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
export const SECRET = 'the secret of the venue that is tested here';
/** Milliseconds; a busy machine takes its time. */
export const PATIENCE = 60_000;

export interface TestVenue {
  simulator: Simulator;
  broker: LocalBroker;
  stage: VenueStage;
  /** Presents a ticket and waits for the check it becomes. */
  present: (gate: string, code: string) => Promise<CheckRecord>;
  until: (name: string, condition: (r: VenueReport) => boolean) => Promise<VenueReport>;
}

export const noBroker = findProgram('mosquitto') === undefined ? 'mosquitto is not installed' : undefined;

/** A whole venue of processes with a real broker; everything is gone after the test. */
export async function testVenue(
  options: Partial<VenueStageOptions> & { gates: number; tickets?: number },
): Promise<TestVenue> {
  const folder = temporaryFolder();
  const simulator = await startSimulator({ port: 0, tickets: options.tickets ?? 300, seed: 1, callsPerMinute: 0 });
  cleanup(() => simulator.close());
  const names = [HUB, ...Array.from({ length: options.gates }, (_, i) => gateName(i)), 'operator', 'monitor'];
  const broker = await LocalBroker.start({
    folder: path.join(folder, 'broker'),
    users: names.map((name) => [name, passwordOf(name)] as const),
  });
  cleanup(() => broker.stop());
  const stage = new VenueStage({
    folder,
    brokerUrl: broker.url,
    secutixUrl: simulator.url,
    secret: SECRET,
    main: MAIN,
    ...options,
  });
  cleanup(() => stage.stop());
  const until = async (name: string, condition: (r: VenueReport) => boolean): Promise<VenueReport> => {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const report = await stage.report(name).catch(() => undefined);
      if (report && condition(report)) return report;
      if (performance.now() > end) throw new Error(`${name} did not come to it: ${JSON.stringify(report)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const present = async (gate: string, code: string): Promise<CheckRecord> => {
    const { api } = stage.of(gate);
    const before = (await api.get<JournalRecord[]>('/journal?limit=1')).at(-1)?.seq ?? 0;
    await api.post('/lanes/lane-1/readers/0/present', code);
    const end = performance.now() + PATIENCE;
    while (performance.now() < end) {
      const records = await api.get<JournalRecord[]>(`/journal?limit=100&after=${before}`);
      const check = records.find((r) => r.kind === 'check' && r.barcode === code);
      if (check?.kind === 'check') return check;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${gate} never decided`);
  };
  return { simulator, broker, stage, present, until };
}

/** Hub and gates run, every gate has the hub's list and is in touch. */
export async function startAll({ stage, until }: TestVenue): Promise<void> {
  for (const name of stage.names) stage.start(name);
  for (const name of stage.names)
    await stage
      .of(name)
      .until(
        (s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null && s.lanes.every((l) => l.phase === 'ready'),
        PATIENCE,
      );
  for (const name of stage.names.slice(1)) await until(name, (r) => r.link?.state === 'joined' && r.link.inStep);
}
