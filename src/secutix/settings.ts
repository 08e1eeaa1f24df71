/** The methods by our names. */
export type Operation = 'timeZone' | 'catalogue' | 'list' | 'importChecks' | 'history' | 'burn';

/** What SecuTix is told of a check: `failureReason` is left out where the configuration names none. */
export interface ReportRow {
  online: string;
  offline: string;
  failureReason?: string | undefined;
}

/** What the client needs to know. Times in milliseconds unless the name says otherwise. */
export interface SecutixSettings {
  /** Service base, without the version. */
  url: string;
  version: string;
  transport: 'rest' | 'soap';
  /** Where it differs from the usual pattern (a slash at the end). */
  soapNamespace?: string | undefined;
  institution: string;
  operator: string;
  partner: string;
  secret: string;
  /** Certificates that are trusted beside the public authorities (PEM). */
  ca?: string | undefined;
  /** 0 calls a minute = no limit (tests and benchmarks only). 0 a month = not watched. */
  limits: { callsPerMinute: number; exportEveryMs: number; callsPerMonth?: number; bytesPerMonth?: number };
  /** The texts say epoch milliseconds, their sample and all known clients use seconds. */
  jwt: { unit: 's' | 'ms'; ttlSeconds: number };
  timeoutMs: number;
  retry: { attempts: number; baseMs: number; maxMs: number };
  /** Success is the literal `success` in the other REST services; for this one it is not proven, so it is a setting. */
  acceptedStatusCodes: readonly string[];
  /** Most bytes of an answer, as sent and as unpacked. */
  maxAnswerBytes: number;
  /** Other names of fields of the list and the catalogue, by our name. */
  aliases?: Readonly<Record<string, readonly string[]>>;
  /** Names of methods that differ. */
  methods?: Partial<Readonly<Record<Operation, string | undefined>>>;
  /** By reason; `*` stands for every refusal without a row of its own. */
  report: Readonly<Record<string, ReportRow>>;
}

type Required = Pick<SecutixSettings, 'url' | 'institution' | 'operator' | 'partner' | 'secret'>;

/** Of the failure reasons only `OK`, beside a success, is public: for a refusal the field is left out. */
export const DEFAULT_REPORT: Readonly<Record<string, ReportRow>> = {
  admitted: { online: 'OK', offline: 'OFFLINE_OK', failureReason: 'OK' },
  '*': { online: 'FAIL', offline: 'OFFLINE_FAIL' },
};

export function defaultSettings(settings: Required & Partial<SecutixSettings>): SecutixSettings {
  return {
    version: 'v1_6',
    transport: 'rest',
    limits: { callsPerMinute: 60, exportEveryMs: 60_000, callsPerMonth: 10_000, bytesPerMonth: 1e9 },
    jwt: { unit: 's', ttlSeconds: 30 },
    timeoutMs: 30_000,
    retry: { attempts: 4, baseMs: 500, maxMs: 10_000 },
    acceptedStatusCodes: ['success'],
    maxAnswerBytes: 32 * 1024 * 1024,
    report: DEFAULT_REPORT,
    ...settings,
  };
}
