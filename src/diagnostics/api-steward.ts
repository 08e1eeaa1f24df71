import type { Context, Hono } from 'hono';
import { whoOf } from './actor.js';
import type { ReadModel } from './read-model.js';

/** Decisions explained, and what a steward may do. Every action names its actor and goes into the journal. */
export function stewardRoutes(api: Hono, model: ReadModel): void {
  const { desk } = model;
  api.get('/decide', (c) => {
    const query = decideQuery(c, c.req.query());
    return 'error' in query ? c.json(query, 400) : c.json(desk.explain(query));
  });
  api.get('/programme', (c) => c.json(desk.programme()));
  api.post('/steward/look', async (c) => {
    const body = await bodyOf(c);
    const query = decideQuery(c, body);
    if ('error' in query) return c.json(query, 400);
    const by = actor(c, body);
    return 'error' in by ? c.json(by, 400) : c.json(await desk.look(query, by));
  });
  api.post('/steward/force', async (c) => {
    const body = await bodyOf(c);
    const query = decideQuery(c, body);
    if ('error' in query) return c.json(query, 400);
    const by = actor(c, body);
    if ('error' in by) return c.json(by, 400);
    if (by.why === '') return c.json({ error: 'why must say why the rules do not count' }, 400);
    const medium = body.medium === 'rfid' ? 'rfid' : 'barcode';
    return c.json(await desk.force(query.lane, query.code, medium, by, body.block === 'true'));
  });
  api.post('/steward/giveback', async (c) => {
    const body = await bodyOf(c);
    const by = actor(c, body);
    if ('error' in by) return c.json(by, 400);
    if (!body.code) return c.json({ error: 'code must be a barcode or a card ID' }, 400);
    return c.json(await desk.giveBack(body.code, body.checkId, by));
  });
  api.post('/steward/block', async (c) => {
    const body = await bodyOf(c);
    const by = actor(c, body);
    if ('error' in by) return c.json(by, 400);
    if (!body.code) return c.json({ error: 'code must be a barcode or a card ID' }, 400);
    return c.json({ barcodes: await desk.block(body.code, body.blocked !== 'false', by) });
  });
  api.post('/lanes/:lane/performances', async (c) => {
    const body = await bodyOf(c);
    const by = actor(c, body);
    if ('error' in by) return c.json(by, 400);
    const wanted = body.performances
      ?.split(',')
      .map((code) => code.trim())
      .filter(Boolean);
    if (!desk.lanes.includes(c.req.param('lane'))) return c.json({ error: `no such lane; ${lanesText()}` }, 404);
    await desk.choose(c.req.param('lane'), wanted && wanted.length > 0 ? wanted : undefined, by);
    return c.body(null, 204);
  });

  function lanesText(): string {
    return `there are: ${desk.lanes.join(', ')}`;
  }

  function decideQuery(_c: Context, from: Record<string, string | undefined>) {
    const { code, at, language } = from;
    const lane = from.lane ?? (desk.lanes.length === 1 ? desk.lanes[0] : undefined);
    if (!code) return { error: 'code must be a barcode or a card ID' };
    if (lane === undefined || !desk.lanes.includes(lane))
      return { error: `lane must be one of this gate; ${lanesText()}` };
    const moment = at === undefined ? undefined : Date.parse(at);
    if (Number.isNaN(moment)) return { error: 'at must be a time such as 2026-07-01T18:30:00+02:00' };
    return { code, lane, ...(moment !== undefined && { at: moment }), ...(language !== undefined && { language }) };
  }
}

async function bodyOf(c: Context): Promise<Record<string, string | undefined>> {
  const body: unknown = await c.req.json();
  if (typeof body !== 'object' || body === null) return {};
  // Everything is text here; a number or a list in its place counts as absent.
  return Object.fromEntries(Object.entries(body).map(([k, v]) => [k, typeof v === 'string' ? v : undefined]));
}

function actor(c: Context, body: Record<string, string | undefined>): { who: string; why: string } | { error: string } {
  const who = whoOf(c, body.who);
  return who ? { who, why: (body.why ?? '').slice(0, 200) } : { error: 'who must say who asks for it' };
}
