import { z } from 'zod';
import { durationSchema as duration } from '../../drivers/contract-options.js';
import { text } from './scalars.js';

const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):\d{1,5}$/)
  .meta({ allowed: 'address:port, [IPv6 address]:port or interface:port, such as 0.0.0.0:8080 or eth1:8080' });

const pin = (role: string, may: string) =>
  text('at least 6 characters, or what `portillon access hash` prints')
    .min(6)
    .optional()
    .meta({ secret: true, example: '${PORTILLON_PIN}' })
    .describe(`PIN or token of the ${role}: ${may}. Left out: set on the page.`);

/** The technician's page. */
export const diagnosticsSchema = z
  .strictObject({
    listen: z
      .array(listen)
      .default(['127.0.0.1:8080'])
      .describe('Where the page is served; only this machine by default, `[]` serves none.'),
    names: z
      .array(text())
      .default([])
      .describe("Names people reach the page by, beside its addresses and the machine's own name."),
    tls: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe('auto: encrypted everywhere but on this machine, with `certificate` or one made by the gate.'),
    certificate: text().optional().describe('File with the certificate chain (PEM); left out: the gate makes its own.'),
    key: text().optional().describe("File with the certificate's private key (PEM)."),
    session: duration('5m', '24h').default(43_200_000).describe('A login ends after this time.'),
    idle: duration('1m', '24h').default(1_800_000).describe('A login that is not used ends after this time.'),
    metrics: z
      .array(listen)
      .default([])
      .describe(
        'Where `/metrics` is served beside, in plain HTTP and without a login; `[]`: only on the page, with the PIN of a viewer as bearer token.',
      ),
    pins: z
      .strictObject({
        viewer: pin('viewer', 'looks'),
        steward: pin('steward', 'looks, and helps people through'),
        technician: pin('technician', 'everything'),
      })
      .prefault({})
      .describe('Who may come in.'),
  })
  .prefault({})
  .describe("The technician's page.");
