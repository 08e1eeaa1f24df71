import type { TicketReport } from '../../src/diagnostics/read-model.js';
import { HUB } from '../../src/cli/demo/venue-stage.js';
import type { VenueStage } from '../../src/cli/demo/venue-stage.js';
import type { Simulator } from '../../src/simulator/server.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface NewGateFigures {
  /** Of the process until every ticket is there and the sum over the list is the hub's. */
  seconds: number;
  /** Bytes a second that the broker carried are not measured; this is the list as tickets. */
  tickets: number;
}

/** A gate with an empty disk beside a hub with the whole list. */
export async function benchNewGate(stage: VenueStage, name: string, tickets: number): Promise<NewGateFigures> {
  const started = performance.now();
  stage.start(name);
  const status = await stage
    .of(name)
    .until(
      (s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null && s.lanes.every((l) => l.phase === 'ready'),
      600_000,
    );
  const seconds = (performance.now() - started) / 1000;
  const there = status.sync?.pull.scopes[0]?.items ?? 0;
  if (there < tickets) throw new Error(`${name} says it is complete with ${there} of ${tickets} tickets`);
  return { seconds, tickets: there };
}

/** From the moment the hub's list has a cancelled ticket until every gate's has it, milliseconds, one figure a round. */
export async function benchCancelled(
  stage: VenueStage,
  names: readonly string[],
  { simulator, codes }: { simulator: Simulator; codes: readonly string[] },
): Promise<number[]> {
  const cancelled = async (name: string, code: string): Promise<boolean> =>
    (await stage.of(name).api.get<TicketReport>(`/ticket/${code}`)).tickets[0]?.ticket.state === 'CANCELLED';
  const seen = async (name: string, code: string): Promise<number> => {
    for (;;) {
      if (await cancelled(name, code)) return performance.now();
      await pause(10);
    }
  };
  const figures: number[] = [];
  for (const code of codes) {
    simulator.model.cancel(code);
    const atHub = seen(HUB, code);
    const atGates = Promise.all(names.map((name) => seen(name, code)));
    await stage.of(HUB).api.post('/sync?what=pull');
    const hub = await atHub;
    figures.push(Math.max(0, ...(await atGates).map((t) => t - hub)));
    await pause(300);
  }
  return figures;
}
