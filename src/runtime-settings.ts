import type { GateConfig } from './config/schema.js';
import type { ReportRow, SecutixSettings } from './secutix/settings.js';
import { DEFAULT_REPORT, defaultSettings } from './secutix/settings.js';
import { storeKeyFrom } from './runtime-store.js';
import type { SyncOptions } from './sync/messages.js';

const DAY = 24 * 3_600_000;

/** The configuration as the sync worker wants it. */
export function syncOptions(config: GateConfig, folder: (name: string) => string): SyncOptions {
  const { secutix } = config;
  return {
    listFolder: folder('list'),
    syncFolder: folder('sync'),
    storeKey: storeKeyFrom(config),
    secutix: secutixSettings(secutix),
    scopes: secutix.scopes,
    pull: secutix.pull,
    push: secutix.push,
    catalogue: secutix.catalogue,
    dropFirst: secutix.barcode.dropFirst,
    keepTickets: config.store.keepTickets * DAY,
    ...((config.venue.role === 'hub' || config.venue.role === 'standby') && { listLog: config.venue.listLog }),
    logLevel: config.log.level,
  };
}

/** The configuration as the client wants it. */
export function secutixSettings(secutix: GateConfig['secutix']): SecutixSettings {
  return defaultSettings({
    url: secutix.url,
    version: secutix.version,
    transport: secutix.transport,
    ...(secutix.soapNamespace !== undefined && { soapNamespace: secutix.soapNamespace }),
    institution: secutix.institution,
    operator: secutix.operator,
    partner: secutix.partner,
    secret: secutix.secret,
    ...(secutix.ca !== undefined && { ca: secutix.ca }),
    limits: {
      callsPerMinute: secutix.limits.callsPerMinute,
      exportEveryMs: secutix.limits.exportEvery,
      callsPerMonth: secutix.limits.callsPerMonth,
      bytesPerMonth: secutix.limits.megabytesPerMonth * 1e6,
    },
    jwt: { unit: secutix.jwt.unit, ttlSeconds: Math.round(secutix.jwt.ttl / 1000) },
    timeoutMs: secutix.timeout,
    methods: secutix.methods,
    report: reportTable(secutix.report),
    ...(secutix.aliases && { aliases: secutix.aliases }),
  });
}

/** The table of reasons: what is built in, then the configuration's rows, then its short forms. */
export function reportTable({ results, failureReasons }: GateConfig['secutix']['report']): Record<string, ReportRow> {
  const table: Record<string, ReportRow> = { ...DEFAULT_REPORT, ...results };
  const other = table['*'] as ReportRow;
  for (const [reason, failureReason] of Object.entries(failureReasons))
    table[reason] = { ...(table[reason] ?? other), failureReason };
  return table;
}
