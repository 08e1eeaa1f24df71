import type { Skew } from './http.js';
import { SecutixError } from './types.js';

/** How much of an unexpected answer is quoted. */
const QUOTE = 120;

/** The result of a method as an object, whichever transport brought it. */
export type Result = Record<string, unknown>;

export interface Judged {
  status: number;
  /** Undefined = the body was no result of the service; `text` then says what it was. */
  result: Result | undefined;
  text: string;
  type: string;
}

export interface JudgeParts {
  method: string;
  accepted: readonly string[];
  skew: Skew;
}

/** The answer's result, or the error that it means. Only `business` says that the data is bad. */
export function judge(answer: Judged, { method, accepted, skew }: JudgeParts): Result {
  const { status, result, text } = answer;
  const statusCode = typeof result?.statusCode === 'string' ? result.statusCode : undefined;
  const statusDetail = typeof result?.statusDetail === 'string' ? result.statusDetail : undefined;
  const details = {
    httpStatus: status,
    ...(statusCode !== undefined && { statusCode }),
    ...(statusDetail !== undefined && { statusDetail }),
  };
  const says = statusDetail ?? statusCode ?? `HTTP ${status}`;
  if (status === 509 || status === 429) {
    throw new SecutixError('limit', method, `${method}: SecuTix says that too many calls came (HTTP ${status})`, {
      ...details,
      hint: 'no call goes out for a while; other systems of the institution share the budget',
    });
  }
  if (status === 401 || status === 403)
    throw new SecutixError('auth', method, `${method}: SecuTix refuses the token: ${says}${skewText(skew)}`, {
      ...details,
      hint: authHint(skew),
    });
  if (status >= 500) throw new SecutixError('server', method, `${method}: SecuTix failed: ${says}`, details);
  // Not a word about the data: a wrong address or version must never set a check aside.
  if (status === 404 || status === 405 || status === 415)
    throw new SecutixError('malformed', method, `${method}: the address knows no such method (HTTP ${status})`, {
      ...details,
      hint: 'check secutix.url, secutix.version and secutix.methods',
    });
  if (!result) {
    const page = /^\s*<(!doctype )?html/i.test(text) || answer.type.includes('html');
    const what = page ? 'a web page' : `no result of the service: ${JSON.stringify(text.slice(0, QUOTE))}`;
    throw new SecutixError('malformed', method, `${method}: the address answered ${what} (HTTP ${status})`, {
      ...details,
      hint: 'check secutix.url, and proxies on the way',
    });
  }
  if (status >= 300 || !accepted.some((c) => c.toLowerCase() === statusCode?.toLowerCase())) {
    throw new SecutixError('business', method, `${method}: SecuTix says no: ${says}`, details);
  }
  return result;
}

const skewIsBad = (skew: Skew): boolean => skew.offset !== null && Math.abs(skew.offset) > 2_000;

function skewText(skew: Skew): string {
  if (!skewIsBad(skew) || skew.offset === null) return '';
  const direction = skew.offset > 0 ? 'behind' : 'ahead of';
  return `; this gate's clock is ${Math.abs(skew.offset / 1000).toFixed(0)} s ${direction} SecuTix's`;
}

const authHint = (skew: Skew): string =>
  skewIsBad(skew) ? 'set the clock (NTP)' : 'check secutix.secret, institution, operator and partner';
