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
  pageSize: z.int().min(1).max(5000).default(5000).describe('Tickets per page of the list.'),
});

const push = z.strictObject({
  every: duration('1s', '10m').default(5000).describe('Time between two deliveries of checks.'),
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
});

const jwt = z.strictObject({
  unit: z.enum(['s', 'ms']).default('s').describe('Unit of the times inside the token: seconds or milliseconds.'),
  ttl: duration('1s', '1h').default(30_000).describe('How long a token is valid.'),
});

const report = z.strictObject({
  failureReasons: z
    .record(text(), text())
    .default({})
    .describe('Text that is reported to SecuTix for a reason of refusal, by reason.'),
});

export const secutixSchema = z.strictObject({
  url: serviceUrl.describe('Address of the external access control service, without the version.'),
  version: apiVersion.default('v1_6').describe('Version of the interface.'),
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
  scopes: z.array(scope).min(1).describe('What is fetched: one list of tickets per scope.'),
  pull: pull.prefault({}).describe('Fetching the ticket lists.'),
  push: push.prefault({}).describe('Delivering the checks.'),
  limits: limits.prefault({}).describe('What SecuTix allows.'),
  timeout: duration('1s', '5m').default(30_000).describe('How long one call may take.'),
  jwt: jwt.prefault({}).describe('The token of each call.'),
  report: report.prefault({}).describe('How checks are reported.'),
  aliases: z
    .record(text(), texts())
    .optional()
    .describe('Other names for the fields of an answer, by field, for institutions that rename them.'),
});
