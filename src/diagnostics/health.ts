import type { SyncStatus } from '../sync/messages.js';
import { platformConditions } from './health-platform.js';
import type { Condition, LaneReport } from './reports.js';

/** For how long refused checks are a matter of now; the checks stay. Milliseconds. */
const REFUSED_SHOWN = 86_400_000;

/** What is wrong, worst first. Degraded is not dead: SecuTix being away never makes a gate "down". */
export function conditionsOf(parts: {
  lanes: readonly LaneReport[];
  journalFailure: string | null;
  sync: SyncStatus | null;
  now: number;
  pullEvery: number;
  /** What other rooms have seen. */
  more?: readonly Condition[];
}): Condition[] {
  const { lanes, journalFailure, sync, now, pullEvery } = parts;
  const conditions: Condition[] = [];
  type More = Pick<Condition, 'kind' | 'lane' | 'facts'>;
  const add = (severity: Condition['severity'], what: string, remedy: string, more: More): unknown =>
    conditions.push({ severity, what, remedy, ...more });
  if (journalFailure !== null)
    add('down', journalFailure, 'nobody is admitted until the journal can be written; it is tried every few seconds', {
      kind: 'journal',
      facts: { error: journalFailure },
    });
  for (const lane of lanes) {
    if (lane.mode === 'emergency')
      add(
        'degraded',
        `${lane.id}: emergency (${lane.active.join(', ')}): everything is released, nothing is decided`,
        'it ends when the input is at rest',
        { kind: 'emergency', lane: lane.id, facts: { inputs: lane.active.join(', ') } },
      );
    else if (lane.mode !== 'controlled')
      add(
        'degraded',
        `${lane.id} is ${lane.mode}`,
        `\`portillon lane mode ${lane.id} controlled\` takes it back into service`,
        { kind: `mode-${lane.mode}`, lane: lane.id },
      );
    for (const { role, status } of lane.devices) {
      if (status.state === 'ready' || status.state === 'starting') continue;
      // A lane with another reader left still admits.
      const others =
        role.startsWith('reader') && lane.devices.some((d) => d.role.startsWith('reader') && isServing(d.status));
      const severity = status.state === 'degraded' || role === 'indicator' || others ? 'degraded' : 'down';
      const reason = status.reason ?? status.state;
      const wrongSpeed = reason.includes('no text');
      add(
        severity,
        `${lane.id} ${role}: ${reason}`,
        wrongSpeed
          ? "set `baudRate` to the device's speed (often 9600, 38400 or 115200: its manual says), or scan the maker's factory-default code"
          : status.state === 'degraded'
            ? 'the words above name what to check; the page shows the bytes as they come'
            : 'check cable, power and `path`; it is reopened by itself',
        {
          kind: wrongSpeed ? 'wrong-speed' : status.state === 'degraded' ? 'device-degraded' : 'device-away',
          lane: lane.id,
          facts: { role, reason },
        },
      );
    }
  }
  if (sync) {
    const never = sync.pull.scopes.some((s) => s.completeAt === null);
    const oldest = Math.min(...sync.pull.scopes.map((s) => s.completeAt ?? now));
    if (never)
      add(
        'degraded',
        'the first import of the ticket list is not complete',
        'unlisted tickets are refused until it is',
        { kind: 'import-incomplete' },
      );
    else if (now - oldest > 3 * pullEvery) {
      const minutes = Math.round((now - oldest) / 60_000);
      add('degraded', `the ticket list is ${minutes} minutes old`, 'check the network to SecuTix', {
        kind: 'list-old',
        facts: { minutes },
      });
    }
    if (sync.pull.lastError)
      add('degraded', `pull: ${sync.pull.lastError}`, 'tried again by itself; `portillon sync` tries now', {
        kind: 'pull-error',
        facts: { error: sync.pull.lastError },
      });
    if (sync.push.lastError)
      add('degraded', `push: ${sync.push.lastError}`, 'no check is lost; tried again by itself', {
        kind: 'push-error',
        facts: { error: sync.push.lastError },
      });
    const lastRefused = sync.push.lastRejected[0]?.at ?? 0;
    if (sync.push.rejected > 0 && now - lastRefused < REFUSED_SHOWN)
      add(
        'degraded',
        `SecuTix refused ${sync.push.rejected} check(s)`,
        '`portillon journal refused` lists them with what SecuTix said; they are kept for ever, this is shown for a day',
        { kind: 'rejected', facts: { count: sync.push.rejected } },
      );
    if (sync.pull.setAside > 0)
      add(
        'degraded',
        `${sync.pull.setAside} line(s) of the list could not be read`,
        'they admit nobody; tell the ticketing staff',
        { kind: 'set-aside', facts: { count: sync.pull.setAside } },
      );
    conditions.push(...platformConditions(sync));
    const skew = sync.secutix.skewMs;
    if (skew !== null && Math.abs(skew) > 2_000) {
      const seconds = (skew / 1000).toFixed(1);
      add('degraded', `this gate's clock differs from SecuTix's by ${seconds} s`, 'check NTP', {
        kind: 'skew',
        facts: { seconds },
      });
    }
  } else add('degraded', 'the sync thread has not reported yet', 'wait a few seconds', { kind: 'sync-silent' });
  conditions.push(...(parts.more ?? []));
  return conditions.sort((a, b) => (a.severity === b.severity ? 0 : a.severity === 'down' ? -1 : 1));
}

const isServing = ({ state }: { state: string }): boolean => state === 'ready' || state === 'degraded';

export function healthOf(conditions: readonly Condition[]): 'ok' | 'degraded' | 'down' {
  if (conditions.some((c) => c.severity === 'down')) return 'down';
  return conditions.length > 0 ? 'degraded' : 'ok';
}
