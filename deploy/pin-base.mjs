// Pins the base image of deploy/Dockerfile.template by the digest of the multi-arch index behind its tag.
//
//   node deploy/pin-base.mjs            writes the digest that the registry names now, for a release
//   node deploy/pin-base.mjs --check    compares the one that is written with it: 0 the same, 1 another one, 3 nobody can be asked
//   node deploy/pin-base.mjs --print    prints the one base reference, asks nobody
//   node deploy/pin-base.mjs --unpin    takes the digest off again, to move to another tag
//
// The registry is asked through docker (buildx), or where there is none with `--registry URL` (also PIN_BASE_REGISTRY): the API every registry
// speaks, with the token its challenge asks for. What it answers must hash to the digest it claims, and be for amd64 and arm64.
// `--file FILE` is another Dockerfile.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const PLATFORMS = ['linux/amd64', 'linux/arm64'];
const INDEX = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
const { values: flags } = parseArgs({
  options: {
    check: { type: 'boolean' },
    print: { type: 'boolean' },
    unpin: { type: 'boolean' },
    registry: { type: 'string' },
    file: { type: 'string' },
  },
});
const file = flags.file ?? new URL('Dockerfile.template', import.meta.url);
const text = readFileSync(file, 'utf8');
const lines = [...text.matchAll(/^ARG BASE=(\S+?)(@sha256:[0-9a-f]{64})?$/gm)];
const [line] = lines;
if (lines.length !== 1 || line === undefined) throw new Error('the Dockerfile must have exactly one ARG BASE');
const [whole, tag, pinned] = line;

/** `node:24.1.0-slim` -> `library/node` and `24.1.0-slim`. */
function partsOf(reference) {
  const [name, version] = reference.split(':');
  return { name: name.includes('/') ? name : `library/${name}`, version };
}

/** The token that a challenge such as `Bearer realm="...",service="...",scope="..."` asks for. */
async function tokenFor(challenge) {
  const facts = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
  if (!challenge.startsWith('Bearer ') || !facts.realm) throw new Error(`the registry wants ${challenge || 'a login'}`);
  const url = new URL(facts.realm);
  for (const name of ['service', 'scope']) if (facts[name]) url.searchParams.set(name, facts[name]);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`no token: HTTP ${response.status}`);
  const { token, access_token: other } = await response.json();
  return token ?? other;
}

async function askRegistry(registry, reference) {
  const { name, version } = partsOf(reference);
  const url = (what) => new URL(`/v2/${name}/manifests/${what}`, registry);
  const headers = { accept: INDEX };
  const head = async () => await fetch(url(version), { method: 'HEAD', headers });
  let answer = await head();
  if (answer.status === 401) {
    headers.authorization = `Bearer ${await tokenFor(answer.headers.get('www-authenticate') ?? '')}`;
    answer = await head();
  }
  if (!answer.ok) throw new Error(`${reference}: HTTP ${answer.status}`);
  const digest = answer.headers.get('docker-content-digest') ?? '';
  const manifest = await fetch(url(digest), { headers });
  if (!manifest.ok) throw new Error(`${reference}@${digest}: HTTP ${manifest.status}`);
  checkIndex(Buffer.from(await manifest.arrayBuffer()), digest);
  return digest;
}

function askDocker(reference) {
  const inspect = (...args) => execFileSync('docker', ['buildx', 'imagetools', 'inspect', ...args]);
  const digest = inspect(reference, '--format', '{{.Manifest.Digest}}').toString().trim();
  checkIndex(inspect('--raw', `${reference}@${digest}`), digest);
  return digest;
}

function checkIndex(body, digest) {
  const own = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  if (own !== digest) throw new Error(`the answer hashes to ${own}, not to ${digest || 'a digest'}`);
  const there = (JSON.parse(body).manifests ?? []).map((m) => `${m.platform?.os}/${m.platform?.architecture}`);
  const missing = PLATFORMS.filter((p) => !there.includes(p));
  if (missing.length > 0) throw new Error(`${digest} is not for ${missing.join(', ')}`);
}

/** Undefined: nobody can be asked here. */
async function ask() {
  const registry = flags.registry ?? process.env.PIN_BASE_REGISTRY;
  if (registry !== undefined) return await askRegistry(registry, tag);
  try {
    return askDocker(tag);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.error('nobody can be asked: no docker on this machine, and no --registry URL');
    return undefined;
  }
}

function write(digest) {
  writeFileSync(file, text.replace(whole, `ARG BASE=${tag}${digest}`));
  console.log(`${tag}${digest}`);
}

if (flags.print) console.log(`${tag}${pinned ?? ''}`);
else if (flags.unpin) write('');
else {
  try {
    const digest = await ask();
    if (digest === undefined) process.exitCode = 3;
    else if (!flags.check) write(`@${digest}`);
    else if (pinned === `@${digest}`) console.log(`${tag}${pinned}: the same in the registry`);
    else {
      console.error(`${tag}: the registry has ${digest}, the Dockerfile ${pinned?.slice(1) ?? 'no digest'}`);
      process.exitCode = 1;
    }
  } catch (error) {
    console.error(error.cause ? `${error.message}: ${error.cause.message}` : error.message);
    process.exitCode = flags.check ? 3 : 1;
  }
}
