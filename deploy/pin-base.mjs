// Pins the base image by its digest, for a release: `node deploy/pin-base.mjs` asks the registry through docker (buildx) and writes the digest of
// the multi-arch index behind the tag; `--check` prints the one base reference; `--unpin` takes the digest off again, to move to another tag.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('Dockerfile.template', import.meta.url);
const text = readFileSync(file, 'utf8');
const lines = [...text.matchAll(/^ARG BASE=(\S+?)(@sha256:[0-9a-f]{64})?$/gm)];
const [line] = lines;
if (lines.length !== 1 || line === undefined) throw new Error('the Dockerfile must have exactly one ARG BASE');
const [whole, tag, digest] = line;
if (process.argv.includes('--check')) console.log(`${tag}${digest ?? ''}`);
else {
  const asked = process.argv.includes('--unpin')
    ? undefined
    : execFileSync('docker', ['buildx', 'imagetools', 'inspect', tag, '--format', '{{.Manifest.Digest}}'], {
        encoding: 'utf8',
      }).trim();
  if (asked !== undefined && !/^sha256:[0-9a-f]{64}$/.test(asked)) throw new Error(`not a digest: ${asked}`);
  writeFileSync(file, text.replace(whole, `ARG BASE=${tag}${asked === undefined ? '' : `@${asked}`}`));
  console.log(`${tag}${asked === undefined ? '' : `@${asked}`}`);
}
