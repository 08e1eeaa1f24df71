// Runs the room rules. dependency-cruiser exits 0 when it could read no module at all (for instance with a compiler it
// does not know), so the number of modules seen is asserted too.
import { execFileSync } from 'node:child_process';

const MIN_MODULES = 50;
let out;
try {
  out = execFileSync(
    'npx',
    ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'drivers'],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
} catch (error) {
  out = error.stdout;
  if (!out) throw error;
}
const { summary } = JSON.parse(out);
for (const v of summary.violations) console.error(`${v.rule.severity} ${v.rule.name}: ${v.from} -> ${v.to}`);
console.log(`import rules: ${summary.totalCruised} modules, ${summary.violations.length} violations`);
if (summary.totalCruised < MIN_MODULES) {
  console.error(
    `only ${summary.totalCruised} modules were read (expected at least ${MIN_MODULES}): the check saw nothing`,
  );
  process.exit(1);
}
process.exit(summary.violations.length === 0 ? 0 : 1);
