import type { Hono } from 'hono';
import type { StoreModel } from './store-model.js';

/** What `portillon journal verify` asks. */
export function storeRoutes(api: Hono, model: StoreModel): void {
  api.get('/journal/verify', async (c) => {
    const [seq, hash] = [c.req.query('seq'), c.req.query('hash')];
    if ((seq === undefined) !== (hash === undefined) || (seq !== undefined && !/^\d{1,15}$/.test(seq)))
      return c.json({ error: 'give seq and hash of a head, or neither' }, 400);
    const known = seq !== undefined && hash !== undefined ? { seq: Number(seq), hash } : undefined;
    return c.json(await model.verifyJournal(known));
  });
}
