import { z } from 'zod';
import { text } from './scalars.js';

/** Days. */
const days = (fallback: number) => z.int().min(1).max(36_500).default(fallback);

export const storeSchema = z.strictObject({
  protect: z
    .boolean()
    .default(true)
    .describe('Codes on the disk are hidden, when there is a `secret`: without it a stolen box gives no ticket away.'),
  secret: z
    .string()
    .min(32, { error: 'expected a text of at least 32 characters' })
    .optional()
    .meta({ secret: true })
    .describe('Key of the data on the disk, at least 32 characters (`portillon store new-key` makes one).'),
  secretFile: text()
    .optional()
    .meta({ example: '/run/secrets/portillon-store' })
    .describe('File that holds this key. Left out: the systemd credential `portillon-store`, if there is one.'),
  keepChecks: days(400).describe(
    'Days a check is kept here after SecuTix has acknowledged it; a nearly full disk takes the oldest of them earlier.',
  ),
  keepTickets: days(400).describe(
    'Days a ticket stays in the list after it has ended: its validity and its performance; a ticket for a season with its last performance.',
  ),
  keepUsage: days(800).describe(
    'Days after which what is known of the use of a ticket is forgotten; longer than any season, and than `keepTickets`.',
  ),
  warnFree: z
    .int()
    .min(64)
    .max(1_000_000)
    .default(256)
    .describe('Megabytes free on the volume of `data` below which the gate says so.'),
});

export type StoreSettings = Omit<z.output<typeof storeSchema>, 'secret' | 'secretFile'> & {
  /** Undefined = nothing is sealed. */
  secret?: string | undefined;
};
