import type { GateEvent } from './reports.js';

/** Upper bounds in seconds; the slowest that a lane waits (`venue.claim.deadline`) is well inside. */
export const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const;

/** A histogram as Prometheus has it: each bucket holds everything up to its bound. */
export class Histogram {
  readonly #counts = BOUNDS.map(() => 0);
  sum = 0;
  count = 0;

  /** Seconds. */
  add(value: number): void {
    this.sum += value;
    this.count++;
    const at = BOUNDS.findIndex((bound) => value <= bound);
    if (at >= 0) (this.#counts[at] as number)++;
  }

  buckets(): { le: number; count: number }[] {
    let sum = 0;
    return BOUNDS.map((le, i) => ({ le, count: (sum += this.#counts[i] as number) }));
  }
}

export interface LaneTally {
  admitted: Record<string, number>;
  refused: Record<string, number>;
  /** From the read to the decision, and to the barrier. */
  decision: Histogram;
  grant: Histogram;
}

/** What the lanes have decided since the start, by reason: for metrics and telemetry. Bounded by the number of lanes and reasons. */
export class Tally {
  readonly lanes = new Map<string, LaneTally>();

  onEvent({ event, data }: GateEvent): void {
    if (event !== 'decision') return;
    let lane = this.lanes.get(data.lane);
    if (!lane)
      this.lanes.set(
        data.lane,
        (lane = { admitted: {}, refused: {}, decision: new Histogram(), grant: new Histogram() }),
      );
    const reasons = lane[data.admitted ? 'admitted' : 'refused'];
    reasons[data.reason] = (reasons[data.reason] ?? 0) + 1;
    lane.decision.add(data.decidedAfter / 1000);
    if (data.grantedAfter !== undefined) lane.grant.add(data.grantedAfter / 1000);
  }

  /** Decisions of a lane by reason. */
  reasons(lane: string): Record<string, number> {
    const of = this.lanes.get(lane);
    return { ...of?.admitted, ...of?.refused };
  }
}
