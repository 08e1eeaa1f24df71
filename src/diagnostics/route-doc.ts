import type { Role } from './actor.js';

export interface RouteDoc {
  method: 'GET' | 'POST';
  /** As Hono writes it: `/lanes/:lane/mode`. */
  path: string;
  /** Null: only on the socket. */
  role: Role | null;
  /** Moves something or changes who may enter: the page asks again and says so in a header. */
  dangerous?: true;
  summary: string;
  query?: Readonly<Record<string, string>>;
  /** Members of the JSON body; `text`: the body is plain text. */
  body?: Readonly<Record<string, string>> | 'text';
  /** Name of the answer's schema in `schemas.ts`; `stream`: server-sent events; `file`; `metrics`: text; null: no content. */
  answer: string | null;
}

export const route = (
  method: RouteDoc['method'],
  path: string,
  role: Role | null,
  summary: string,
  answer: string | null,
  more: Partial<RouteDoc> = {},
): RouteDoc => ({ method, path, role, summary, answer, ...more });
