import { route } from './route-doc.js';
import type { RouteDoc } from './route-doc.js';
import { PLATFORM_ROUTES } from './routes-platform.js';
import { VENUE_ROUTES } from './routes-venue.js';

export type { RouteDoc } from './route-doc.js';

/**
 * Every route of the API in one place: what it does, who may call it over the page, what it takes. The page's guard reads it (a route that is not
 * here cannot be reached over the page), `openapi.ts` makes the documentation of it, and a test compares it with the routes there are.
 */
const LANE = 'name of the lane';
const WHO = 'on the socket: who asks; over the page whoever logged in';
export const ROUTES: readonly RouteDoc[] = [
  route('GET', '/status', 'viewer', 'Health with causes and remedies, lanes, devices, list, queue.', 'Status'),
  route(
    'GET',
    '/vitals',
    'viewer',
    'The machine: disk, memory, temperature, clock; facts of venue and fleet.',
    'Vitals',
  ),
  route('GET', '/recent', 'viewer', 'What happened last, codes masked, oldest first.', 'Recent'),
  route('GET', '/trends', 'viewer', 'What happened minute by minute over the last hours.', 'Trends'),
  route(
    'GET',
    '/events',
    'viewer',
    'Decisions, incidents, outcomes as they come; the status every two seconds.',
    'stream',
    {
      query: { reads: 'set: whole reads too, for a technician' },
    },
  ),
  route('GET', '/journal', 'viewer', 'The last checks and events; over the page codes are masked.', 'Journal', {
    query: { limit: '1 to 10000, default 50', after: 'a sequence number: from there on' },
  }),
  route(
    'GET',
    '/journal/verify',
    'technician',
    'Proves that no record was removed, changed or put in.',
    'Verification',
    {
      query: { seq: 'of a head that was noted down', hash: 'of that head' },
    },
  ),
  route(
    'GET',
    '/ticket/:code',
    'steward',
    'What the gate knows of a code and what each lane would say; uses nothing up.',
    'Ticket',
  ),
  route('POST', '/sync', 'technician', 'Fetch the list and deliver checks now, within the limits of SecuTix.', 'Done', {
    query: { what: 'all, pull or push' },
  }),
  route('POST', '/lanes/:lane/mode', 'steward', 'Sets the mode of a lane; journalled.', null, {
    dangerous: true,
    body: { mode: 'controlled, free or closed', who: WHO, why: 'optional' },
  }),
  route('POST', '/lanes/:lane/pulse', 'technician', 'Lets one person through without a ticket; journalled.', null, {
    dangerous: true,
    body: { who: WHO },
  }),
  route('POST', '/lanes/:lane/show', 'technician', 'Plays a pattern on the indicator of a lane.', null, {
    body: { pattern: 'ready, admit, attend, refuse, wait, fault, closed or free' },
  }),
  route(
    'POST',
    '/lanes/:lane/test',
    'technician',
    'Holds a lane for a test: reads are shown, nothing is decided.',
    null,
    {
      dangerous: true,
      body: { seconds: '1 to 60; 0 ends it', who: WHO },
    },
  ),
  route('GET', '/lanes/:lane/trace', 'technician', 'Bytes and line changes of a lane as they come.', 'stream'),
  route(
    'GET',
    '/lanes/:lane/devices/:role/trace',
    'technician',
    "The last of what went over a device's wire.",
    'Trace',
  ),
  route('POST', '/lanes/:lane/readers/:reader/present', 'technician', 'Hands a code to a virtual reader.', null, {
    body: 'text',
  }),
  route('POST', '/lanes/:lane/pass', 'technician', 'Somebody walks through a virtual barrier.', null, {
    query: { direction: 'entry or exit' },
  }),
  route(
    'POST',
    '/selftest',
    'technician',
    'Asks every device; lamps and beepers are tried, no barrier opens.',
    'SelfTest',
    {
      query: { lane: `${LANE}; left out: all` },
    },
  ),
  route('POST', '/selftest/report', 'technician', 'Keeps the report of a guided self-test.', 'GuidedReport', {
    body: { steps: 'list of lane, name, result, detail, ms', devices: 'answer of /selftest', who: WHO },
  }),
  route('GET', '/selftest/reports', 'viewer', 'The last guided self-tests.', 'GuidedReports'),
  route('GET', '/logs', 'technician', 'The last lines of the log.', 'Logs', {
    query: {
      limit: '1 to 2000, default 200',
      level: 'debug, info, warn or error',
      follow: 'set: a stream of what comes',
    },
  }),
  route(
    'GET',
    '/bundle',
    'technician',
    'Everything support needs in one file; no secret and no whole code in it.',
    'file',
  ),
  route(
    'GET',
    '/decide',
    'steward',
    'What a lane would say to a code, with every rule and what would help.',
    'Explanation',
    {
      query: {
        code: 'barcode or card ID',
        lane: LANE,
        at: 'a time with its offset; left out: now',
        language: 'of the sentences',
      },
    },
  ),
  route('GET', '/programme', 'viewer', 'Which performances each lane admits now, and by what.', 'Programme'),
  route('POST', '/lanes/:lane/performances', 'technician', 'Chooses what a lane admits; journalled.', null, {
    dangerous: true,
    body: { performances: 'codes separated by commas; empty: by the configuration again', who: WHO, why: 'optional' },
  }),
  route('POST', '/steward/look', 'steward', 'Looks at a ticket without using it up; journalled and reported.', 'Look', {
    body: { code: 'barcode or card ID', lane: LANE, who: WHO, why: 'optional' },
  }),
  route('POST', '/steward/force', 'steward', 'Opens for the holder of a code whatever the rules say.', 'Decision', {
    dangerous: true,
    body: {
      code: 'barcode or card ID',
      lane: LANE,
      who: WHO,
      why: 'must be given',
      block: 'true: black-list it as well',
    },
  }),
  route('POST', '/steward/giveback', 'steward', 'Gives the newest entry of a code back.', 'GivenBack', {
    dangerous: true,
    body: { code: 'barcode or card ID', checkId: 'optional: that check', who: WHO, why: 'optional' },
  }),
  route('POST', '/steward/block', 'steward', "Puts a code on this gate's black list, or takes it off.", 'Blocked', {
    dangerous: true,
    body: { code: 'barcode or card ID', blocked: 'true or false', who: WHO, why: 'optional' },
  }),
  route('GET', '/openapi.json', 'viewer', 'This document.', 'OpenApi'),
  route('GET', '/access', 'technician', 'Where the page is, who has a PIN, who is logged in.', 'Access'),
  route(
    'POST',
    '/access/one-time-pin',
    null,
    'A new one-time PIN for a technician; ends the waiting after wrong PINs.',
    'OneTimePin',
  ),
  route(
    'POST',
    '/access/pins/:role',
    'technician',
    'Sets the PIN of a role; whoever came in with the old one is out.',
    null,
    {
      dangerous: true,
      body: { pin: 'at least 6 characters' },
    },
  ),
  ...PLATFORM_ROUTES,
  ...VENUE_ROUTES,
];

const LANE_PATHS = ROUTES.map((r) => ({
  route: r,
  pattern: new RegExp(`^${r.path.replaceAll(/:[a-z]+/g, '[^/]+')}$`),
}));

/** The route of a request, `path` without the page's `/api`. */
export function routeOf(method: string, path: string): RouteDoc | undefined {
  // A fixed path before one with a name in it.
  return (
    ROUTES.find((r) => r.method === method && r.path === path) ??
    LANE_PATHS.find(({ route: r, pattern }) => r.method === method && pattern.test(path))?.route
  );
}
