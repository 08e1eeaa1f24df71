import { createHash, randomBytes } from 'node:crypto';
import type { Actor } from '../actor.js';

const MAX_SESSIONS = 64;

export interface Session {
  actor: Actor;
  /** Sent by the page with everything that changes something: another site's form cannot know it. */
  csrf: string;
  /** Came in with the one-time PIN and has set none yet: may do nothing else. */
  mustSetPin: boolean;
  /** Streams that are open. */
  streams: Set<() => void>;
}

interface Kept extends Session {
  since: number;
  seen: number;
}

/** Logins in memory: a restart ends them all. The key of a session is kept hashed. Times are monotonic milliseconds. */
export class Sessions {
  readonly #now: () => number;
  readonly #limits: { session: number; idle: number };
  readonly #sessions = new Map<string, Kept>();

  constructor(limits: { session: number; idle: number }, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  begin(actor: Actor, mustSetPin: boolean): { key: string; session: Session } {
    this.expire();
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#end(oldest);
    const key = randomBytes(32).toString('base64url');
    const now = this.#now();
    const session: Kept = {
      actor,
      csrf: randomBytes(32).toString('base64url'),
      mustSetPin,
      streams: new Set(),
      since: now,
      seen: now,
    };
    this.#sessions.set(hash(key), session);
    return { key, session };
  }

  find(key: string | undefined): Session | undefined {
    if (key === undefined || key === '') return undefined;
    this.expire();
    const session = this.#sessions.get(hash(key));
    if (session) session.seen = this.#now();
    return session;
  }

  end(key: string): void {
    this.#end(hash(key));
  }
  /** A PIN was changed: whoever came in with the old one is out. */
  endRole(role: Actor['role'], but: Session): void {
    for (const [id, session] of this.#sessions) if (session !== but && session.actor.role === role) this.#end(id);
  }

  #end(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    for (const close of session?.streams ?? []) close();
  }

  /** Called now and then too: an open stream ends with its session. */
  expire(): void {
    const now = this.#now();
    for (const [id, session] of this.#sessions) {
      // A page that is open is in use.
      const idle = session.streams.size === 0 && now - session.seen > this.#limits.idle;
      if (idle || now - session.since > this.#limits.session) this.#end(id);
    }
  }
  get open(): { name: string; role: string }[] {
    return [...this.#sessions.values()].map(({ actor }) => ({ ...actor }));
  }
}

const hash = (key: string): string => createHash('sha256').update(key).digest('base64url');
