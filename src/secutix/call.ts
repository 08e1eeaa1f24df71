import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { Agent } from 'undici';
import { request } from 'undici';
import type { Clock } from '../clock.js';
import type { SecutixSettings } from './settings.js';
import { signToken } from './token.js';
import { SecutixError } from './types.js';

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;
/** How much of an unexpected answer is quoted. */
const QUOTE = 120;

/** Our clock against SecuTix's, as the Date header of its answers tells it (whole seconds). */
export class Skew {
  /** Milliseconds to add to our clock; null = not measured yet. */
  offset: number | null = null;
  measure(dateHeader: unknown, now: number): void {
    const server = typeof dateHeader === 'string' ? Date.parse(dateHeader) : Number.NaN;
    // The header is cut to the second: half a second on is the best guess.
    if (!Number.isNaN(server)) this.offset = server + 500 - now;
  }
}

export interface CallParts {
  settings: SecutixSettings;
  agent: Agent;
  clock: Clock;
  skew: Skew;
}

/** One attempt: sign, send, read, judge. Returns the answer's object; everything else is a `SecutixError`. */
export async function callOnce(
  parts: CallParts,
  method: string,
  body: object,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const { settings, agent, clock, skew } = parts;
  const base = settings.url.replace(/\/+$/, '');
  const url = base.endsWith(`/${settings.version}`) ? `${base}/${method}` : `${base}/${settings.version}/${method}`;
  // A difference within the header's own grain is no difference.
  const offset = skew.offset !== null && Math.abs(skew.offset) > 1_500 ? skew.offset : 0;
  const deadline = AbortSignal.timeout(settings.timeoutMs);
  let answer: { status: number; date: unknown; type: string; text: string };
  try {
    const response = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'accept-encoding': 'gzip,deflate',
        authorization: `Bearer ${await signToken(settings, clock.now() + offset)}`,
      },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const { headers } = response;
    const raw = await readBounded(response.body, settings.maxAnswerBytes);
    const text = await unpack(raw, headers['content-encoding'], settings.maxAnswerBytes);
    answer = { status: response.statusCode, date: headers.date, type: header(headers['content-type']), text };
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (cause instanceof SecutixError) throw cause;
    if (cause instanceof TooLarge) {
      throw new SecutixError(
        'malformed',
        method,
        `${method}: the answer is larger than ${settings.maxAnswerBytes} bytes`,
        { cause },
      );
    }
    const why = deadline.aborted ? `no answer within ${settings.timeoutMs} ms` : reasonOf(cause);
    throw new SecutixError('transport', method, `${method}: SecuTix cannot be reached: ${why}`, {
      cause,
      hint: 'check the network, the VPN and secutix.url; it is tried again',
    });
  }
  skew.measure(answer.date, clock.now());
  return judge(method, answer, settings, skew);
}

const header = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
const reasonOf = (error: unknown): string =>
  error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error);

class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

async function readBounded(body: AsyncIterable<Uint8Array>, max: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > max) throw new TooLarge(`more than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function unpack(raw: Buffer, encoding: string | string[] | undefined, max: number): Promise<string> {
  const unpacker = unpackers[header(encoding) as keyof typeof unpackers];
  if (!unpacker) return raw.toString('utf8');
  try {
    return (await unpacker(raw, { maxOutputLength: max })).toString('utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge('unpacks to too much');
    throw cause;
  }
}

function judge(
  method: string,
  answer: { status: number; type: string; text: string },
  settings: SecutixSettings,
  skew: Skew,
): Record<string, unknown> {
  const { status, text } = answer;
  const parsed = parse(text);
  const statusCode = typeof parsed?.statusCode === 'string' ? parsed.statusCode : undefined;
  const statusDetail = typeof parsed?.statusDetail === 'string' ? parsed.statusDetail : undefined;
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
  if (!parsed) {
    const html = /^\s*</.test(text) || answer.type.includes('html');
    const what = html ? 'a web page instead of JSON' : `no JSON object: ${JSON.stringify(text.slice(0, QUOTE))}`;
    throw new SecutixError('malformed', method, `${method}: the address answered ${what} (HTTP ${status})`, {
      ...details,
      hint: 'check secutix.url, and proxies on the way',
    });
  }
  if (status >= 300 || !settings.acceptedStatusCodes.some((c) => c.toLowerCase() === statusCode?.toLowerCase())) {
    throw new SecutixError('business', method, `${method}: SecuTix says no: ${says}`, details);
  }
  return parsed;
}

const skewIsBad = (skew: Skew): boolean => skew.offset !== null && Math.abs(skew.offset) > 2_000;

function skewText(skew: Skew): string {
  if (!skewIsBad(skew) || skew.offset === null) return '';
  const direction = skew.offset > 0 ? 'behind' : 'ahead of';
  return `; this gate's clock is ${Math.abs(skew.offset / 1000).toFixed(0)} s ${direction} SecuTix's`;
}

const authHint = (skew: Skew): string =>
  skewIsBad(skew) ? 'set the clock (NTP)' : 'check secutix.secret, institution, operator and partner';

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
