import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { Agent } from 'undici';
import { request } from 'undici';
import type { Clock } from '../clock.js';
import { tlsTrouble } from './tls.js';
import { SecutixError } from './types.js';

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** Our clock against SecuTix's, as the Date header of its answers tells it (whole seconds). */
export class Skew {
  /** Milliseconds to add to our clock; null = not measured yet. */
  offset: number | null = null;
  measure(dateHeader: unknown, now: number): void {
    const server = typeof dateHeader === 'string' ? Date.parse(dateHeader) : Number.NaN;
    // The header is cut to the second: half a second on is the best guess.
    if (!Number.isNaN(server)) this.offset = server + 500 - now;
  }
  /** What to add to our clock when signing: a difference within the header's own grain is no difference. */
  correction(): number {
    return this.offset !== null && Math.abs(this.offset) > 1_500 ? this.offset : 0;
  }
}

export interface HttpParts {
  agent: Agent;
  clock: Clock;
  skew: Skew;
  timeoutMs: number;
  maxAnswerBytes: number;
}

export interface HttpAnswer {
  status: number;
  type: string;
  body: Buffer;
  /** Bytes of the bodies as they went over the wire: the platform's monthly volume counts them. */
  wireBytes: number;
}

/** One POST with a bounded answer. Everything that goes wrong on the way is a `SecutixError`; an abort is thrown as it is. */
export async function post(
  parts: HttpParts,
  method: string,
  url: string,
  headers: Record<string, string>,
  text: string,
  signal?: AbortSignal,
): Promise<HttpAnswer> {
  const { agent, clock, skew, timeoutMs, maxAnswerBytes } = parts;
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'accept-encoding': 'gzip,deflate', ...headers },
      body: text,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const raw = await readBounded(response.body, maxAnswerBytes);
    const body = await unpack(raw, response.headers['content-encoding'], maxAnswerBytes);
    skew.measure(response.headers.date, clock.now());
    return {
      status: response.statusCode,
      type: header(response.headers['content-type']),
      body,
      wireBytes: Buffer.byteLength(text) + raw.length,
    };
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (cause instanceof TooLarge) {
      throw new SecutixError('malformed', method, `${method}: the answer is larger than ${maxAnswerBytes} bytes`, {
        cause,
      });
    }
    const trouble = deadline.aborted ? undefined : await tlsTrouble(cause, url, clock.now());
    const why = deadline.aborted ? `no answer within ${timeoutMs} ms` : (trouble?.why ?? reasonOf(cause));
    throw new SecutixError('transport', method, `${method}: SecuTix cannot be reached: ${why}`, {
      cause,
      hint: trouble?.hint ?? 'check the network, the VPN and secutix.url; it is tried again',
    });
  }
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

async function unpack(raw: Buffer, encoding: string | string[] | undefined, max: number): Promise<Buffer> {
  const unpacker = unpackers[header(encoding) as keyof typeof unpackers];
  if (!unpacker) return raw;
  try {
    return await unpacker(raw, { maxOutputLength: max });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge('unpacks to too much');
    throw cause;
  }
}
