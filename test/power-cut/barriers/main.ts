/** `npm run power-cut:barriers -- --rounds 200 --limit 20000 --seed 1`: a power cut at every write and every flush of LevelDB.
 * `--without-sync`: flushes do nothing, and the run must find that something is lost. */
import { parseArgs } from 'node:util';
import { replay } from './replay.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    limit: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    sealed: { type: 'boolean', default: false },
    'without-sync': { type: 'boolean', default: false },
  },
});
const result = await replay({
  rounds: Number(values.rounds),
  limit: Number(values.limit),
  seed: Number(values.seed),
  sealed: values.sealed,
  withoutSync: values['without-sync'],
});
for (const problem of result.problems) process.stderr.write(`WRONG: ${problem}\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = (result.problems.length === 0) === values['without-sync'] ? 1 : 0;
