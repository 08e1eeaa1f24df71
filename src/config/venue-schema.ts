import { z } from 'zod';
import { durationSchema as duration } from '../../drivers/contract-options.js';
import { gateId, text } from './scalars.js';

const policy = () =>
  z
    .enum(['refuse', 'home-only', 'budget'])
    .describe(
      "What happens when the hub does not answer in time: refuse = nobody is admitted; home-only = only tickets of this gate's home group; budget = at most `budget` admissions at a risk.",
    );
const budget = () =>
  z
    .int()
    .min(0)
    .max(100_000)
    .describe('Risk admissions of this gate while it is cut off, at most; for the policy budget.');

const exception = z.strictObject({
  lane: text().optional().describe('For this lane only.'),
  product: text().optional().describe('For tickets of this product only.'),
  policy: policy(),
  budget: budget().default(0),
});

const brokerUrl = z
  .string()
  .refine((value) => /^mqtts?:\/\/[^\s/]+$/.test(value))
  .meta({ allowed: 'mqtt://host:port or mqtts://host:port' });

const broker = z.strictObject({
  url: brokerUrl.describe('Address of the MQTT 5 broker; mqtts:// is TLS.'),
  username: text().optional().describe("Who signs in at the broker; left out: the gate's id."),
  password: text().optional().meta({ secret: true, example: '${BROKER_PASSWORD}' }).describe('Password at the broker.'),
  passwordFile: text().optional().describe('File that holds the password at the broker.'),
  ca: text().optional().describe("File with the certificate authority of the broker's certificate (PEM)."),
  cert: text().optional().describe("File with this gate's certificate (PEM), where the broker asks for one."),
  key: text().optional().describe("File with the key of this gate's certificate (PEM)."),
});

const commander = z.strictObject({
  name: text().describe('Who gives these commands; it goes into the journal.'),
  key: text().describe('Public key of the commander, as `portillon venue keygen` prints it.'),
  may: z
    .array(z.enum(['mode', 'sync', 'selftest', 'pulse', 'log-level', 'give-back', 'force']))
    .default([])
    .describe('Commands this person may give.'),
});

/** Many gates as one. */
export const venueSchema = z.strictObject({
  role: z
    .enum(['standalone', 'gate', 'hub', 'standby'])
    .default('standalone')
    .describe(
      "standalone = talks to SecuTix itself; hub = the venue's one SecuTix client; gate = follows the hub; standby = follows what the hub counts and takes over on a person's word.",
    ),
  id: gateId.default('venue').describe('Name of the venue; the same at its hub and all its gates.'),
  broker: broker.optional().describe('The MQTT 5 broker between hub and gates.'),
  secret: text()
    .optional()
    .meta({ secret: true, example: '${VENUE_SECRET}' })
    .describe(
      "At the hub: the venue's secret, at least 32 characters. At a gate: the gate's own key, which `portillon venue key GATE` makes from it.",
    ),
  secretFile: text().optional().describe('File that holds it instead.'),
  claim: z
    .strictObject({
      deadline: duration('20ms', '5s').default(150).describe('A lane waits this long for the hub, at most.'),
      policy: policy().default('refuse'),
      budget: budget().default(10),
      rights: z
        .int()
        .min(0)
        .max(100)
        .default(2)
        .describe(
          'Entries of one multi-entry ticket this gate holds in advance, at most: it admits on them when it is cut off, and no quota is exceeded.',
        ),
      exceptions: z
        .array(exception)
        .default([])
        .describe('Other policies by lane or product; the first that fits counts.'),
    })
    .prefault({})
    .describe('Counting an admission at the hub before the barrier opens.'),
  home: z.array(text()).default([]).describe('Entrances whose tickets are at home at this gate (home-only).'),
  gates: z
    .array(gateId)
    .default([])
    .describe('Hub: the gates of the venue. One that lost its memory counts nothing until all of them have reported.'),
  listLog: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('Hub: list changes kept for gates that come back, in pages.'),
  commanders: z.array(commander).default([]).describe('Whose signed commands this gate obeys.'),
});
