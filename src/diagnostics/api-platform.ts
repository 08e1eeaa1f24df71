import type { Hono } from 'hono';
import type { PlatformModel } from './read-model-platform.js';

const isKind = (kind: string | undefined): kind is 'white' | 'black' => kind === 'white' || kind === 'black';

/** Refused checks in one answer. */
const MAX_REFUSED = 1_000;

/** Everything that is answered by SecuTix, or about it. Answers may take as long as its limits ask for. */
export function platformRoutes(api: Hono, model: PlatformModel): void {
  api.get('/catalogue', (c) => c.json(model.programme()));
  api.post('/catalogue', async (c) => c.json(await model.platform('catalogue', {})));
  api.get('/ticket/:code/remote', async (c) => c.json(await model.platform('remote', { code: c.req.param('code') })));
  api.get('/journal/refused', async (c) => {
    const after = c.req.query('after') ?? '0';
    if (!/^\d{1,15}$/.test(after)) return c.json({ error: 'after must be a sequence number' }, 400);
    return c.json(await model.platform('refused', { after: Number(after), limit: MAX_REFUSED }));
  });
  api.post('/list/import', async (c) => {
    const kind = c.req.query('kind');
    const { body } = c.req.raw;
    if (!isKind(kind)) return c.json({ error: 'kind must be white or black' }, 400);
    if (!body) return c.json({ error: 'the body must be the file' }, 400);
    const on = (name: string): boolean => c.req.query(name) === 'true';
    return c.json(await model.importList({ kind, skipBad: on('skipBad'), replace: on('replace') }, body));
  });
  api.get('/list/export', async (c) => {
    const kind = c.req.query('kind');
    if (!isKind(kind)) return c.json({ error: 'kind must be white or black' }, 400);
    return c.body(await model.exportList(kind), 200, { 'content-type': 'text/csv' });
  });
  api.post('/list/resync', async (c) => c.json(await model.platform('resync', { purpose: 'resync' })));
  api.post('/list/verify', async (c) => c.json(await model.platform('resync', { purpose: 'verify' })));
}
