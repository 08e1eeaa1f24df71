// Writes dist/sbom.cdx.json (CycloneDX, by npm itself, checked against its schema) and dist/licences.txt of what a gate runs. Fails on a
// licence nobody looked at.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv } from 'ajv';

const ACCEPTED =
  /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|CC0-1\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0)$/;
const sbom = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const document = JSON.parse(sbom);
const { components } = document;
const problems = schemaProblems(document);
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
for (const problem of problems) console.error(`not CycloneDX ${document.specVersion}: ${problem}`);
process.exit(components.length > 0 && unknown.length === 0 && problems.length === 0 ? 0 : 1);

/** Against the schema that CycloneDX publishes for the version the document names. */
function schemaProblems(bom) {
  const require = createRequire(import.meta.url);
  const folder = path.join(path.dirname(require.resolve('@cyclonedx/cyclonedx-library/package.json')), 'res/schema');
  const schema = (name) => JSON.parse(readFileSync(path.join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  // Their own names are others than those they are referred to by.
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs'])
    ajv.addSchema({ ...schema(name), $id: undefined }, `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  const valid = ajv.compile(schema(`bom-${bom.specVersion}`));
  return valid(bom) ? [] : valid.errors.map((e) => `${e.instancePath} ${e.message}`);
}
