// Asks the registry for known vulnerabilities of what a gate runs: `npm run audit`. Exit code 0: asked, none; 1: there are some; 3: nobody could be
// asked (no network, or a mirror without that service), which is no clean bill. `--all` also looks at what only builds and tests.
import { spawnSync } from 'node:child_process';

const args = ['audit', '--json', ...(process.argv.includes('--all') ? [] : ['--omit=dev'])];
const { stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
let report;
try {
  report = JSON.parse(stdout);
} catch {
  report = { message: stderr.trim().split('\n').at(-1) || 'npm said nothing' };
}
const found = report.metadata?.vulnerabilities;
if (!found) {
  const why = report.message ?? report.error?.summary ?? 'no answer';
  // Where it was asked is a matter of the machine.
  console.error(
    `not audited: the advisories could not be asked for (${why.replaceAll(/https?:\/\/\S+/g, 'registry')})`,
  );
  process.exit(3);
}
for (const { name, severity, range, fixAvailable } of Object.values(report.vulnerabilities ?? {}))
  console.log(`${severity}: ${name} ${range}${fixAvailable ? ', a fix is there' : ''}`);
console.log(`${report.metadata.dependencies?.prod ?? '?'} packages audited, ${found.total} with known vulnerabilities`);
process.exit(found.total > 0 ? 1 : 0);
