import type { Programme } from '../domain/programme.js';
import type { Page, Scope } from '../domain/ticket.js';
import type { Budget } from './limiter.js';
import { PortillonError } from '../errors.js';

/** A check as it goes to SecuTix, before the wire mapping. */
export interface ControlReport {
  /** Stable check ID: the same check always has the same one, so that a repeat does no harm. */
  checkId: string;
  barcode: string;
  /** UTC milliseconds. */
  at: number;
  admitted: boolean;
  reason: string;
  /** Decided while SecuTix had not been heard of for longer than configured. */
  offline?: boolean;
  /** Leave out what is not proven to be accepted: a second try after a refusal. */
  plain?: boolean;
}

export interface ControlHistory {
  barcode: string;
  state: string | null;
  container: string | null;
  operations: { type: string; at: string }[];
  /** The answer's data member as it came. */
  raw: unknown;
}

/** The platform as the rest of Portillon sees it. Every method is one or more calls within the limiter's budget. */
export interface SecutixClient {
  getTimeZone(signal?: AbortSignal): Promise<unknown>;
  /** What the account may control; without a season, what the platform answers to that. */
  getCatalogue(season: string | undefined, signal?: AbortSignal): Promise<Programme>;
  /** One page. `cursor` null only on the very first call of a scope. `firstOfRun` makes the call count as the start of a run. */
  exportPage(
    scope: Scope,
    cursor: string | null,
    options: { pageSize: number; firstOfRun: boolean; signal?: AbortSignal },
  ): Promise<Page>;
  /** All or nothing (SecuTix: importControlledTicket is transactional and idempotent). */
  importChecks(checks: readonly ControlReport[], signal?: AbortSignal): Promise<void>;
  getControlledTicket(code: string, signal?: AbortSignal): Promise<ControlHistory>;
  burnTicket(code: string, signal?: AbortSignal): Promise<ControlHistory>;
  /** Calls left in the current minute, milliseconds until the next call may go, measured clock skew. */
  /** `answeredAt`, `failedAt`: UTC milliseconds of the last answer, of the last call without one. */
  budget(): Budget & { skewMs: number | null; answeredAt: number | null; failedAt: number | null };
  /** While an event runs the checks go first; otherwise pull, push and questions take turns. */
  duringEvent(on: boolean): void;
  close(): Promise<void>;
}

export type SecutixErrorKind =
  /** 401/403, or a business code that says so: secret, operator or clock. */
  | 'auth'
  /** HTTP 509 or 429. */
  | 'limit'
  /** No answer: refused, cut, timed out. The server may have done it. */
  | 'transport'
  /** 5xx other than 509. */
  | 'server'
  /** An answer that is not what the API promises: HTML, broken JSON, cursor of a wrong type, too large. */
  | 'malformed'
  /** The server understood and said no: the only kind that says "this data is bad". */
  | 'business';

export class SecutixError extends PortillonError {
  override readonly name = 'SecutixError';
  readonly kind: SecutixErrorKind;
  readonly method: string;
  readonly httpStatus: number | undefined;
  readonly statusCode: string | undefined;
  readonly statusDetail: string | undefined;

  constructor(
    kind: SecutixErrorKind,
    method: string,
    message: string,
    details: { httpStatus?: number; statusCode?: string; statusDetail?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(`SECUTIX_${kind.toUpperCase()}`, message, details);
    this.kind = kind;
    this.method = method;
    this.httpStatus = details.httpStatus;
    this.statusCode = details.statusCode;
    this.statusDetail = details.statusDetail;
  }
}

/** A repeat may help: nothing is wrong with what was sent. */
export function isRetryable(error: unknown): boolean {
  return (
    error instanceof SecutixError && (error.kind === 'transport' || error.kind === 'server' || error.kind === 'limit')
  );
}
