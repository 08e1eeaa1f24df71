import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { describeError, PortillonError } from '../errors.js';
import type { Log } from '../log.js';
import { actorOf, mayAct, whoOf } from './actor.js';
import type { PageDoor } from './api-access.js';
import { accessRoutes } from './api-access.js';
import { liveRoutes } from './api-live.js';
import { metricsRoutes } from './api-metrics.js';
import { platformRoutes } from './api-platform.js';
import { storeRoutes } from './api-store.js';
import { stewardRoutes } from './api-steward.js';
import { venueRoutes } from './api-venue.js';
import type { ReadModel } from './read-model.js';
import { withoutCodes } from './bundle.js';

const MAX_JOURNAL = 10_000;
/** Milliseconds. */
const STATUS_EVERY = 2_000;

/** The local HTTP API, which the command line uses. It answers on a socket file inside the data folder, readable by its owner only. */
export function createApi(model: ReadModel, door: () => PageDoor | undefined = () => undefined): Hono {
  const api = new Hono();
  liveRoutes(api, model);
  stewardRoutes(api, model);
  venueRoutes(api, model);
  accessRoutes(api, model, door);
  storeRoutes(api, model);
  metricsRoutes(api, model);
  api.onError((error, c) => {
    const code = error instanceof PortillonError ? { code: error.code } : {};
    return c.json({ error: describeError(error), ...code }, 500);
  });
  api.get('/status', (c) => c.json(model.status()));
  api.get('/ticket/:code', (c) => c.json(model.ticket(c.req.param('code'))));
  api.get('/journal', async (c) => {
    const limit = Number(c.req.query('limit') ?? 50);
    const after = c.req.query('after');
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_JOURNAL) {
      return c.json({ error: `limit must be 1 to ${MAX_JOURNAL}` }, 400);
    }
    if (after !== undefined && !/^\d{1,15}$/.test(after))
      return c.json({ error: 'after must be a sequence number' }, 400);
    const records = await model.journal({ limit, ...(after !== undefined && { after: Number(after) }) });
    // Whole codes are admission rights: over the page they are never shown.
    return c.json(actorOf(c) ? (withoutCodes(records) as typeof records) : records);
  });
  api.post('/sync', async (c) => {
    const what = c.req.query('what') ?? 'all';
    if (what !== 'all' && what !== 'pull' && what !== 'push')
      return c.json({ error: 'what must be all, pull or push' }, 400);
    return c.json(await model.syncNow(what));
  });
  platformRoutes(api, model);
  api.post('/lanes/:lane/readers/:reader/present', async (c) => {
    const text = await c.req.text();
    const taken = model.present(c.req.param('lane'), Number(c.req.param('reader')), text);
    return taken ? c.body(null, 204) : c.json({ error: 'no virtual reader of that number on that lane' }, 404);
  });
  api.post('/lanes/:lane/pass', async (c) => {
    const direction = c.req.query('direction') ?? 'entry';
    if (direction !== 'entry' && direction !== 'exit') return c.json({ error: 'direction must be entry or exit' }, 400);
    const taken = await model.pass(c.req.param('lane'), direction);
    return taken ? c.body(null, 204) : c.json({ error: 'the barrier of that lane is not virtual' }, 404);
  });
  api.post('/lanes/:lane/mode', async (c) => {
    const { mode, who: claimed, why } = await c.req.json<{ mode?: string; who?: string; why?: string }>();
    const who = whoOf(c, claimed);
    if (mode !== 'controlled' && mode !== 'free' && mode !== 'closed')
      return c.json({ error: 'mode must be controlled, free or closed' }, 400);
    if (!who) return c.json({ error: 'who must say who asks for it' }, 400);
    await model.setMode(c.req.param('lane'), mode, who, (why ?? '').slice(0, 200));
    return c.body(null, 204);
  });
  api.post('/lanes/:lane/pulse', async (c) => {
    const { who: claimed } = await c.req.json<{ who?: string }>();
    const who = whoOf(c, claimed);
    if (!who) return c.json({ error: 'who must say who asks for it' }, 400);
    await model.pulse(c.req.param('lane'), who);
    return c.body(null, 204);
  });
  api.post('/selftest', async (c) => c.json(await model.selfTest(c.req.query('lane'))));
  api.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
      const actor = actorOf(c);
      const whole = !actor || mayAct(actor.role, 'technician');
      const off = model.onEvent(({ event, data }) => {
        // A read is a whole code: for the technician in front of the reader, who asked for it.
        if (event === 'read' && !(whole && (!actor || c.req.query('reads') !== undefined))) return;
        void stream.writeSSE({ event, data: JSON.stringify(data) });
      });
      // What a page shows in words must not be older than this; its silence is how a page notices that the gate is away.
      const beat = setInterval(() => {
        void stream.writeSSE({ event: 'status', data: JSON.stringify(model.status()) });
      }, STATUS_EVERY);
      beat.unref();
      // Headers go out with the first write: the client then knows that it misses nothing from here on.
      await stream.writeSSE({ event: 'open', data: '{}' });
      await closed;
      clearInterval(beat);
      off();
    }),
  );
  return api;
}

/** Linux: a socket's path holds at most 107 bytes. */
export const MAX_SOCKET_PATH = 107;

export async function serveApi(api: Hono, socketPath: string, log: Log): Promise<{ close(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: api.fetch }) as Server;
  // A leftover of a killed process; the journal's lock has proven that nobody else runs here.
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  server.on('error', (error) => log.warn({ error: describeError(error) }, 'local API'));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
