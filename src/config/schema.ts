import { z } from 'zod';
import { barrierOptionsSchema, indicatorOptionsSchema, readerOptionsSchema } from '../../drivers/registry.js';
import { durationSchema as duration } from '../../drivers/contract-options.js';
import { fleetSchema } from './fleet-schema.js';
import { laneRulesShape, programmeSchema, rulesSchema } from './rules-schema.js';
import { gateId, text, timeZone } from './scalars.js';
import { diagnosticsSchema } from './diagnostics-schema.js';
import { secutixSchema } from './secutix-schema.js';
import type { StoreSettings } from './store-schema.js';
import { storeSchema } from './store-schema.js';
import { venueSchema } from './venue-schema.js';

const admitted = (what: string) =>
  z.array(text()).optional().describe(`Codes of the ${what} admitted here; left out: any.`);

const lane = z.strictObject({
  id: gateId.describe('Name of the lane in logs and records; unique at this gate; never change it.'),
  name: text().optional().describe('Name of the lane for people; left out: its `id`.'),
  direction: z.enum(['entry', 'exit']).describe('Which way people walk through.'),
  admits: z
    .strictObject({
      products: admitted('products'),
      performances: admitted('performances').describe(
        'Codes of the performances admitted here; [auto]: those the programme has open now; left out: any.',
      ),
      entrances: admitted('entrances'),
    })
    .prefault({})
    .describe('What is admitted at this lane.'),
  ...laneRulesShape,
  debounce: duration('0s', '60s')
    .default(2000)
    .describe('The same code read again within this time is the same presentation, not a second one.'),
  grantExpiry: duration('100ms', '10s')
    .default(1000)
    .describe('An opening that has not reached the barrier after this time is dropped, so that it never opens late.'),
  passageTimeout: duration('1s', '60s')
    .default(5500)
    .describe(
      "With a pass contact: a grant that nobody used ends after this time; the turnstile's own wait plus 500ms.",
    ),
  tailgateWindow: duration('0s', '10s')
    .default(1000)
    .describe('With a pass contact: a second person within this time after a passage is reported as tailgating.'),
  otherDirection: z
    .enum(['free', 'controlled'])
    .default('free')
    .describe('Passages the other way: free counts them; controlled reports them as forced.'),
  burn: z
    .enum(['passage', 'grant'])
    .default('passage')
    .describe('With a pass contact: passage gives the ticket back when nobody went through; grant keeps it used.'),
  readers: z.array(readerOptionsSchema).min(1).describe('Where codes come from.'),
  barrier: barrierOptionsSchema.describe('What opens.'),
  indicator: indicatorOptionsSchema.optional().describe('What shows the result; left out: nothing.'),
});

/** The whole file. Rules across keys (unique ids, one secret) are in `checks.ts`: there they are reported beside the rest. */
export const configSchema = z.strictObject({
  gate: z
    .strictObject({
      id: gateId.describe('Name of the gate in logs, records and reports; never change it.'),
      name: text().describe('Name of the gate for people.'),
      timeZone: timeZone.describe('Time zone of the place, for times shown to people.'),
      language: z.enum(['en', 'fr', 'de', 'it', 'es']).default('en').describe('Language of displays.'),
    })
    .describe('This gate.'),
  data: text().default('./data').describe("Folder of the journal and the lists; relative to this file's folder."),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('What is logged.'),
    })
    .prefault({})
    .describe('Logging.'),
  secutix: secutixSchema.describe('The ticketing platform. A gate that follows a hub (`venue.role: gate`) has none.'),
  venue: venueSchema.prefault({}).describe('Many gates as one.'),
  store: storeSchema.prefault({}).describe('What is kept on the disk, and how.'),
  fleet: fleetSchema.prefault({}).describe('The machine around the gate.'),
  diagnostics: diagnosticsSchema,
  rules: rulesSchema.prefault({}).describe('What tickets allow, by product.'),
  programme: programmeSchema
    .default([])
    .describe('Performances with their times; what the catalogue says of the same code is overridden.'),
  lanes: z.array(lane).default([]).describe('The lanes of this gate; only a hub may have none.'),
});

type Parsed = z.output<typeof configSchema>;

/** The configuration in force: durations are milliseconds, paths are absolute, the secret is here whichever key gave it. */
export type GateConfig = Omit<Parsed, 'secutix' | 'store'> & {
  /** `ca` is what `caFile` holds. */
  secutix: Omit<Parsed['secutix'], 'secret'> & { secret: string; ca?: string };
  store: StoreSettings;
};
export type SecutixConfig = GateConfig['secutix'];
export type VenueConfig = GateConfig['venue'];
export type LaneConfig = GateConfig['lanes'][number];
