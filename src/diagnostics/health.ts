import type { SyncStatus } from '../sync/messages.js';
import type { Condition, LaneReport } from './read-model.js';

/** What is wrong, worst first. Degraded is not dead: SecuTix being away never makes a gate "down". */
export function conditionsOf(parts: {
  lanes: readonly LaneReport[];
  journalFailure: string | null;
  sync: SyncStatus | null;
  now: number;
  pullEvery: number;
}): Condition[] {
  const { lanes, journalFailure, sync, now, pullEvery } = parts;
  const conditions: Condition[] = [];
  const add = (severity: Condition['severity'], what: string, remedy: string): unknown =>
    conditions.push({ severity, what, remedy });
  if (journalFailure !== null)
    add('down', journalFailure, 'nobody is admitted until the journal can be written; it is tried every few seconds');
  for (const lane of lanes) {
    if (lane.mode === 'emergency')
      add(
        'degraded',
        `${lane.id}: emergency (${lane.active.join(', ')}): everything is released, nothing is decided`,
        'it ends when the input is at rest',
      );
    else if (lane.mode !== 'controlled')
      add(
        'degraded',
        `${lane.id} is ${lane.mode}`,
        `\`portillon lane mode ${lane.id} controlled\` takes it back into service`,
      );
    for (const { role, status } of lane.devices) {
      if (status.state === 'ready' || status.state === 'starting') continue;
      // A lane with another reader left still admits.
      const others =
        role.startsWith('reader') && lane.devices.some((d) => d.role.startsWith('reader') && isServing(d.status));
      const severity = status.state === 'degraded' || role === 'indicator' || others ? 'degraded' : 'down';
      add(
        severity,
        `${lane.id} ${role}: ${status.reason ?? status.state}`,
        'check cable, power and `path`; it is reopened by itself',
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
      );
    else if (now - oldest > 3 * pullEvery) {
      add(
        'degraded',
        `the ticket list is ${Math.round((now - oldest) / 60_000)} minutes old`,
        'check the network to SecuTix',
      );
    }
    if (sync.pull.lastError)
      add('degraded', `pull: ${sync.pull.lastError}`, 'tried again by itself; `portillon sync` tries now');
    if (sync.push.lastError) add('degraded', `push: ${sync.push.lastError}`, 'no check is lost; tried again by itself');
    if (sync.push.rejected > 0)
      add(
        'degraded',
        `SecuTix refused ${sync.push.rejected} check(s)`,
        'see `portillon status --json`, sync.push.lastRejected',
      );
    if (sync.pull.setAside > 0)
      add(
        'degraded',
        `${sync.pull.setAside} line(s) of the list could not be read`,
        'they admit nobody; tell the ticketing staff',
      );
    const skew = sync.secutix.skewMs;
    if (skew !== null && Math.abs(skew) > 2_000) {
      add('degraded', `this gate's clock differs from SecuTix's by ${(skew / 1000).toFixed(1)} s`, 'check NTP');
    }
  } else add('degraded', 'the sync thread has not reported yet', 'wait a few seconds');
  return conditions.sort((a, b) => (a.severity === b.severity ? 0 : a.severity === 'down' ? -1 : 1));
}

const isServing = ({ state }: { state: string }): boolean => state === 'ready' || state === 'degraded';

export function healthOf(conditions: readonly Condition[]): 'ok' | 'degraded' | 'down' {
  if (conditions.some((c) => c.severity === 'down')) return 'down';
  return conditions.length > 0 ? 'degraded' : 'ok';
}
