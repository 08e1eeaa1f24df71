import { z } from 'zod';

/**
 * Every topic and every message between the parts of a venue. The `1` in the root is the major version: unknown members are
 * ignored, an unknown major is another topic. `docs/venue.md` and `docs/venue/*.schema.json` are made from this file.
 */
export const ROOT = 'portillon/1';

export type ToHub = 'claim' | 'end' | 'ping' | 'journal' | 'usage' | 'list';

export const topics = {
  /** Request of a gate; the answer comes on `fromHub` of the same kind. */
  toHub: (venue: string, gate: string, kind: string) => `${ROOT}/${venue}/gate/${gate}/to-hub/${kind}`,
  fromHub: (venue: string, gate: string, kind: string) => `${ROOT}/${venue}/gate/${gate}/from-hub/${kind}`,
  /** Request of the hub to a gate, and the gate's answer. */
  notice: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/notice`,
  noticed: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/to-hub/noticed`,
  presence: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/state/presence`,
  info: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/state/info`,
  health: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/state/health`,
  event: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/event/check`,
  command: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/cmd`,
  commanded: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/event/command`,
  hub: (venue: string) => `${ROOT}/${venue}/hub/state`,
  /** A hub that starts asks whether another one runs; one that runs answers on `here`. */
  hubAsk: (venue: string) => `${ROOT}/${venue}/hub/ask`,
  hubHere: (venue: string) => `${ROOT}/${venue}/hub/here`,
  /** "There is something new to fetch": carries nothing that has to be believed. */
  hint: (venue: string) => `${ROOT}/${venue}/hub/hint`,
} as const;

const TO_HUB = /^portillon\/1\/[^/]+\/gate\/([^/]+)\/to-hub\/([a-z-]+)$/;

/** Gate and kind of a request's topic. */
export function parseToHub(topic: string): { gate: string; kind: string } | undefined {
  const match = TO_HUB.exec(topic);
  return match ? { gate: match[1] as string, kind: match[2] as string } : undefined;
}

const at = z.number();
const id = z.string().min(1).max(120);
const name = z.string().min(1).max(256);

export const claimRequest = z.object({
  id,
  lane: name,
  barcode: name,
  slot: name,
  at,
  max: z.int().positive().optional(),
  entrance: name.optional(),
});
export const claimAnswer = z.object({
  id,
  /** Of the hub's process: an answer of one that has gone since counts for nothing. */
  session: z.string(),
  answer: z.discriminatedUnion('result', [
    z.object({ result: z.literal('granted') }),
    z.object({ result: z.literal('used'), at, gate: name, lane: name }),
    z.object({ result: z.literal('unknown'), why: z.enum(['ended', 'not-sure', 'home-cut-off', 'failed']) }),
  ]),
});
export const endRequest = z.object({ id, claims: z.array(z.object({ id, barcode: name })).max(500) });
export const done = z.object({ id });

/** The last commit of a hub's memory that a gate has seen. A hub that knows less has lost some. */
const seen = z.object({ hub: z.string(), commit: z.int().nonnegative() });
export const pingRequest = z.object({
  id,
  session: z.string(),
  journal: z.string(),
  /** Last sequence of the gate's journal, and the last of the process before this one. */
  lastSeq: z.int().nonnegative(),
  oldSeq: z.int().nonnegative(),
  seen: seen.nullable(),
  homes: z.array(name),
  /** Risk admissions made, and the most that can be, until the hub knows them. */
  risk: z.object({ made: z.int(), bound: z.int() }),
  list: z.object({ position: z.int(), hash: z.string() }).nullable(),
});
export const pingAnswer = z.object({
  id,
  hub: z.string(),
  session: z.string(),
  epoch: z.int(),
  commit: z.int(),
  sure: z.boolean(),
  /** Sequence up to which the hub has this gate's journal. */
  cursor: z.int(),
  usage: z.int(),
});

export const journalRequest = z.object({
  id,
  session: z.string(),
  journal: z.string(),
  after: z.int(),
  scanned: z.int(),
  /** Records as they are in the gate's journal, settled, each with its outcome. */
  checks: z.array(z.object({ check: z.record(z.string(), z.unknown()), outcome: z.string().optional() })).max(1000),
});
export const journalAnswer = z.object({ id, cursor: z.int() });

export const usageEntry = z.object({
  n: z.int(),
  what: z.enum(['admitted', 'given-back']),
  barcode: name,
  checkId: id,
  claim: id.optional(),
  lane: name,
  direction: z.enum(['entry', 'exit']),
  checkedAt: at,
  slot: name.optional(),
  sector: name.optional(),
  reason: z.string().optional(),
});
export type UsageEntry = z.output<typeof usageEntry>;
export const usageRequest = z.object({ id, after: z.int() });
export const usageAnswer = z.object({ id, entries: z.array(usageEntry), last: z.int() });

export const noticeRequest = z.object({ id, claim: id, barcode: name, slot: name, at, gate: name, lane: name });
export const noticeAnswer = z.object({
  id,
  said: z.enum(['agreed', 'used']),
  at: at.optional(),
  lane: name.optional(),
});

export const listRequest = z.object({
  id,
  /** Pages this gate has applied; with `snapshot` the snapshot it is in. */
  position: z.int(),
  /** The snapshot this gate is in; `after` is empty to begin one. */
  snapshot: z.object({ position: z.int(), after: z.string() }).optional(),
});
export const listAnswer = z.object({
  id,
  /** `page`: the changes of page `position`. `snapshot`: tickets by barcode after `after`. `none`: nothing newer. */
  what: z.enum(['page', 'snapshot', 'none']),
  position: z.int(),
  last: z.int(),
  /** With `none`: the sum over the hub's list, when it is known. */
  hash: z.string().optional(),
  /** UTC milliseconds of the last complete fetch; null = never yet. */
  completeAt: z.number().nullable(),
  after: z.string().optional(),
  through: z.string().optional(),
  end: z.boolean().optional(),
  /** SHA-256 of `data`, which is deflated and base64: lines `barcode TAB ticket`. */
  sum: z.string().optional(),
  data: z.string().optional(),
});

export const hubState = z.object({
  hub: z.string(),
  session: z.string(),
  epoch: z.int(),
  commit: z.int(),
  online: z.boolean(),
});
export type HubState = z.output<typeof hubState>;

export const presence = z.object({ schema: z.literal('presence/1'), online: z.boolean(), session: z.string(), at });

export const command = z.object({
  schema: z.literal('command/1'),
  id,
  /** Who signed it; the name is looked up in `venue.commanders`. */
  by: name,
  gate: name,
  /** UTC milliseconds after which it is refused. */
  expires: at,
  command: z.discriminatedUnion('do', [
    z.object({ do: z.literal('mode'), lane: name, mode: z.enum(['controlled', 'free', 'closed']), why: z.string() }),
    z.object({ do: z.literal('sync') }),
    z.object({ do: z.literal('selftest') }),
    z.object({ do: z.literal('pulse'), lane: name }),
  ]),
});
export type Command = z.output<typeof command>;

/** By the name of their JSON Schema. */
export const SCHEMAS = {
  'claim-request': claimRequest,
  'claim-answer': claimAnswer,
  'end-request': endRequest,
  'ping-request': pingRequest,
  'ping-answer': pingAnswer,
  'journal-request': journalRequest,
  'journal-answer': journalAnswer,
  'usage-request': usageRequest,
  'usage-answer': usageAnswer,
  'notice-request': noticeRequest,
  'notice-answer': noticeAnswer,
  'list-request': listRequest,
  'list-answer': listAnswer,
  'hub-state': hubState,
  presence,
  command,
} as const;
