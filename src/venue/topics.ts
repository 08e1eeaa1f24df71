import { z } from 'zod';

/**
 * Every topic and every message between the parts of a venue. The `1` in the root is the major version: unknown members are
 * ignored, an unknown major is another topic. `docs/venue.md` and `docs/venue/*.schema.json` are made from this file.
 */
export const ROOT = 'portillon/1';

export type ToHub = 'claim' | 'end' | 'noted' | 'ping' | 'rights' | 'journal' | 'usage' | 'list';

export const topics = {
  /** Request of a gate; the answer comes on `fromHub` of the same kind. */
  toHub: (venue: string, gate: string, kind: string) => `${ROOT}/${venue}/gate/${gate}/to-hub/${kind}`,
  fromHub: (venue: string, gate: string, kind: string) => `${ROOT}/${venue}/gate/${gate}/from-hub/${kind}`,
  /** Request of the hub to a gate, and the gate's answer. */
  notice: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/notice`,
  noticed: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/to-hub/noticed`,
  presence: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/state/presence`,
  health: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/state/health`,
  event: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/event/check`,
  command: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/cmd`,
  commanded: (venue: string, gate: string) => `${ROOT}/${venue}/gate/${gate}/event/command`,
  hub: (venue: string) => `${ROOT}/${venue}/hub/state`,
  /** Who is in the venue. */
  counts: (venue: string) => `${ROOT}/${venue}/hub/counts`,
  /** A hub that starts asks whether another one runs; one that runs answers on `here`. */
  hubAsk: (venue: string) => `${ROOT}/${venue}/hub/ask`,
  hubHere: (venue: string) => `${ROOT}/${venue}/hub/here`,
  /** A standby asks, the hub answers. */
  follow: (venue: string) => `${ROOT}/${venue}/hub/follow`,
  followed: (venue: string) => `${ROOT}/${venue}/hub/followed`,
  /** The same for the list. */
  followList: (venue: string) => `${ROOT}/${venue}/hub/follow-list`,
  followedList: (venue: string) => `${ROOT}/${venue}/hub/followed-list`,
  /** "There is something new to fetch": carries nothing that has to be believed. */
  hint: (venue: string) => `${ROOT}/${venue}/hub/hint`,
} as const;

/** Of every message that speaks of a ticket and is not sealed (`domain/credential.mask`). */
const MASKED = /^(\*{0,6}|..\*{1,8}....)$/u;
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
  sector: name.optional(),
  /** Service day. */
  day: z.int().optional(),
  /** Entries the ticket has; left out: one in this slot; none: any number. */
  limits: z
    .array(
      z.object({
        max: z.int().nonnegative(),
        /** Different service days, not entries. */
        days: z.literal(true).optional(),
        slot: name.optional(),
        sector: name.optional(),
        day: z.int().optional(),
      }),
    )
    .max(10)
    .optional(),
  /** Nobody may be inside on the ticket. */
  outside: z.object({ sector: name.optional() }).optional(),
  /** Entries this gate would hold in advance, at most. */
  rights: z.int().nonnegative().max(100).optional(),
  entrance: name.optional(),
});
export const claimAnswer = z.object({
  id,
  /** Of the hub's process: an answer of one that has gone since counts for nothing. */
  session: z.string(),
  answer: z.discriminatedUnion('result', [
    /** `rights`: so many more are counted for this gate, named `ID/1`, `ID/2`… */
    z.object({ result: z.literal('granted'), rights: z.int().positive().optional() }),
    z.object({ result: z.literal('used'), at, gate: name, lane: name }),
    z.object({ result: z.literal('inside'), at, gate: name, lane: name }),
    z.object({
      result: z.literal('unknown'),
      why: z.enum(['ended', 'not-sure', 'home-cut-off', 'right-elsewhere', 'failed']),
    }),
  ]),
});
export const endRequest = z.object({ id, claims: z.array(z.object({ id, barcode: name })).max(500) });
export const done = z.object({ id });

