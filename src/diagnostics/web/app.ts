import { createHash } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Clock } from '../../clock.js';
import type { Log } from '../../log.js';
import { describeError, PortillonError } from '../../errors.js';
import { mayAct, ROLES, setActor } from '../actor.js';
import type { Role } from '../actor.js';
import { routeOf } from '../routes.js';
import type { Access } from './access.js';
import { isOurName } from './addresses.js';
import { fileRoutes } from './files.js';
import type { LoginLimiter } from './limiter.js';
import type { Session, Sessions } from './sessions.js';

export interface WebParts {
  api: Hono;
  access: Access;
  sessions: Sessions;
  limiter: LoginLimiter;
  clock: Clock;
  log: Log;
  names: readonly string[];
  gate: { id: string; name: string; timeZone: string; language: string };
  /** Into the journal: who came in, who was wrong too often. */
  note: (what: string) => Promise<void>;
}

const MAX_BODY = 256 * 1024;
const MAX_NAME = 40;
const MAX_STREAMS = 6;
const COOKIE = 'portillon';

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** A request of any route. */
interface Asked {
  env: unknown;
  req: { header(name: string): string | undefined };
}
/** Why nobody came in. */
interface Refused {
  status: 401 | 429;
  error: string;
  /** Seconds. */
  wait?: number;
}

