// Writes dist/sbom.cdx.json (CycloneDX, by npm itself) and dist/licences.txt of what a gate runs. Fails on a licence nobody looked at.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const ACCEPTED =
  /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|CC0-1\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0)$/;
const sbom = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const { components } = JSON.parse(sbom);
const licenceOf = (c) =>
  (c.licenses ?? []).map((l) => l.license?.id ?? l.license?.name ?? l.expression).join(' ') || 'none';
// "(A OR B)" leaves the choice to us.
const fine = (licence) =>
  licence
    .replaceAll(/[()]/g, '')
    .split(/ OR | AND /)
    .some((part) => ACCEPTED.test(part.trim()));
const lines = components.map((c) => `${c.name}@${c.version}  ${licenceOf(c)}`).sort();
writeFileSync('dist/sbom.cdx.json', sbom);
writeFileSync('dist/licences.txt', `${lines.join('\n')}\n`);
const unknown = components.filter((c) => !fine(licenceOf(c)));
console.log(`${components.length} packages in dist/sbom.cdx.json`);
for (const c of unknown) console.error(`licence not accepted yet: ${c.name}@${c.version}  ${licenceOf(c)}`);
process.exit(components.length > 0 && unknown.length === 0 ? 0 : 1);
