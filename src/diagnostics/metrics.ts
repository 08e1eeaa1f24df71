import { VERSION } from '../version.js';
import type { Family, Sample } from './exposition.js';
import { exposition } from './exposition.js';
import type { ReadModel } from './read-model.js';
import type { Histogram, LaneTally } from './tally.js';
import type { StatusReport } from './reports.js';
import type { VenueCounts, VenueReport } from './venue-model.js';
import type { Vitals } from './vitals.js';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Facts {
  status: StatusReport;
  vitals: Vitals;
  lanes: ReadonlyMap<string, LaneTally>;
  venue: VenueReport | undefined;
  counts: VenueCounts | undefined;
}

type Metric = Family & { read: (facts: Facts) => readonly Sample[] };

const one = (value: number | null | undefined, labels?: Record<string, string>): Sample[] =>
  value === null || value === undefined ? [] : [{ value, ...(labels && { labels }) }];
const flag = (value: boolean): number => (value ? 1 : 0);
const metric = (
  name: string,
  type: Family['type'],
  help: string,
  read: Metric['read'],
  labels: readonly string[] = [],
): Metric => ({ name: `portillon_${name}`, type, help, labels, read });

function histogram(lanes: Facts['lanes'], pick: (lane: LaneTally) => Histogram): Sample[] {
  return [...lanes].flatMap(([lane, tally]) => {
    const h = pick(tally);
    return [
      ...h.buckets().map(({ le, count }) => ({ suffix: '_bucket', labels: { lane, le: String(le) }, value: count })),
      { suffix: '_bucket', labels: { lane, le: '+Inf' }, value: h.count },
      { suffix: '_sum', labels: { lane }, value: h.sum },
      { suffix: '_count', labels: { lane }, value: h.count },
    ];
  });
}

const gates = (f: Facts): NonNullable<VenueReport['hub']>['gates'] => f.venue?.hub?.gates ?? [];