/** Everything between the network and the API: names, files, login, roles, and what a browser must be kept from. */
export function createWeb(parts: WebParts): Hono {
  const { access, sessions, limiter, log } = parts;
  const web = new Hono();
  web.onError((error, c) => c.json({ error: describeError(error) }, error instanceof PortillonError ? 400 : 500));
  web.use(async (c, next) => {
    if (!isOurName(c.req.header('host'), parts.names)) {
      c.res = c.json({ error: 'this gate has another name; add yours to `diagnostics.names`' }, 421);
    } else await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  });
  fileRoutes(web);
  web.use('/api/*', bodyLimit({ maxSize: MAX_BODY, onError: (c) => c.json({ error: 'too long' }, 413) }));
  web.use('/api/*', async (c, next) => {
    await next();
    c.res.headers.set('cache-control', 'no-store');
  });

  web.get('/api/session', (c) => {
    const session = sessions.find(getCookie(c, COOKIE));
    return c.json({ gate: parts.gate, session: session ? shown(session) : null }, 200);
  });
  web.post('/api/session', async (c) => {
    // A form of another site cannot send this type without asking first.
    if (!c.req.header('content-type')?.startsWith('application/json')) return c.json({ error: 'JSON, please' }, 415);
    const { name, pin } = await c.req.json<{ name?: string; pin?: string }>();
    const who =
      typeof name === 'string'
        ? name
            .replaceAll(/[^\p{L}\p{N} .'-]/gu, '')
            .trim()
            .slice(0, MAX_NAME)
        : '';
    if (who === '' || typeof pin !== 'string' || pin === '') return c.json({ error: 'name and pin' }, 400);
    const found = await tryPin(addressOf(c), pin, who);
    if ('status' in found) return refuse(c, found);
    const { key, session } = sessions.begin({ name: who, role: found.role }, found.once);
    setCookie(c, COOKIE, key, { httpOnly: true, sameSite: 'Strict', secure: isSecure(c), path: '/' });
    await parts.note(`${who} came in as ${found.role} from ${addressOf(c)}`);
    return c.json({ gate: parts.gate, session: shown(session) });
  });
  web.delete('/api/session', (c) => {
    const key = getCookie(c, COOKIE);
    const session = sessions.find(key);
    if (key === undefined || !session) return c.body(null, 204);
    if (c.req.header('x-csrf-token') !== session.csrf) return c.json({ error: 'token' }, 403);
    sessions.end(key);
    deleteCookie(c, COOKIE, { path: '/' });
    return c.body(null, 204);
  });

  async function tryPin(address: string, pin: string, who: string): Promise<{ role: Role; once: boolean } | Refused> {
    const wait = limiter.wait(address);
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      return { status: 429, error: `too many wrong PINs: wait ${seconds} s`, wait: seconds };
    }
    // Counted before it is known: many tries at once must not slip through while the first is being looked at.
    const times = limiter.failed(address);
    const found = await access.check(pin);
    if (found) {
      limiter.succeeded(address);
      return found;
    }
    log.warn({ address, times }, 'a wrong PIN');
    if (times === 10) await parts.note(`ten wrong PINs from ${address}, last as ${who}`);
    return { status: 401, error: 'wrong PIN' };
  }

  web.use('/api/*', async (c, next) => {
    const path = c.req.path.slice('/api'.length);
    const route = routeOf(c.req.method, path);
    const session = await sessionOf(c, getCookie(c as Context, COOKIE));
    if (session && 'status' in session) return refuse(c, session);
    if (!session) return c.json({ error: 'log in first' }, 401);
    // Also a route that nobody has described: it is not for the page.
    if (!route || route.role === null) return c.json({ error: 'no such route' }, 404);
    const settingOwnPin = path === '/access/pins/technician';
    if (session.mustSetPin && !settingOwnPin) return c.json({ error: 'set a PIN first' }, 403);
    if (!mayAct(session.actor.role, route.role)) return c.json({ error: `for a ${route.role}` }, 403);
    if (c.req.method !== 'GET' && c.req.header('authorization') === undefined) {
      if (c.req.header('x-csrf-token') !== session.csrf) return c.json({ error: 'token' }, 403);
    }
    if (route.dangerous && !session.mustSetPin && c.req.header('x-confirm') !== 'yes')
      return c.json({ error: 'confirm it: header x-confirm: yes' }, 428);
    if (route.answer === 'stream' && session.streams.size >= MAX_STREAMS)
      return c.json({ error: 'too many open streams' }, 429);
    setActor(c, session.actor);
    await next();
    if (c.res.headers.get('content-type')?.startsWith('text/event-stream')) c.res = untilEnded(c.res, session);
    if (path.startsWith('/access/pins/') && c.res.ok) {
      const role = path.slice('/access/pins/'.length);
      if (settingOwnPin) session.mustSetPin = false;
      if ((ROLES as readonly string[]).includes(role)) sessions.endRole(role as Role, session);
    }
    return;
  });
  // Where a scraper looks: the same login, the same rights.
  web.get('/metrics', (c) => {
    const url = new URL(c.req.url);
    url.pathname = '/api/metrics';
    return web.fetch(new Request(url, c.req.raw), c.env);
  });
  web.route('/api', parts.api);
  web.notFound((c) => c.json({ error: 'no such page' }, 404));

  const bearers = new Map<string, string>();
  /** By cookie, or by `Authorization: Bearer` for programs: the first call of a token logs in, the next ones go on with that. */
  async function sessionOf(c: Asked, cookie: string | undefined): Promise<Session | undefined | Refused> {
    const token = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) return sessions.find(cookie);
    const known = sessions.find(bearers.get(digest(token)));
    if (known) return known;
    const found = await tryPin(addressOf(c), token, 'a program');
    if ('status' in found) return found;
    if (found.once) return undefined;
    const { key, session } = sessions.begin({ name: 'program', role: found.role }, false);
    if (bearers.size > 100) bearers.clear();
    bearers.set(digest(token), key);
    return session;
  }
  return web;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64');
function refuse(
  c: { header(name: string, value: string): void; json(body: object, status: 401 | 429): Response },
  r: Refused,
): Response {
  if (r.wait !== undefined) c.header('retry-after', String(r.wait));
  return c.json({ error: r.error, ...(r.wait !== undefined && { wait: r.wait }) }, r.status);
}
const shown = ({ actor, csrf, mustSetPin }: Session): object => ({ ...actor, csrf, mustSetPin });

const bindings = (c: Asked): HttpBindings | undefined => c.env as HttpBindings | undefined;
const addressOf = (c: Asked): string => bindings(c)?.incoming.socket.remoteAddress ?? 'unknown';
const isSecure = (c: Asked): boolean =>
  (bindings(c)?.incoming.socket as { encrypted?: boolean } | undefined)?.encrypted === true;

/** A stream ends with its login. */
function untilEnded(response: Response, session: Session): Response {
  const body = response.body;
  if (!body) return response;
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const end = (): void => void reader.cancel().catch(() => {});
  session.streams.add(end);
  const over = (): unknown => session.streams.delete(end);
  const out = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done && value) return controller.enqueue(value);
      over();
      controller.close();
    },
    async cancel(reason) {
      over();
      await reader.cancel(reason);
    },
  });
  return new Response(out, response);
}
