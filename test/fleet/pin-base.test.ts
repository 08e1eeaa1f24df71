import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/builders.js';

const PROGRAM = new URL('../../deploy/pin-base.mjs', import.meta.url).pathname;
const REPOSITORY = new URL('../../deploy/Dockerfile.template', import.meta.url).pathname;
const OLD = `sha256:${'0'.repeat(64)}`;

const platform = (architecture: string) => ({ platform: { os: 'linux', architecture } });
const BOTH = JSON.stringify({ manifests: [platform('amd64'), platform('arm64')] });
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

let close: (() => void) | undefined;
afterEach(() => close?.());

/** A registry that wants a token, as public ones do; `claims` is the digest that it says its index has. */
async function registry(index: string, claims = hash(index)): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { port } = server.address() as AddressInfo;
    asked.push(`${request.method} ${request.url}`);
    if (request.url?.startsWith('/token'))
      return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ token: 'let-me-in' }));
    if (request.headers.authorization !== 'Bearer let-me-in') {
      const challenge = `Bearer realm="http://127.0.0.1:${port}/token",service="registry",scope="repository:library/node:pull"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (!request.headers.accept?.includes('image.index')) return void response.writeHead(406).end();
    if (!/^\/v2\/library\/node\/manifests\/(24\.1\.0-bookworm-slim|sha256:.*)$/.test(request.url ?? ''))
      return void response.writeHead(404).end();
    response.writeHead(200, { 'docker-content-digest': claims, 'content-length': Buffer.byteLength(index) });
    response.end(request.method === 'HEAD' ? undefined : index);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => server.close();
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function dockerfile(base: string): string {
  const file = `${temporaryFolder()}/Dockerfile`;
  writeFileSync(file, `ARG BASE=${base}\nFROM \${BASE}\n`);
  return file;
}
const pin = (...args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    // A machine without docker, whatever this one has.
    execFile(process.execPath, [PROGRAM, ...args], { env: { PATH: '/nowhere' } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, out: stdout + stderr }),
    );
  });

describe('the digest of the base image', () => {
  it('is asked with a token, and written where the tag is', async () => {
    const { url, asked } = await registry(BOTH);
    const file = dockerfile('node:24.1.0-bookworm-slim');
    expect(await pin('--file', file, '--registry', url)).toMatchObject({ code: 0 });
    const pinned = `node:24.1.0-bookworm-slim@${hash(BOTH)}`;
    expect(readFileSync(file, 'utf8')).toBe(`ARG BASE=${pinned}\nFROM \${BASE}\n`);
    expect(asked).toEqual([
      'HEAD /v2/library/node/manifests/24.1.0-bookworm-slim',
      'GET /token?service=registry&scope=repository%3Alibrary%2Fnode%3Apull',
      'HEAD /v2/library/node/manifests/24.1.0-bookworm-slim',
      `GET /v2/library/node/manifests/${hash(BOTH)}`,
    ]);
    expect(await pin('--file', file, '--registry', url, '--check')).toMatchObject({ code: 0 });
    expect((await pin('--file', file, '--print')).out).toBe(`${pinned}\n`);
    await pin('--file', file, '--unpin');
    expect(readFileSync(file, 'utf8')).toContain('ARG BASE=node:24.1.0-bookworm-slim\n');
  });

  it('that is not the registry’s any more is told, and nothing is written', async () => {
    const { url } = await registry(BOTH);
    const file = dockerfile(`node:24.1.0-bookworm-slim@${OLD}`);
    const { code, out } = await pin('--file', file, '--registry', url, '--check');
    expect(code).toBe(1);
    expect(out).toContain(hash(BOTH));
    expect(readFileSync(file, 'utf8')).toContain(OLD);
  });

  it.each([
    ['an answer that hashes to something else', BOTH, OLD, /hashes to/],
    [
      'an image for one processor',
      JSON.stringify({ manifests: [platform('amd64')] }),
      undefined,
      /not for linux\/arm64/,
    ],
    ['a tag that is not there', BOTH, undefined, /HTTP 404/, 'node:9.9.9-bookworm-slim'],
  ] as [string, string, string | undefined, RegExp, string?][])('is not taken from %s', async (...given) => {
    const [, index, claims, words, base = 'node:24.1.0-bookworm-slim'] = given;
    const { url } = await registry(index, claims);
    const file = dockerfile(base);
    const { code, out } = await pin('--file', file, '--registry', url);
    expect(code).toBe(1);
    expect(out).toMatch(words);
    expect(readFileSync(file, 'utf8')).toContain(`ARG BASE=${base}\n`);
  });

  it('that nobody can be asked for is not called right: exit code 3', async () => {
    const file = dockerfile(`node:24.1.0-bookworm-slim@${OLD}`);
    expect(await pin('--file', file, '--check')).toMatchObject({ code: 3 });
    expect(await pin('--file', file, '--check', '--registry', 'http://127.0.0.1:9')).toMatchObject({ code: 3 });
  });

  it('is in the Dockerfile of this repository', async () => {
    expect((await pin('--file', REPOSITORY, '--print')).out).toMatch(
      /^node:\d+\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/m,
    );
  });
});
