// Loaded into a gate (`NODE_OPTIONS=--import=...`): its wall clock is off by SHIFT_MS, as the clock of a board without a battery is. With
// LATE_FILE it writes down when its timers were late and by how much, so that a slow machine is told apart from a lane that waits too long.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const shift = Number(process.env.SHIFT_MS ?? '0');
const now = Date.now.bind(Date);
Date.now = () => now() + shift;

const file = process.env.LATE_FILE;
if (isMainThread && file) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  setInterval(() => {
    const late = delay.max / 1e6;
    delay.reset();
    if (late > 10) appendFileSync(file, `${Date.now()} ${late.toFixed(1)}\n`);
  }, 200).unref();
}
