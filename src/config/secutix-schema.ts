import { z } from 'zod';
import { durationSchema as duration } from '../../drivers/contract-options.js';
import { apiVersion, serviceUrl, text } from './scalars.js';

const texts = () => z.array(text());

const scope = z.strictObject({
  season: text().describe('Code of the season whose tickets are fetched.'),
  products: texts().default([]).describe('Codes of the products; an empty list means all of the season.'),
  performances: texts().default([]).describe('Codes of the performances; an empty list means all of the products.'),
  listType: z
    .enum(['GREY', 'WHITE', 'BLACK'])
    .default('GREY')
    .describe(
      'Which list SecuTix sends: GREY = all tickets with their state, WHITE = valid ones, BLACK = cancelled ones.',
    ),
  ticketType: z
    .enum(['ALL', 'THIRD_PARTY'])
    .default('ALL')
    .describe('ALL = every ticket, THIRD_PARTY = only those sold by third parties.'),
});

const pull = z.strictObject({
  every: duration('1m', '24h').default(3_600_000).describe('Time between two fetches of the ticket list.'),
  duringEvent: duration('1m', '1h')
    .default(60_000)
    .describe('The same while people are admitted, by the times of the catalogue.'),
  eventBefore: duration('0s', '24h')
    .default(7_200_000)
    .describe('An event begins this long before its start, or before its doors open where the catalogue says when.'),
  eventAfter: duration('0s', '24h').default(3_600_000).describe('An event ends this long after its start.'),
  pageSize: z.int().min(1).max(5000).default(5000).describe('Tickets per page of the list.'),
});

const push = z.strictObject({
  every: duration('1s', '10m').default(60_000).describe('Time between two deliveries of checks.'),
  batch: z.int().min(1).max(1000).default(500).describe('Checks per delivery, at most.'),
});

const limits = z.strictObject({
  callsPerMinute: z
    .int()
    .min(0)
    .max(180)
    .default(60)
    .describe('Calls to SecuTix per minute, at most. 0 switches the limit off, for tests only.'),
  exportEvery: duration('0s', '1h')
    .default(60_000)
    .describe('Time between the starts of two runs of the export of one scope, at least.'),
  callsPerMonth: z
    .int()
    .min(0)
    .default(10_000)
    .describe('Calls per calendar month that the contract allows; from 80 % on the gate warns. 0 = not watched.'),
  megabytesPerMonth: z
    .int()
    .min(0)
    .default(1000)
    .describe(
      'Volume per calendar month that the contract allows, megabytes; from 80 % on the gate warns. 0 = not watched.',
    ),
});

const catalogue = z.strictObject({
  every: duration('10m', '168h')
    .default(43_200_000)
    .describe('Time between two fetches of the catalogue: seasons, products, performances with their times.'),
});

const barcode = z.strictObject({
  dropFirst: z
    .int()
    .min(0)
    .max(40)
    .default(0)
    .describe(
      'Tickets whose print leaves out this many characters at the beginning of the code (SecuTix: 14) are found as well, where exactly one ticket ends like that. 0 = whole codes only.',
    ),
});

const methods = z.strictObject({
  catalogue: text().optional().describe('Name of the catalogue call; left out: both names of the texts are tried.'),
  importChecks: text().optional().describe('Name of the call that delivers checks; left out: both names are tried.'),
});

const jwt = z.strictObject({
  unit: z.enum(['s', 'ms']).default('s').describe('Unit of the times inside the token: seconds or milliseconds.'),
  ttl: duration('1s', '1h').default(30_000).describe('How long a token is valid.'),
});

const row = z.strictObject({
  online: text().default('FAIL').describe('`controlResult` of a check decided while SecuTix was in reach.'),
  offline: text().default('OFFLINE_FAIL').describe('`controlResult` of a check decided while it was not.'),
  failureReason: text().optional().describe('`failureReason`; left out: not sent.'),
});

const report = z.strictObject({
  results: z
    .record(text(), row)
    .default({})
    .describe(
      'What SecuTix is told, by reason of the decision (`admitted`, `cancelled`, ...; `not-passed` = admitted, but nobody went through; `*` = every other refusal).',
    ),
  failureReasons: z
    .record(text(), text())
    .default({})
    .describe('Short form of `results`: only the `failureReason`, by reason of refusal.'),
  offlineAfter: duration('1m', '24h')
    .default(300_000)
    .describe('A check counts as offline when SecuTix has not answered for this long.'),
  offline: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe('auto = checks are reported as online or offline; never = always as online.'),
});

export const secutixSchema = z.strictObject({
  url: serviceUrl.describe('Address of the external access control service, without the version.'),
  version: apiVersion.default('v1_6').describe('Version of the interface.'),
  transport: z
    .enum(['rest', 'soap'])
    .default('rest')
    .describe(
      'How calls travel: rest = JSON, what SecuTix recommends; soap = XML, where an institution allows nothing else.',
    ),
  soapNamespace: text()
    .optional()
    .describe("Namespace of the SOAP service, where its WSDL differs from SecuTix's usual pattern."),
  institution: text().describe('Code of the institution.'),
  operator: text().describe('Code of the operator that signs in.'),
  partner: text().describe('Code of the partner, as SecuTix knows this access control.'),
  secret: text()
    .optional()
    .meta({ secret: true, example: '${SECUTIX_SECRET}' })
    .describe('Shared secret that signs the calls. Exactly one of `secret` and `secretFile`.'),
  secretFile: text()
    .optional()
    .meta({ example: '/run/secrets/secutix' })
    .describe('File that holds the shared secret; spaces and line ends around it are dropped.'),
  caFile: text()
    .optional()
    .describe(
      'PEM file of a certificate authority that is trusted beside the public ones: of a proxy on the way, or of the simulator.',
    ),
  scopes: z.array(scope).min(1).describe('What is fetched: one list of tickets per scope.'),
  pull: pull.prefault({}).describe('Fetching the ticket lists.'),
  push: push.prefault({}).describe('Delivering the checks.'),
  limits: limits.prefault({}).describe('What SecuTix allows.'),
  timeout: duration('1s', '5m').default(30_000).describe('How long one call may take.'),
  jwt: jwt.prefault({}).describe('The token of each call.'),
  catalogue: catalogue.prefault({}).describe('The catalogue of what takes place.'),
  barcode: barcode.prefault({}).describe('Codes as printed.'),
  methods: methods.prefault({}).describe('Names of calls that are spelt in two ways.'),
  report: report.prefault({}).describe('How checks are reported.'),
  aliases: z
    .record(text(), texts())
    .optional()
    .describe('Other names for the fields of an answer, by field, for institutions that rename them.'),
});
