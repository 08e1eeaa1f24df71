import type { GateProcess } from '../../src/cli/demo/stage.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import { casesOf, SimModel } from '../../src/simulator/model.js';
import type { Bench } from './gate.js';
import { scans } from './gate.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

const LINES = 5_000;
const WARM_UP = 100;
/** Scans of a block; blocks with and without deltas take turns, so that both see the machine in the same mood. */
const BLOCK = 250;
const BLOCKS = 3;
/** Milliseconds between two deltas: one a second is sixty times what SecuTix allows. */
const DELTA_EVERY = 1_000;

export interface BesideFigures {
  idle: Quantiles;
  withDeltas: Quantiles;
  deltas: number;
  /** Lines of the list that came in them. */
  lines: number;
}

const itemsOf = (s: StatusReport): number => s.sync?.pull.scopes[0]?.items ?? 0;

/** A lane's scans, alone and while grey deltas of 5,000 lines are fetched and applied, one after the other. */
export async function benchBeside(
  gate: GateProcess,
  bench: Bench,
  simulator: string,
  tickets: number,
): Promise<BesideFigures> {
  // The same seed: what the simulator sells first is in the first pages, and the deltas take the last.
  const codes = casesOf(new SimModel(8_000, 1), 'P1', 'PERF1', 8_000).valid;
  // Of a small list less, or there would soon be no valid ticket.
  const count = Math.min(LINES, Math.floor(tickets / 200));
  const control = new URL('/_control/cancel-some', simulator);
  await scans(bench, codes, 'line', WARM_UP, () => false);
  const [idle, withDeltas]: [number[], number[]] = [[], []];
  const before = itemsOf(await gate.api.get<StatusReport>('/status'));
  let deltas = 0;
  for (let block = 0; block < BLOCKS; block++) {
    idle.push(...(await scans(bench, codes, 'line', BLOCK, () => false)));
    let over = false;
    const pulling = (async () => {
      while (!over) {
        await fetch(control, { method: 'POST', body: JSON.stringify({ count }) });
        await gate.api.post('/sync?what=pull');
        deltas++;
        await new Promise((resolve) => setTimeout(resolve, DELTA_EVERY));
      }
    })();
    withDeltas.push(...(await scans(bench, codes, 'line', BLOCK, () => false)));
    over = true;
    await pulling;
  }
  const lines = itemsOf(await gate.api.get<StatusReport>('/status')) - before;
  return { idle: quantiles(idle), withDeltas: quantiles(withDeltas), deltas, lines };
}
