import type { Context } from 'hono';

/** What somebody may do; each includes the ones before it. */
export const ROLES = ['viewer', 'steward', 'technician'] as const;
export type Role = (typeof ROLES)[number];

export const mayAct = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** Who asks over the page. On the socket nobody is set: the file's permission has admitted a technician. */
export interface Actor {
  name: string;
  role: Role;
}

const KEY = 'portillon-actor';

export function setActor(c: { set(key: never, value: never): void }, actor: Actor): void {
  c.set(KEY as never, actor as never);
}
export function actorOf(c: Context): Actor | undefined {
  return c.get(KEY as never) as Actor | undefined;
}

/** Who the journal names: never what a page claims, always who logged in. On the socket: what the command says. */
export function whoOf(c: Context, claimed: string | undefined): string | undefined {
  const actor = actorOf(c);
  return actor ? `${actor.name} (${actor.role}, page)` : claimed?.slice(0, 100);
}