/** Every metric of a gate and of a hub. `docs/metrics.md` is made of this. Counters begin at 0 with the process. */
export const METRICS: readonly Metric[] = [
  metric(
    'info',
    'gauge',
    'Always 1; which gate and which version this is.',
    (f) => one(1, { gate: f.status.gate, version: VERSION, role: f.venue?.role ?? 'standalone' }),
    ['gate', 'version', 'role'],
  ),
  metric('up_seconds', 'gauge', 'Seconds since the process began.', (f) =>
    one((f.status.at - f.status.startedAt) / 1000),
  ),
  metric('health', 'gauge', '0 = ok, 1 = degraded (the lanes go on), 2 = down (a lane cannot admit).', (f) =>
    one(['ok', 'degraded', 'down'].indexOf(f.status.health)),
  ),
  metric(
    'conditions',
    'gauge',
    'Things that are not as they should be.',
    (f) =>
      (['degraded', 'down'] as const).map((severity) => ({
        labels: { severity },
        value: f.status.conditions.filter((c) => c.severity === severity).length,
      })),
    ['severity'],
  ),
  metric(
    'decisions_total',
    'counter',
    'Decisions by lane, result (admitted, refused) and reason.',
    (f) =>
      [...f.lanes].flatMap(([lane, tally]) =>
        (['admitted', 'refused'] as const).flatMap((result) =>
          Object.entries(tally[result]).map(([reason, value]) => ({ labels: { lane, result, reason }, value })),
        ),
      ),
    ['lane', 'result', 'reason'],
  ),
  metric(
    'decision_seconds',
    'histogram',
    'From the read to the decision, without a claim at the hub.',
    (f) => histogram(f.lanes, (l) => l.decision),
    ['lane', 'le'],
  ),
  metric(
    'grant_seconds',
    'histogram',
    'From the read to the opening of the barrier, with claim and durable check.',
    (f) => histogram(f.lanes, (l) => l.grant),
    ['lane', 'le'],
  ),
  metric(
    'lane_events_total',
    'counter',
    'What a lane counts: reads, repeats, passed, forced, tailgating and others.',
    (f) =>
      f.status.lanes.flatMap(({ id, counters }) =>
        Object.entries(counters).map(([event, value]) => ({ labels: { lane: id, event }, value })),
      ),
    ['lane', 'event'],
  ),
  metric(
    'lane_mode',
    'gauge',
    '1 for the mode a lane is in.',
    (f) => f.status.lanes.map(({ id, mode }) => ({ labels: { lane: id, mode }, value: 1 })),
    ['lane', 'mode'],
  ),
  metric(
    'device_ready',
    'gauge',
    '1 = the device does its work.',
    (f) =>
      f.status.lanes.flatMap(({ id, devices }) =>
        devices.map(({ role, driver, status }) => ({
          labels: { lane: id, role, driver },
          value: flag(status.state === 'ready'),
        })),
      ),
    ['lane', 'role', 'driver'],
  ),
  metric('list_age_seconds', 'gauge', 'Since the ticket list was last complete; missing = never yet.', (f) => {
    const times = (f.status.sync?.pull.scopes ?? []).map((s) => s.completeAt);
    if (times.length === 0 || times.includes(null)) return [];
    return one(Math.max(0, (f.status.at - Math.min(...(times as number[]))) / 1000));
  }),
  metric('list_lines_total', 'counter', 'Lines of the ticket list ever applied.', (f) =>
    one(f.status.sync?.pull.scopes.reduce((sum, s) => sum + s.items, 0)),
  ),
  metric('journal_seq', 'counter', 'Last sequence of the journal.', (f) => one(f.status.journal.lastSeq)),
  metric('queue_depth', 'gauge', 'Journal records that are not yet where they must go (SecuTix, or the hub).', (f) =>
    one(f.status.journal.waiting),
  ),
  metric('checks_rejected_total', 'counter', 'Checks that SecuTix refused for good.', (f) =>
    one(f.status.sync?.push.rejected),
  ),
  metric('link_up', 'gauge', '1 = SecuTix (at a gate of a venue: the hub) answered last time.', (f) => {
    const s = f.status.sync?.secutix;
    if (!s) return [];
    if (f.venue?.link) return one(flag(f.venue.link.state === 'joined'));
    return one(flag((s.answeredAt ?? 0) > (s.failedAt ?? 0)));
  }),
  metric('secutix_calls_month', 'gauge', 'Calls of SecuTix this month.', (f) =>
    one(f.status.sync?.secutix.month.calls),
  ),
  metric('clock_offset_seconds', 'gauge', 'This clock ahead of SecuTix.', (f) => {
    const ms = f.status.sync?.secutix.skewMs;
    return one(ms === null || ms === undefined ? ms : ms / 1000);
  }),
  metric('broker_connected', 'gauge', '1 = connected to the MQTT broker.', (f) =>
    one(f.venue && flag(f.venue.broker.connected)),
  ),
  metric(
    'claims_total',
    'counter',
    'Claims of this gate by outcome: granted, used, refused, home, budget.',
    (f) =>
      Object.entries(f.venue?.claims ?? {})
        .filter(([outcome]) => outcome !== 'longest')
        .map(([outcome, value]) => ({ labels: { outcome }, value })),
    ['outcome'],
  ),
  metric('claim_longest_seconds', 'gauge', 'The longest wait for the hub since the start.', (f) => {
    const ms = f.venue?.claims.longest;
    return one(ms === undefined ? ms : ms / 1000);
  }),
  metric('risk_admissions', 'gauge', 'Admissions at a risk that the hub does not know yet.', (f) =>
    one(f.venue?.risk.made),
  ),
  metric('risk_bound', 'gauge', 'Double entries that are possible right now, at most.', (f) =>
    one(f.venue?.risk.bound),
  ),
  metric('hub_serving', 'gauge', 'Hub: 1 = it counts and is sure of what it knows.', (f) =>
    one(f.venue?.hub && flag(f.venue.hub.phase === 'serving' && f.venue.hub.why === null)),
  ),
  metric(
    'hub_claims_total',
    'counter',
    'Hub: claims of all gates by answer.',
    (f) =>
      Object.entries(f.venue?.hub?.counters ?? {})
        .filter(([k]) => k === 'granted' || k === 'used' || k === 'unknown')
        .map(([answer, value]) => ({ labels: { answer }, value })),
    ['answer'],
  ),
  metric('hub_commits_total', 'counter', 'Hub: durable writes of its memory; each is a group of requests.', (f) =>
    one(f.venue?.hub?.commit),
  ),
  metric('double_entries', 'gauge', 'Hub: double admissions in the ledger.', (f) => one(f.venue?.hub?.conflicts)),
  metric(
    'gate_joined',
    'gauge',
    'Hub: 1 = the gate is in touch.',
    (f) => gates(f).map((g) => ({ labels: { gate: g.gate }, value: flag(g.joined) })),
    ['gate'],
  ),
  metric(
    'gate_queue_depth',
    'gauge',
    'Hub: journal records of a gate that are not here yet.',
    (f) => gates(f).map((g) => ({ labels: { gate: g.gate }, value: Math.max(0, g.lastSeq - g.cursor) })),
    ['gate'],
  ),
  metric(
    'gate_list_same',
    'gauge',
    "Hub: 1 = the gate has exactly the hub's list.",
    (f) => gates(f).map((g) => ({ labels: { gate: g.gate }, value: flag(g.list?.same === true) })),
    ['gate'],
  ),
  metric('venue_inside', 'gauge', 'Hub: people in the venue now.', (f) => one(f.counts?.inside)),
  metric(
    'venue_sector_inside',
    'gauge',
    'Hub: people in a sector now; empty = lanes that name no sector.',
    (f) => (f.counts?.sectors ?? []).map((s) => ({ labels: { sector: s.sector }, value: s.inside })),
    ['sector'],
  ),
  metric(
    'venue_today',
    'gauge',
    "Hub: what happened since the venue's day began: entries, exits, refused.",
    (f) =>
      f.counts
        ? (['entries', 'exits', 'refused'] as const).map((what) => ({ labels: { what }, value: f.counts?.[what] ?? 0 }))
        : [],
    ['what'],
  ),
  metric('event_loop_lag_seconds', 'gauge', 'How late the event loop was, 99th percentile.', (f) =>
    one(f.vitals.loopDelay / 1000),
  ),
  metric('disk_free_bytes', 'gauge', 'Free on the volume of the data folder.', (f) => one(f.vitals.disk?.free)),
  metric('temperature_celsius', 'gauge', 'Hottest zone of the machine.', (f) => one(f.vitals.temperature)),
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory of this process.',
    read: (f) => one(f.status.memory),
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of this process.',
    read: () => {
      const { user, system } = process.cpuUsage();
      return one((user + system) / 1e6);
    },
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When this process began, seconds since 1970.',
    read: (f) => one(f.status.startedAt / 1000),
  },
];

export function metricsText(model: Pick<ReadModel, 'status' | 'live' | 'venue' | 'tally'>): string {
  const facts: Facts = {
    status: model.status(),
    vitals: model.live.vitals(),
    lanes: model.tally.lanes,
    venue: model.venue?.report(),
    counts: model.venue?.counts(),
  };
  return exposition(METRICS.map((m) => [m, m.read(facts)] as const));
}
