import type { Role } from '../actor.js';

export interface Who {
  name: string;
  role: Role;
  csrf: string;
  mustSetPin: boolean;
}
export interface GateInfo {
  id: string;
  name: string;
  timeZone: string;
  language: string;
}

export class ApiError extends Error {
  readonly status: number;
  /** Seconds to wait. */
  readonly wait: number | undefined;
  constructor(status: number, message: string, wait?: number) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

let csrf = '';
export let me: Who | null = null;
export let gate: GateInfo = { id: '', name: '', timeZone: 'UTC', language: 'en' };
const rank: Record<Role, number> = { viewer: 0, steward: 1, technician: 2 };
export const may = (role: Role): boolean => me !== null && rank[me.role] >= rank[role];

let onLoggedOut: () => void = () => {};
export const loggedOut = (): void => onLoggedOut();
export const whenLoggedOut = (f: () => void): void => {
  onLoggedOut = f;
};

async function call<T>(method: string, path: string, body?: object | string, confirmed = false): Promise<T> {
  const headers: Record<string, string> = {};
  if (typeof body === 'object') headers['content-type'] = 'application/json';
  if (method !== 'GET') headers['x-csrf-token'] = csrf;
  if (confirmed) headers['x-confirm'] = 'yes';
  const sent: RequestInit = { method, headers, cache: 'no-store', credentials: 'same-origin' };
  if (body !== undefined) sent.body = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`/api${path}`, sent);
  const text = await response.text();
  const answer = (text === '' ? undefined : JSON.parse(text)) as (T & { error?: string; wait?: number }) | undefined;
  if (response.ok) return answer as T;
  if (response.status === 401 && path !== '/session') {
    me = null;
    onLoggedOut();
  }
  throw new ApiError(response.status, answer?.error ?? `HTTP ${response.status}`, answer?.wait);
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T>(path: string, body: object | string = {}): Promise<T> => call<T>('POST', path, body);
/** For what moves something: the person has said yes a second time. */
export const postConfirmed = (path: string, body: object = {}): Promise<void> => call('POST', path, body, true);

interface SessionAnswer {
  gate: GateInfo;
  session: Who | null;
}
function take(answer: SessionAnswer): Who | null {
  gate = answer.gate;
  me = answer.session;
  csrf = me?.csrf ?? '';
  return me;
}
export const whoAmI = async (): Promise<Who | null> => take(await get<SessionAnswer>('/session'));
export const login = async (name: string, pin: string): Promise<Who | null> =>
  take(await post<SessionAnswer>('/session', { name, pin }));
export const logout = async (): Promise<void> => {
  await call('DELETE', '/session');
  me = null;
};
export const pinIsSet = (): void => {
  if (me) me.mustSetPin = false;
};
