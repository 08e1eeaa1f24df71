/**
 * A day at the gates, faster than the world: ten lanes with real serial drivers on pseudo-terminals, a crowd, a SecuTix that fails, clocks that
 * jump, readers that are unplugged. Outside stands what a visitor and the ticketing staff would see, and it is compared all the time.
 * `npm run soak -- --minutes 30 --seed 1`; a table on stderr, JSON on stdout, exit code 1 if anything is wrong.
 */
import { parseArgs } from 'node:util';
import { soak } from './soak.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '10' },
    speed: { type: 'string', default: '60' },
    sealed: { type: 'boolean', default: false },
  },
});
const result = await soak({
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  lanes: Number(values.lanes),
  speed: Number(values.speed),
  sealed: values.sealed,
  progress: (text) => void process.stderr.write(`${text}\n`),
});
for (const [what, value] of Object.entries(result.figures)) process.stderr.write(`${what.padEnd(44)} ${value}\n`);
for (const problem of result.problems) process.stderr.write(`WRONG: ${problem}\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(result.problems.length === 0 ? 0 : 1);
