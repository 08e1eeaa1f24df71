/**
 * Cuts the power of a whole machine while a crowd presses through its gate and its list is being fetched, again and again, and looks each time
 * what is on the disk. `npm run power-cut:machine -- --cycles 200 --seed 1`; needs Debian's `user-mode-linux` (installed when root runs it).
 * `--without-sync`: the gate inside flushes nothing, and the run must find that something is lost.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { installPackages } from '../../virtual-gate/packages.js';
import { cutPower } from './cycles.js';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    'without-sync': { type: 'boolean', default: false },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);
installPackages(say, ['user-mode-linux', 'e2fsprogs', 'iproute2']);
const withoutSync = values['without-sync'];
const result = await cutPower(Number(values.cycles), Number(values.seed), say, withoutSync);
for (const problem of result.problems) say(`${withoutSync ? 'found' : 'WRONG'}: ${problem}`);
const { problems, ...figures } = result;
process.stdout.write(`${JSON.stringify(result)}\n`);
say(
  `power cuts: ${Object.entries(figures)
    .map(([k, v]) => `${k} ${v}`)
    .join(', ')}, problems ${problems.length}`,
);
if (process.env.POWER_CUT_JSON)
  writeFileSync(
    process.env.POWER_CUT_JSON,
    JSON.stringify({ passed: problems.length === 0 ? result.cycles : 0, failed: problems.length }),
  );
if (withoutSync) say(problems.length > 0 ? 'the loss was found' : 'WRONG: nothing was flushed, and nobody noticed');
process.exit((problems.length === 0) === withoutSync ? 1 : 0);
