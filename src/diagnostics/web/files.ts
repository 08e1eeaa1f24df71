import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Hono } from 'hono';

/** The compiled sources: this file is in them when it runs compiled, and beside them when it runs from source. */
const BUILT = ['../../../dist/src', '../..']
  .map((up) => fileURLToPath(new URL(up, import.meta.url)))
  .find((folder) => existsSync(path.join(folder, 'diagnostics/page/index.html')));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** Modules outside the page that it uses as they are: they import nothing, so a browser can run them. */
const SHARED = new Set([
  'domain/reasons.js',
  'domain/credential.js',
  'diagnostics/actor.js',
  'diagnostics/device-causes.js',
]);

interface Served {
  type: string;
  plain: Buffer;
  packed: Buffer;
  tag: string;
}

/** The page's files, each read and packed once. Nothing outside the page's folder is ever served. */
export function fileRoutes(app: Hono): void {
  const cache = new Map<string, Served>();
  const serve = (key: string, file: string): Served | undefined => {
    const known = cache.get(key);
    if (known) return known;
    const type = TYPES[path.extname(file)];
    if (type === undefined || !existsSync(file)) return undefined;
    const plain = readFileSync(file);
    const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    const served = { type, plain, packed: gzipSync(plain, { level: 9 }), tag };
    cache.set(key, served);
    return served;
  };
  const answer = (served: Served | undefined, accepts: string | undefined, has: string | undefined): Response => {
    if (!served) return new Response('not found', { status: 404 });
    const headers = {
      'content-type': served.type,
      etag: served.tag,
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
    };
    if (has === served.tag) return new Response(null, { status: 304, headers });
    return accepts?.includes('gzip')
      ? new Response(new Uint8Array(served.packed), { headers: { ...headers, 'content-encoding': 'gzip' } })
      : new Response(new Uint8Array(served.plain), { headers });
  };
  app.get('/', (c) =>
    answer(
      BUILT === undefined ? undefined : serve('/', path.join(BUILT, 'diagnostics/page/index.html')),
      c.req.header('accept-encoding'),
      c.req.header('if-none-match'),
    ),
  );
  app.get('/app/*', (c) => {
    const name = c.req.path.slice('/app/'.length);
    const own = /^diagnostics\/page\/([a-z0-9-]+\/)?[a-z0-9-]+\.(js|css|svg|webmanifest)$/.test(name);
    const file = own || SHARED.has(name) ? path.join(BUILT ?? '', name) : chartFile(name);
    const served = BUILT === undefined || file === undefined ? undefined : serve(name, file);
    return answer(served, c.req.header('accept-encoding'), c.req.header('if-none-match'));
  });
}

/** The chart library as its package brings it. */
function chartFile(name: string): string | undefined {
  const file = { 'lib/uplot.js': 'uplot/dist/uPlot.iife.min.js', 'lib/uplot.css': 'uplot/dist/uPlot.min.css' }[name];
  return file === undefined ? undefined : createRequire(import.meta.url).resolve(file);
}
