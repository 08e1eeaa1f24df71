import type { Result } from './answer.js';
import { judge } from './answer.js';
import { refuseShape } from './bounds.js';
import type { HttpParts } from './http.js';
import { post } from './http.js';
import type { SecutixSettings } from './settings.js';
import { signToken } from './token.js';
import { SecutixError } from './types.js';

/** One attempt at one method. Everything but a result is a `SecutixError`. */
export interface Transport {
  call(method: string, parameters: object, signal?: AbortSignal): Promise<Result>;
}

/** What went out and what came back, for a certificate's raw records. The token and the password are never part of it. */
export interface Exchange {
  method: string;
  request: object;
  /** HTTP status. */
  status: number;
  answer: string;
}

export interface TransportParts {
  settings: SecutixSettings;
  http: HttpParts;
  /** Bytes of a call's bodies on the wire, counted whatever the answer is. */
  onBytes: (bytes: number) => void;
  onExchange?: ((exchange: Exchange) => void) | undefined;
}

/** JSON over POST, a fresh token for every call (SecuTix: REST standard). */
export function restTransport({ settings, http, onBytes, onExchange }: TransportParts): Transport {
  const base = settings.url.replace(/\/+$/, '');
  const root = base.endsWith(`/${settings.version}`) ? base : `${base}/${settings.version}`;
  return {
    async call(method, parameters, signal) {
      const token = await signToken(settings, http.clock.now() + http.skew.correction());
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const answer = await post(http, method, `${root}/${method}`, headers, JSON.stringify(parameters), signal);
      onBytes(answer.wireBytes);
      const refused = refuseShape(answer.body);
      if (refused !== undefined)
        throw new SecutixError('malformed', method, `${method}: the answer is not parsed: ${refused}`);
      const text = answer.body.toString('utf8');
      onExchange?.({ method, request: parameters, status: answer.status, answer: text });
      return judge(
        { status: answer.status, result: parse(text), text, type: answer.type },
        { method, accepted: settings.acceptedStatusCodes, skew: http.skew },
      );
    },
  };
}

function parse(text: string): Result | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Result) : undefined;
  } catch {
    return undefined;
  }
}
