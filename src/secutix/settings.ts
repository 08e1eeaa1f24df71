/** What the client needs to know. Times in milliseconds unless the name says otherwise. */
export interface SecutixSettings {
  /** Service base, without the version. */
  url: string;
  version: string;
  institution: string;
  operator: string;
  partner: string;
  secret: string;
  /** 0 calls a minute = no limit (tests and benchmarks only). */
  limits: { callsPerMinute: number; exportEveryMs: number };
  /** The texts say epoch milliseconds, their sample and all known clients use seconds. */
  jwt: { unit: 's' | 'ms'; ttlSeconds: number };
  timeoutMs: number;
  retry: { attempts: number; baseMs: number; maxMs: number };
  /** Success is the literal `success` in the other REST services; for this one it is not proven, so it is a setting. */
  acceptedStatusCodes: readonly string[];
  /** Most bytes of an answer, as sent and as unpacked. */
  maxAnswerBytes: number;
  /** Other names of fields of the list, by our name. */
  aliases?: Readonly<Record<string, readonly string[]>>;
  report: { failureReasons: Readonly<Record<string, string>> };
}

type Required = Pick<SecutixSettings, 'url' | 'institution' | 'operator' | 'partner' | 'secret'>;

export function defaultSettings(settings: Required & Partial<SecutixSettings>): SecutixSettings {
  return {
    version: 'v1_6',
    limits: { callsPerMinute: 60, exportEveryMs: 60_000 },
    jwt: { unit: 's', ttlSeconds: 30 },
    timeoutMs: 30_000,
    retry: { attempts: 4, baseMs: 500, maxMs: 10_000 },
    acceptedStatusCodes: ['success'],
    maxAnswerBytes: 64 * 1024 * 1024,
    report: { failureReasons: {} },
    ...settings,
  };
}
