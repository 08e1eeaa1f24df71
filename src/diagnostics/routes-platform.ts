import { z } from 'zod';
import type { RouteDoc } from './route-doc.js';
import { route } from './route-doc.js';

/** The routes of `api-platform.ts`. What costs calls of SecuTix's allowance is asked on the socket only. */
export const PLATFORM_ROUTES: readonly RouteDoc[] = [
  route(
    'GET',
    '/catalogue',
    'viewer',
    'Seasons, products and performances with their times, as fetched last.',
    'Catalogue',
  ),
  route('POST', '/catalogue', null, 'Fetches the catalogue from SecuTix.', 'Catalogue'),
  route('GET', '/ticket/:code/remote', null, "SecuTix's own view of a ticket: state and history.", 'History'),
  route('GET', '/journal/refused', null, 'Checks that SecuTix refused, whole, with its words.', 'Refused', {
    query: { after: 'a sequence number: from there on; at most 1,000 come' },
  }),
  route('POST', '/list/import', null, 'Takes a list file of SecuTix in, whole or not at all.', 'Import', {
    query: {
      kind: 'white or black',
      skipBad: 'true: good lines although others are bad',
      replace: 'true: black list anew',
    },
    body: 'text',
  }),
  route('GET', '/list/export', null, 'The list as a file of SecuTix.', 'file', { query: { kind: 'white or black' } }),
  route('POST', '/list/resync', null, 'Reads the whole list anew beside the running one and swaps it in.', 'Resync'),
  route('POST', '/list/verify', null, 'Reads the whole list anew and compares; changes nothing.', 'Resync'),
];

const ms = z.number().describe('UTC milliseconds');
const codes = z.array(z.looseObject({ code: z.string() }));
const counts = z.looseObject({ new: z.number(), changed: z.number(), vanished: z.number() });

export const PLATFORM_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  Catalogue: z.looseObject({ at: ms, seasons: codes, products: codes, performances: codes }),
  History: z.looseObject({ barcode: z.string(), state: z.string().nullable(), operations: z.array(z.unknown()) }),
  Refused: z.array(z.looseObject({ seq: z.number(), checkId: z.string(), at: ms })),
  Import: z.looseObject({ applied: z.boolean(), good: z.number(), bad: z.number(), badLines: z.array(z.unknown()) }),
  Resync: counts.extend({ purpose: z.string(), at: ms, pages: z.number(), swapped: z.boolean() }),
};
