import type { Random } from '../../src/clock.js';
import type { Hardware } from '../../src/cli/demo/stage.js';
import type { Simulator } from '../../src/simulator/server.js';

/** Milliseconds of the world between two faults, at most. */
const EVERY = 1_500;
const HOUR = 3_600_000;

export interface FaultParts {
  simulator: Simulator;
  hardware: readonly Hardware[];
  random: Random;
  /** Moves the gate's wall clock, milliseconds. */
  jump: (ms: number) => void;
}

/** Makes something go wrong every second or so, until `signal` aborts; then everything is put right again. */
export async function injectFaults(parts: FaultParts, signal: AbortSignal): Promise<Record<string, number>> {
  const { simulator, hardware, random, jump } = parts;
  const { faults } = simulator;
  const counts: Record<string, number> = {};
  const some = (n: number): number => 1 + Math.floor(random() * n);
  const unplugged = new Set<Hardware>();
  let ahead = 0;
  const kinds: Record<string, () => void> = {
    'server errors': () => {
      faults.errorStatus = [500, 502, 503][Math.floor(random() * 3)] ?? 503;
      faults.errors += some(5);
    },
    'answers late': () => {
      faults.latencyMs = Math.floor(random() * 400);
    },
    'connections cut': () => {
      faults.cut += some(3);
    },
    'connections cut after the import': () => {
      faults.cutAfterCommit += some(3);
    },
    'web pages for answers': () => {
      faults.html += some(2);
    },
    'half answers': () => {
      faults.malformed += some(2);
    },
    'cursors that are none': () => {
      faults.badCursor += 1;
    },
    'clock jumps': () => {
      const by = ahead === 0 ? (random() - 0.5) * 4 * HOUR : -ahead;
      ahead += by;
      jump(by);
    },
    'readers unplugged': () => {
      const one = hardware[Math.floor(random() * hardware.length)];
      if (!one?.wires || unplugged.has(one)) return;
      unplugged.add(one);
      one.wires.unplugBarcode();
      setTimeout(
        () => {
          unplugged.delete(one);
          one.wires?.replugBarcode();
        },
        200 + random() * 1_000,
      );
    },
    'tickets cancelled': () => {
      const codes = [...simulator.model.tickets.keys()];
      for (let n = some(20); n > 0; n--) simulator.model.cancel(codes[Math.floor(random() * codes.length)] as string);
    },
  };
  const names = Object.keys(kinds);
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, random() * EVERY));
    const name = names[Math.floor(random() * names.length)] as string;
    kinds[name]?.();
    counts[name] = (counts[name] ?? 0) + 1;
    if (random() < 0.3) faults.latencyMs = 0;
  }
  jump(-ahead);
  Object.assign(faults, { errors: 0, latencyMs: 0, cut: 0, cutAfterCommit: 0, html: 0, malformed: 0, badCursor: 0 });
  while (unplugged.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  return counts;
}
