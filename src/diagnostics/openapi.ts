import { z } from 'zod';
import { VERSION } from '../version.js';
import type { RouteDoc } from './routes.js';
import { ROUTES } from './routes.js';
import { SCHEMAS } from './schemas.js';

/** The API in the words of OpenAPI 3.1, made of the table of routes. The page serves it below `/api`, the socket at its root. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:([a-z]+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  paths['/session'] = sessionPaths();
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portillon',
      version: VERSION,
      description:
        'What the technician’s page and the command line ask a gate. On the socket `portillon.sock` in the data folder (readable by its owner only) at the root; over the page below `/api`, with a session (`POST /api/session` with `name` and `pin`) and, for everything but GET, the header `x-csrf-token`. Dangerous calls need the header `x-confirm: yes`.',
    },
    servers: [{ url: '/api' }],
    paths,
    components: {
      schemas: {
        ...Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, z.toJSONSchema(schema)])),
        Error: {
          type: 'object',
          properties: { error: { type: 'string' }, code: { type: 'string' } },
          required: ['error'],
        },
      },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'portillon' },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
    security: [{ session: [] }, { token: [] }],
  };
}

function operation(route: RouteDoc): object {
  const names = [...route.path.matchAll(/:([a-z]+)/g)].map((m) => m[1] as string);
  const parameter = (place: 'path' | 'query') => (name: string, description: string) => ({
    name,
    in: place,
    description,
    required: place === 'path',
    schema: { type: 'string' },
  });
  const error = { description: 'refused', content: { 'application/json': { schema: ref('Error') } } };
  return {
    summary: route.summary,
    'x-role': route.role ?? 'socket',
    ...(route.dangerous && { 'x-dangerous': true }),
    parameters: [
      ...names.map((n) => parameter('path')(n, '')),
      ...Object.entries(route.query ?? {}).map(([n, text]) => parameter('query')(n, text)),
    ],
    ...(route.body && { requestBody: { content: bodyOf(route.body) } }),
    responses: { ...success(route.answer), '4XX': error, '5XX': error },
  };
}

function bodyOf(body: NonNullable<RouteDoc['body']>): object {
  if (body === 'text') return { 'text/plain': { schema: { type: 'string' } } };
  const properties = Object.fromEntries(Object.entries(body).map(([name, description]) => [name, { description }]));
  return { 'application/json': { schema: { type: 'object', properties } } };
}

function success(answer: string | null): object {
  if (answer === null) return { '204': { description: 'done' } };
  if (answer === 'stream') return { '200': { description: 'events', content: { 'text/event-stream': {} } } };
  if (answer === 'metrics') return { '200': { description: 'text exposition format', content: { 'text/plain': {} } } };
  if (answer === 'file') return { '200': { description: 'a file', content: { 'application/gzip': {} } } };
  return { '200': { description: answer, content: { 'application/json': { schema: ref(answer) } } } };
}

/** Coming in and going out: over the page only, and the only calls that need no session. */
function sessionPaths(): Record<string, object> {
  const text = { type: 'string' };
  const answer = (description: string): object => ({
    description,
    content: { 'application/json': { schema: ref('Session') } },
  });
  const body = { type: 'object', properties: { name: text, pin: text }, required: ['name', 'pin'] };
  return {
    get: {
      summary: 'Which gate this is, and who is logged in.',
      security: [],
      responses: { '200': answer('the gate') },
    },
    post: {
      summary: 'Logs in. After wrong PINs it answers 429 with `wait`, the seconds to wait.',
      security: [],
      requestBody: { content: { 'application/json': { schema: body } } },
      responses: {
        '200': answer('logged in; the cookie is set'),
        '4XX': { description: 'refused', content: { 'application/json': { schema: ref('Error') } } },
      },
    },
    delete: { summary: 'Logs out.', responses: { '204': { description: 'done' } } },
  };
}

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
