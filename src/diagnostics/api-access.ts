import type { Hono } from 'hono';
import type { Role } from './actor.js';
import { ROLES, whoOf } from './actor.js';
import { openApi } from './openapi.js';
import type { ReadModel } from './read-model.js';

/** What the API may ask of the page's door. */
export interface PageDoor {
  report(): {
    addresses: string[];
    troubles: string[];
    fingerprint: string | null;
    roles: Record<Role, 'configuration' | 'page' | null>;
    open: { name: string; role: string }[];
  };
  oneTimePin(): string;
  setPin(role: Role, pin: string): Promise<void>;
}

export function accessRoutes(api: Hono, model: ReadModel, door: () => PageDoor | undefined): void {
  api.get('/openapi.json', (c) => c.json(openApi()));
  api.get('/access', (c) => {
    const d = door();
    return d ? c.json(d.report()) : c.json({ error: NO_PAGE }, 404);
  });
  api.post('/access/one-time-pin', async (c) => {
    const d = door();
    if (!d) return c.json({ error: NO_PAGE }, 404);
    const pin = d.oneTimePin();
    await model.live.note('a one-time PIN for the page was made on the command line');
    return c.json({ pin, addresses: d.report().addresses });
  });
  api.post('/access/pins/:role', async (c) => {
    const d = door();
    const role = c.req.param('role') as Role;
    if (!d) return c.json({ error: NO_PAGE }, 404);
    if (!ROLES.includes(role)) return c.json({ error: `role must be one of ${ROLES.join(', ')}` }, 400);
    const { pin } = await c.req.json<{ pin?: string }>();
    if (typeof pin !== 'string') return c.json({ error: 'pin must be a text' }, 400);
    await d.setPin(role, pin);
    await model.live.note(`PIN of the ${role} set by ${whoOf(c, 'the command line') ?? 'somebody'}`);
    return c.body(null, 204);
  });
}

const NO_PAGE = 'this gate serves no page: `diagnostics.listen` is empty';
