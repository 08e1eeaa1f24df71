import type { LaneReport } from '../diagnostics/read-model.js';

/** A decision with its durable write takes milliseconds, an opening at most the barrier's answer: after this long a lane hangs. */
const PATIENCE = 30_000;

/** Says which lane has stood still in the middle of something since when it should have been over; undefined = none. */
export function watchLanes(): (lanes: readonly LaneReport[], now: number) => string | undefined {
  const since = new Map<string, { what: string; at: number }>();
  return (lanes, now) => {
    for (const { id, phase, counters } of lanes) {
      const what = `${phase} ${JSON.stringify(counters)}`;
      const before = since.get(id);
      if (before?.what !== what) since.set(id, { what, at: now });
      else if ((phase === 'deciding' || phase === 'granting') && now - before.at > PATIENCE)
        return `${id} has been ${phase} for ${Math.round((now - before.at) / 1000)} s`;
    }
    return undefined;
  };
}
