import type { LaneRules } from '../domain/rulebook.js';
import { outside } from '../domain/rules.js';

/** What the programme has open now: a performance with its product, where the catalogue names it. */
export interface OpenPerformance {
  code: string;
  product?: string | undefined;
}

/**
 * The first open performance that a lane of this gate lets people in for; undefined = it is nobody's admission time. Exits do not count:
 * whoever leaves is let out by whatever release runs.
 */
export function admissionTime(
  lanes: readonly LaneRules[],
  chosen: (lane: string) => readonly string[] | undefined,
  open: readonly OpenPerformance[],
): string | undefined {
  for (const { lane, direction, products, performances } of lanes) {
    if (direction === 'exit') continue;
    const fixed = chosen(lane) ?? (performances === 'auto' ? undefined : performances);
    // A performance whose product is not known may be one of the lane's.
    const found = open.find(
      (p) => !outside(p.code, fixed) && (p.product === undefined || !outside(p.product, products)),
    );
    if (found) return found.code;
  }
  return undefined;
}
