import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Part of the young generation that must be full for a collection to be worth its millisecond. V8 itself asks for one at four fifths; a
 * visitor makes about a tenth of the smallest (`--max-semi-space-size=4`).
 */
const WORTH = 0.6;

/** Milliseconds behind the answer; the next visitor is farther away. */
const AFTER = 10;

type Collect = (options: { type: 'minor' }) => void;

/** V8 hands its collector out only when asked by a flag; set here, so that it is the same however the process was started. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}

/** Part of the young generation that is full, 0 to 1. */
function full(): number {
  const young = getHeapSpaceStatistics().find((s) => s.space_name === 'new_space');
  return young ? young.space_used_size / (young.space_used_size + young.space_available_size) : 0;
}

/**
 * Collects young garbage when a visitor has just been answered. Left to itself V8 does it in the first pause after much was allocated, and
 * that is while a check is on its way to the disk: one visitor in a hundred then waits some milliseconds longer for the barrier.
 */
export function createYoungGarbage(worth = WORTH): { answered(): void } {
  // Made with the first answer: a start does not wait for it.
  let collect: Collect | undefined;
  let waiting = false;
  return {
    answered() {
      if (waiting) return;
      waiting = true;
      // Behind what else has to be done for this visitor (lamp, log, page), and when the kernel has sent the barrier's bytes on their way:
      // a terminal's go by a thread of the kernel that may wait for this processor.
      setTimeout(() => {
        waiting = false;
        collect ??= collector();
        if (full() > worth) collect({ type: 'minor' });
      }, AFTER).unref();
    },
  };
}