/** Rights a gate holds, told to every process of the hub before anything else; `end` with the last part. */
export const rightsRequest = z.object({
  id,
  session: z.string(),
  end: z.boolean(),
  held: z
    .array(
      z.object({
        id,
        barcode: name,
        lane: name,
        slot: name,
        at,
        sector: name.optional(),
        day: z.int().optional(),
      }),
    )
    .max(500),
});
/** `gone`: they were given back or spent, and must not be spent again. */
export const rightsAnswer = z.object({ id, gone: z.array(id) });

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
  /** The gate's clock minus the hub's, and how far that may be wrong, milliseconds; null = not measured yet. */
  clock: z.object({ by: z.number(), within: z.number() }).nullable().optional(),
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
  /** The hub's clock, and by how much it is ahead of SecuTix's, milliseconds; null = nobody has told it. */
  at: at.optional(),
  skew: z.number().nullable().optional(),
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

export const noticeRequest = z.object({
  id,
  claim: id,
  barcode: name,
  slot: name,
  at,
  gate: name,
  lane: name,
  /** Rights this gate is to give back; without: the ticket is at home here and enters elsewhere. */
  rights: z.array(id).max(200).optional(),
});
export const noticeAnswer = z.object({
  id,
  said: z.enum(['agreed', 'used']),
  /** With `rights`: those that will never be spent, and those that have been. Neither: not known here any more. */
  returned: z.array(id).optional(),
  spent: z.array(id).optional(),
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
const scopeState = z.object({
  tag: z.string(),
  cursor: z.string().nullable(),
  pages: z.int(),
  items: z.int(),
  completeAt: z.number().nullable(),
  trail: z.array(z.string()).optional(),
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
  /** Characters that printed codes leave out at the beginning; 0 = printed codes are whole. */
  dropFirst: z.int().nonnegative().optional(),
  after: z.string().optional(),
  through: z.string().optional(),
  end: z.boolean().optional(),
  /** SHA-256 of `data`, which is deflated and base64: lines `barcode TAB ticket`; a `!` begins an entry of the black list. */
  sum: z.string().optional(),
  data: z.string().optional(),
  /** To a standby: with a page its scope (cursor and progress behind it) and tickets that are of this scope too from here on. */
  scope: z.object({ key: z.string(), state: scopeState }).optional(),
  touched: z.array(name).optional(),
  /** To a standby, with the first piece of a snapshot: every scope, to be read on from there. */
  scopes: z
    .object({
      index: z.object({ tags: z.record(z.string(), z.string()), retired: z.array(z.string()) }),
      states: z.array(z.object({ key: z.string(), state: scopeState })),
    })
    .optional(),
});

export const hubState = z.object({
  hub: z.string(),
  session: z.string(),
  epoch: z.int(),
  commit: z.int(),
  online: z.boolean(),
  /** The box it runs on: a standby has the same memory. */
  by: name.optional(),
});
export type HubState = z.output<typeof hubState>;

/** What a standby has, and where it goes on. */
export const followRequest = z.object({
  id,
  gate: name,
  /** Process of the hub it follows; empty = none yet. */
  session: z.string(),
  commit: z.int(),
  journal: z.int(),
  snapshotOf: z.string().optional(),
  from: z.int().optional(),
  after: z.string().optional(),
  /** The hub is to stop counting; and: this one counts from now on. */
  release: z.boolean(),
  done: z.boolean(),
  /** Who asks for it. */
  who: z.string().optional(),
  /** Sequence up to which it has the checks that SecuTix refused, and the mark of the catalogue it has. */
  refused: z.int().optional(),
  programme: z.string().optional(),
});
export const followAnswer = z.object({
  id,
  session: z.string(),
  hub: z.string(),
  epoch: z.int(),
  /** Last commit of the hub; `through`: the last one in here. */
  commit: z.int(),
  through: z.int(),
  roster: z.unknown(),
  what: z.enum(['commits', 'snapshot']),
  puts: z.array(z.object({ key: z.string(), value: z.unknown().optional() })),
  begins: z.boolean().optional(),
  end: z.boolean().optional(),
  after: z.string().optional(),
  /** Checks of the hub's journal that SecuTix may not have yet; sequences up to which they are in here, of the journal, at SecuTix. */
  checks: z.array(z.object({ check: z.record(z.string(), z.unknown()), outcome: z.string().optional() })),
  scanned: z.int(),
  last: z.int(),
  pushed: z.int(),
  released: z.boolean(),
  takeOver: z.boolean(),
  /** Who has asked for the hand-back. */
  by: z.string().optional(),
  /** The box the hub runs on. */
  box: name.optional(),
  /** Where checks are to be followed from: the first that SecuTix does not have, or the first of the venue's day. */
  base: z.int().optional(),
  /** The sync thread's state: admissions SecuTix has, calls made, the catalogue where the standby has another one, refused checks. */
  admitted: z.int().optional(),
  limiter: z.unknown().optional(),
  programme: z.object({ mark: z.string(), value: z.unknown() }).optional(),
  refused: z.array(z.object({ seq: z.int(), checkId: id }).loose()).optional(),
});

export const presence = z.object({ schema: z.literal('presence/1'), online: z.boolean(), session: z.string(), at });

/** One decision as it comes; the code is masked. */
export const checkEvent = z.object({
  schema: z.literal('check/1'),
  gate: name,
  lane: name,
  at,
  /** Masked. */
  code: z.string().regex(MASKED),
  admitted: z.boolean(),
  reason: z.string(),
  rule: z.string().optional(),
  checkId: id.optional(),
  /** Milliseconds from the read to the decision, and to the opening. */
  decidedAfter: z.number(),
  grantedAfter: z.number().optional(),
});
export type CheckEvent = z.output<typeof checkEvent>;

const numbers = z.record(z.string(), z.number());
const healthFacts = z.object({
  role: z.enum(['gate', 'hub', 'standby']),
  version: z.string(),
  health: z.enum(['ok', 'degraded', 'down']),
  conditions: z.array(z.string()),
  /** Journal records that are not yet where they must go. */
  queue: z.int(),
  /** Seconds since the list was last complete; null = never yet. */
  listAge: z.number().nullable(),
  list: z.object({ position: z.int(), hash: z.string() }).nullable(),
  link: z.enum(['joined', 'alone']).nullable(),
  /** Double entries that are possible now, at most. */
  risk: z.object({ made: z.int(), bound: z.int() }),
  claims: numbers,
  lanes: z.array(z.object({ id: name, mode: z.string(), counters: numbers, reasons: numbers })),
});
export type HealthFacts = z.output<typeof healthFacts>;
export const health = z.object({
  schema: z.literal('health/1'),
  gate: name,
  at,
  ...healthFacts.shape,
  /** The last decisions, oldest first. */
  last: z.array(checkEvent).max(10),
});
export type Health = z.output<typeof health>;

const flow = { entries: z.int(), exits: z.int(), refused: z.int() };
export const counts = z.object({
  schema: z.literal('counts/1'),
  at,
  /** The venue's day, and UTC milliseconds of its beginning. */
  day: z.string(),
  since: z.number(),
  inside: z.int().nonnegative(),
  ...flow,
  sectors: z.array(z.object({ sector: z.string(), inside: z.int(), entries: z.int(), exits: z.int() })),
  gates: z.array(z.object({ gate: name, ...flow })),
  minutes: z.array(z.object({ at, ...flow })),
});

/** What became of a command. */
export const commanded = z.object({
  schema: z.literal('commanded/1'),
  gate: name,
  at,
  id: id.optional(),
  by: name.optional(),
  do: z.string().optional(),
  done: z.boolean(),
  why: z.string().optional(),
  result: z.string().optional(),
});
export type Commanded = z.output<typeof commanded>;

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
    z.object({ do: z.literal('sync'), what: z.enum(['all', 'pull', 'push']).optional() }),
    z.object({ do: z.literal('selftest') }),
    z.object({ do: z.literal('pulse'), lane: name }),
    z.object({ do: z.literal('log-level'), level: z.enum(['debug', 'info', 'warn', 'error']) }),
    z.object({ do: z.literal('give-back'), code: name, check: id.optional(), why: z.string().min(1) }),
    z.object({
      do: z.literal('force'),
      lane: name,
      code: name,
      medium: z.enum(['barcode', 'rfid']).optional(),
      why: z.string().min(1),
    }),
  ]),
});
export type Command = z.output<typeof command>;

/** By the name of their JSON Schema. */
export const SCHEMAS = {
  'claim-request': claimRequest,
  'claim-answer': claimAnswer,
  'end-request': endRequest,
  'rights-request': rightsRequest,
  'rights-answer': rightsAnswer,
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
  'follow-request': followRequest,
  'follow-answer': followAnswer,
  presence,
  health,
  check: checkEvent,
  counts,
  command,
  commanded,
} as const;
