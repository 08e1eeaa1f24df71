import { z } from 'zod';
import { PLATFORM_SCHEMAS } from './routes-platform.js';

/** Answers of the API. What other rooms put into the status may grow: those objects are open. */
const ms = z.number().describe('UTC milliseconds');
const condition = z.strictObject({
  severity: z.enum(['degraded', 'down']),
  what: z.string(),
  remedy: z.string(),
  kind: z.string().optional(),
  lane: z.string().optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
const deviceStatus = z.looseObject({
  state: z.enum(['starting', 'ready', 'degraded', 'offline', 'closed']),
  reason: z.string().optional(),
  counters: z.record(z.string(), z.number()),
});
const line = z.strictObject({
  name: z.string(),
  kind: z.enum(['input', 'output']),
  active: z.boolean().nullable(),
  changes: z.number(),
  at: ms.nullable(),
});
const lane = z.looseObject({
  id: z.string(),
  name: z.string().optional(),
  direction: z.string(),
  mode: z.string(),
  phase: z.string(),
  passageSensor: z.boolean(),
  active: z.array(z.string()),
  counters: z.record(z.string(), z.number()),
  devices: z.array(z.looseObject({ role: z.string(), driver: z.string(), status: deviceStatus })),
  lines: z.array(line).optional(),
  held: z.boolean().optional(),
});
const step = z.strictObject({ name: z.string(), ok: z.boolean().nullable(), detail: z.string() });
const selfTest = z.array(
  z.strictObject({ lane: z.string(), role: z.string(), driver: z.string(), steps: z.array(step) }),
);
const guided = z.strictObject({
  at: ms,
  who: z.string(),
  version: z.string(),
  devices: z.array(z.unknown()),
  steps: z.array(
    z.strictObject({
      lane: z.string(),
      name: z.string(),
      result: z.enum(['pass', 'fail', 'skipped']),
      detail: z.string(),
      ms: z.number().optional(),
    }),
  ),
});
const phrase = z.strictObject({ code: z.string(), params: z.record(z.string(), z.unknown()) });
const ruleReport = z.strictObject({
  rule: z.string(),
  verdict: z.enum(['passed', 'refused', 'off']),
  reason: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()),
  finding: phrase.optional(),
});
const explanation = z.looseObject({
  lane: z.string(),
  at: ms,
  decision: z.looseObject({ admitted: z.boolean(), reason: z.string() }),
  before: z.array(ruleReport),
  candidates: z.array(
    z.strictObject({
      ticket: z.looseObject({ barcode: z.string(), state: z.string() }),
      usage: z.looseObject({ entries: z.number(), exits: z.number(), inside: z.boolean() }),
      chosen: z.boolean(),
      why: phrase,
      rules: z.array(ruleReport),
    }),
  ),
  finding: phrase.optional(),
  nearest: phrase.optional(),
  notices: z.array(phrase),
  words: z.array(z.string()),
  localTime: z.string(),
  timeZone: z.string(),
});
const flow = { entries: z.number(), exits: z.number(), refused: z.number() };
const where = z.enum(['configuration', 'page']).nullable();

export const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...PLATFORM_SCHEMAS,
  Explanation: explanation,
  Look: explanation.extend({ checkId: z.string() }),
  Decision: z.looseObject({ lane: z.string(), at: ms, admitted: z.boolean(), reason: z.string(), message: z.string() }),
  GivenBack: z.strictObject({ barcode: z.string(), movement: z.looseObject({}), checkId: z.string() }),
  Blocked: z.strictObject({ barcodes: z.array(z.string()) }),
  Programme: z.array(
    z.strictObject({
      lane: z.string(),
      by: z.enum(['configuration', 'programme', 'choice']),
      performances: z.array(z.string()).nullable(),
    }),
  ),
  Status: z.looseObject({
    gate: z.string(),
    version: z.string(),
    at: ms,
    startedAt: ms,
    health: z.enum(['ok', 'degraded', 'down']),
    conditions: z.array(condition),
    lanes: z.array(lane),
    journal: z.looseObject({ lastSeq: z.number(), waiting: z.number(), failure: z.string().nullable() }),
    sync: z.looseObject({}).nullable(),
    memory: z.number(),
  }),
  Vitals: z.strictObject({
    id: z.string(),
    name: z.string(),
    timeZone: z.string(),
    language: z.string(),
    vitals: z.strictObject({
      disk: z.strictObject({ free: z.number(), total: z.number() }).nullable(),
      memory: z.strictObject({ available: z.number(), total: z.number(), process: z.number() }),
      temperature: z.number().nullable(),
      uptime: z.strictObject({ machine: z.number(), process: z.number() }),
      load: z.number(),
      loopDelay: z.number(),
      underVoltage: z.enum(['now', 'before', 'never']).nullable(),
      clock: z.strictObject({
        source: z.enum(['synchronised', 'free-running', 'unknown']),
        maxError: z.number().nullable(),
        offset: z.number().nullable(),
        jumps: z.number(),
      }),
      node: z.string(),
      machine: z.string(),
    }),
    on: z
      .array(
        z.strictObject({
          lane: z.string(),
          by: z.enum(['configuration', 'programme', 'choice']),
          performances: z.array(z.strictObject({ code: z.string(), name: z.string().nullable() })).nullable(),
        }),
      )
      .describe('What each lane admits now.'),
    venue: z
      .looseObject({ role: z.enum(['gate', 'hub']) })
      .nullable()
      .describe('As of /venue; null: it stands alone.'),
    counts: z.looseObject({ inside: z.number() }).nullable().describe('As of /venue/counts, at the hub.'),
    extra: z.array(
      z.strictObject({
        title: z.string(),
        lines: z.array(
          z.strictObject({ label: z.string(), value: z.string(), state: z.enum(['ok', 'warn', 'bad', 'info']) }),
        ),
      }),
    ),
    wire: z.record(z.string(), z.strictObject({ in: z.number(), out: z.number() })),
  }),
  Recent: z.array(
    z.strictObject({
      event: z.enum(['decision', 'incident', 'outcome']),
      data: z.looseObject({ lane: z.string(), at: ms }),
    }),
  ),
  Trends: z.strictObject({
    keptMinutes: z.number(),
    minutes: z.array(
      z.strictObject({
        at: ms,
        passages: z.number(),
        admitted: z.number(),
        refused: z.number(),
        reasons: z.record(z.string(), z.number()),
        decision: z.strictObject({ p50: z.number(), p95: z.number(), max: z.number() }).nullable(),
        readers: z.record(z.string(), z.strictObject({ codes: z.number(), noise: z.number() })),
      }),
    ),
  }),
  Journal: z.array(z.looseObject({ seq: z.number(), at: ms, kind: z.string() })),
  Verification: z.looseObject({
    ok: z.boolean(),
    records: z.number(),
    first: z.number(),
    head: z.strictObject({ seq: z.number(), hash: z.string() }),
    unchained: z.number().describe('Records of before the chain.'),
    tickets: z.number(),
    problems: z.array(z.string()),
    remarks: z.array(z.string()).describe('What is missing and was said to be.'),
  }),
  Ticket: z.looseObject({
    code: z.string(),
    via: z.enum(['ticket', 'container', 'none']),
    decisions: z.array(z.unknown()),
  }),
  Session: z.strictObject({
    gate: z.strictObject({ id: z.string(), name: z.string(), timeZone: z.string(), language: z.string() }),
    session: z
      .strictObject({
        name: z.string(),
        role: z.enum(['viewer', 'steward', 'technician']),
        csrf: z.string().describe('Goes into the header `x-csrf-token` of everything but GET.'),
        mustSetPin: z.boolean().describe('Came in with the one-time PIN: the first thing is a PIN of one’s own.'),
      })
      .nullable(),
  }),
  Done: z.strictObject({ ok: z.boolean(), error: z.string().optional() }),
  Trace: z.array(
    z.strictObject({
      device: z.string(),
      at: ms,
      way: z.enum(['in', 'out']),
      hex: z.string().optional(),
      text: z.string().optional(),
      more: z.number().optional(),
    }),
  ),
  SelfTest: selfTest,
  GuidedReport: guided,
  GuidedReports: z.array(guided),
  Logs: z.array(z.string()).describe('JSON lines'),
  OpenApi: z.looseObject({ openapi: z.string() }),
  Access: z.strictObject({
    addresses: z.array(z.string()),
    troubles: z.array(z.string()),
    fingerprint: z.string().nullable(),
    roles: z.strictObject({ viewer: where, steward: where, technician: where }),
    open: z.array(z.strictObject({ name: z.string(), role: z.string() })),
  }),
  Venue: z.looseObject({ role: z.enum(['standalone', 'gate', 'hub', 'standby']) }),
  Conflicts: z.array(z.looseObject({ n: z.number(), code: z.string(), slot: z.string() })),
  Taken: z.strictObject({ inOrder: z.boolean().describe('It has everything the hub before it had.') }),
  VenueCounts: z
    .strictObject({
      day: z.string(),
      since: ms,
      inside: z.number(),
      ...flow,
      sectors: z.array(
        z.strictObject({ sector: z.string(), inside: z.number(), entries: z.number(), exits: z.number() }),
      ),
      gates: z.array(z.strictObject({ gate: z.string(), ...flow })),
      minutes: z.array(z.strictObject({ at: ms, ...flow })),
    })
    .nullable()
    .describe('Null: this is no hub.'),
  OneTimePin: z.strictObject({ pin: z.string(), addresses: z.array(z.string()) }),
};
