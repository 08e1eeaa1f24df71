import { Worker } from 'node:worker_threads';

/** Runs beside the event loop; an ES module would take longer to start. The beat is a counter: a clock may jump. */
const GUARD = `
const { workerData } = require('node:worker_threads');
const beat = new Int32Array(workerData.memory);
const every = workerData.limit / 4;
let last = 0, still = 0;
for (;;) {
  Atomics.wait(beat, 1, 0, every);
  const now = Atomics.load(beat, 0);
  still = now === last ? still + 1 : 0;
  last = now;
  if (still >= 4) {
    require('node:fs').writeSync(2, JSON.stringify({ level: 60, msg: 'the event loop stands still: this gate ends itself', for: workerData.limit }) + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}`;

/**
 * Ends the process when its event loop does not come round for `limit` milliseconds: a container engine restarts what has ended, not what
 * stands still. Outputs held through the character device drop with it.
 */
export function guardLoop(limit: number, onTrouble: (why: string) => void): { close(): void } {
  const memory = new SharedArrayBuffer(8);
  const beat = new Int32Array(memory);
  const worker = new Worker(GUARD, {
    eval: true,
    execArgv: [],
    workerData: { memory, limit },
    resourceLimits: { maxOldGenerationSizeMb: 8 },
  });
  worker.on('error', (error) => onTrouble(error.message));
  worker.unref();
  const timer = setInterval(() => Atomics.add(beat, 0, 1), limit / 8);
  timer.unref();
  return {
    close: () => {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
