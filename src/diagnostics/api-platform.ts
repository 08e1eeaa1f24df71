import type { Hono } from 'hono';
import type { PlatformModel } from './read-model-platform.js';

/** Everything that is answered by SecuTix, or about it. Answers may take as long as its limits ask for. */
export function platformRoutes(api: Hono, model: PlatformModel): void {
  api.get('/catalogue', (c) => c.json(model.programme()));
  api.post('/catalogue', async (c) => c.json(await model.platform('catalogue', {})));
  api.get('/ticket/:code/remote', async (c) => c.json(await model.platform('remote', { code: c.req.param('code') })));
  api.post('/list/resync', async (c) => c.json(await model.platform('resync', { purpose: 'resync' })));
  api.post('/list/verify', async (c) => c.json(await model.platform('resync', { purpose: 'verify' })));
}
