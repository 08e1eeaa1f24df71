import type { GateConfig } from './config/schema.js';
import { defaultSettings } from './secutix/settings.js';
import type { SyncOptions } from './sync/messages.js';

/** The configuration as the sync worker wants it. */
export function syncOptions(config: GateConfig, folder: (name: string) => string): SyncOptions {
  const { secutix } = config;
  return {
    listFolder: folder('list'),
    syncFolder: folder('sync'),
    secutix: defaultSettings({
      url: secutix.url,
      version: secutix.version,
      institution: secutix.institution,
      operator: secutix.operator,
      partner: secutix.partner,
      secret: secutix.secret,
      limits: { callsPerMinute: secutix.limits.callsPerMinute, exportEveryMs: secutix.limits.exportEvery },
      jwt: { unit: secutix.jwt.unit, ttlSeconds: Math.round(secutix.jwt.ttl / 1000) },
      timeoutMs: secutix.timeout,
      report: { failureReasons: secutix.report.failureReasons },
      ...(secutix.aliases && { aliases: secutix.aliases }),
    }),
    scopes: secutix.scopes,
    pull: secutix.pull,
    push: secutix.push,
    logLevel: config.log.level,
  };
}
