import type { Reason } from '../../domain/reasons.js';
import { REASONS, sentence } from '../../domain/reasons.js';
import { causeOf } from '../device-causes.js';
import type { Condition, LaneReport } from '../reports.js';
import type { Shape } from './dom.js';
import { duration } from './format.js';
import { has, language, remedyOf, sentenceOf, t } from './i18n.js';
import { state } from './store.js';

const isReason = (text: string): text is Reason => (REASONS as readonly string[]).includes(text);

/** The sentence of a reason, in the page's language. */
export const reasonWords = (reason: string): string => (isReason(reason) ? sentence(reason, language) : reason);
/** What a technician or steward can do about it; empty = nothing to say. */
export function reasonHint(reason: string): string {
  const key = `hint-${reason}`;
  return has(key) ? t(key) : '';
}

export function roleName(role: string): string {
  const n = /^reader-(\d+)$/.exec(role)?.[1];
  if (n !== undefined) return t('reader', { n: Number(n) + 1 });
  return role === 'barrier' ? t('barrier') : role === 'indicator' ? t('indicator') : role;
}

export const laneName = (lane: Pick<LaneReport, 'id' | 'name'>): string => lane.name ?? lane.id;

/** A lane by its name for people. */
export function nameOf(id: string): string {
  const lane = state.status?.lanes.find((l) => l.id === id);
  return lane ? laneName(lane) : id;
}

/** A condition in the page's language; what has no translation is shown in the gate's own words. */
export function conditionWords(c: Condition): { what: string; remedy: string } {
  const facts = {
    ...c.facts,
    lane: nameOf(c.lane ?? ''),
    ...(c.facts?.other !== undefined && { other: nameOf(String(c.facts.other)) }),
  };
  const reason = typeof c.facts?.reason === 'string' ? deviceTrouble(c.facts.reason) : undefined;
  const named = {
    ...facts,
    ...(reason && { reason: reason.what }),
    ...(typeof c.facts?.policy === 'string' && { policy: policyWords(c.facts.policy, Number(c.facts.budget ?? 0)) }),
    ...('role' in facts && { role: roleName(String(facts.role)) }),
    ...('minutes' in facts && { age: duration(Number(facts.minutes) * 60_000) }),
  };
  if (c.kind === 'machine') return { what: c.what, remedy: c.remedy };
  return { what: t(sentenceOf(c.kind), named), remedy: reason?.todo ?? t(remedyOf(c.kind), named) };
}

/** Why a device is not ready, in the page's language; a sentence without a code stays in the driver's words. */
export function deviceTrouble(reason: string): { what: string; todo: string | undefined } {
  const found = causeOf(reason);
  if (!found) return { what: reason, todo: undefined };
  return { what: t(`cause-${found.cause}`, found.facts).trim(), todo: t(`todo-${found.cause}`, found.facts) };
}

/** What a gate does while it is cut off from the venue. */
export function policyWords(policy: string, budget: number): string {
  const key = `policy-${policy}`;
  return has(key) ? t(key, { budget }) : policy;
}

export const modeWord = (mode: string): string => {
  const key = `mode-${mode}`;
  return has(key) ? t(key) : mode;
};
export const modeShape = (mode: string): Shape =>
  mode === 'controlled' ? 'ok' : mode === 'emergency' ? 'warn' : 'info';

export const deviceWord = (state: string): string => {
  const key = `dev-${state}`;
  return has(key) ? t(key) : state;
};
export const deviceShape = (state: string): Shape =>
  state === 'ready' ? 'ok' : state === 'degraded' ? 'warn' : state === 'starting' ? 'info' : 'bad';

export function incidentWords(what: string): string {
  const key = `inc-${what}`;
  return has(key) ? t(key) : what;
}

export const healthShape = { ok: 'ok', degraded: 'warn', down: 'bad' } as const;
