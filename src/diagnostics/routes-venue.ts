import { route } from './route-doc.js';
import type { RouteDoc } from './route-doc.js';

export const VENUE_ROUTES: readonly RouteDoc[] = [
  route(
    'GET',
    '/metrics',
    'viewer',
    'For Prometheus; the page serves it at its root too (docs/metrics.md).',
    'metrics',
  ),
  route('GET', '/venue', 'viewer', 'The venue as this gate knows it: link, risk, gates, lists.', 'Venue'),
  route(
    'GET',
    '/venue/conflicts',
    'viewer',
    'At the hub: double admissions with both checks, newest first.',
    'Conflicts',
  ),
  route(
    'GET',
    '/venue/counts',
    'viewer',
    'At the hub: people inside now, by sector, by gate and by minute.',
    'VenueCounts',
  ),
  route('POST', '/venue/takeover', null, 'A standby becomes the hub of the venue; its process starts anew.', 'Taken'),
  route('POST', '/venue/handback', null, 'The standby of this hub becomes the hub.', null),
  route(
    'POST',
    '/venue/trust',
    null,
    'A hub that has forgotten something counts again without the missing gates.',
    null,
  ),
];
