import type { Hono } from 'hono';
import { whoOf } from './actor.js';
import type { WithVenue } from './venue-model.js';

const MAX_CONFLICTS = 1_000;
/** A gate that stands alone. */
const ALONE = { role: 'standalone' };

/** The venue: what this gate knows of it, double admissions, and a person's word for a hub that has forgotten something. */
export function venueRoutes(api: Hono, model: WithVenue): void {
  api.get('/venue', (c) => c.json(model.venue?.report() ?? ALONE));
  api.get('/venue/conflicts', async (c) => c.json((await model.venue?.conflicts(MAX_CONFLICTS)) ?? []));
  api.get('/venue/counts', (c) => c.json(model.venue?.counts() ?? null));
  api.post('/venue/takeover', async (c) => {
    const { who: claimed } = await c.req.json<{ who?: string }>();
    const who = whoOf(c, claimed);
    if (!who) return c.json({ error: 'who must say who asks for it' }, 400);
    if (!model.venue?.takeOver)
      return c.json({ error: 'this is no standby: say it at the box whose part is to stand by for the hub' }, 404);
    return c.json(await model.venue.takeOver(who));
  });
  api.post('/venue/handback', async (c) => {
    const { who: claimed } = await c.req.json<{ who?: string }>();
    const who = whoOf(c, claimed);
    if (!who) return c.json({ error: 'who must say who asks for it' }, 400);
    if (!model.venue?.handBack) return c.json({ error: 'this is no hub: say it there' }, 404);
    return model.venue.handBack(who)
      ? c.body(null, 204)
      : c.json(
          { error: 'no standby follows this hub: one is a box with `venue.role: standby`, in touch with the broker' },
          409,
        );
  });
  api.post('/venue/trust', async (c) => {
    const { who: claimed } = await c.req.json<{ who?: string }>();
    const who = whoOf(c, claimed);
    if (!who) return c.json({ error: 'who must say who asks for it' }, 400);
    return model.venue?.trust(who) ? c.body(null, 204) : c.json({ error: 'this is no hub: say it there' }, 404);
  });
}
