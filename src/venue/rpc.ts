import type { IPublishPacket } from 'mqtt';
import type { z } from 'zod';
import type { Clock } from '../clock.js';
import { PortillonError } from '../errors.js';
import { seal, unseal } from './seal.js';
import type { Wire } from './wire.js';

interface Waiting {
  answer: (body: unknown) => void;
}

export interface Request {
  topic: string;
  replyTo: string;
  key: string;
  body: { id: string };
}

/**
 * Request and answer over MQTT 5: response topic, correlation data and message expiry, so that the broker drops a request
 * nobody waits for any more. The answer is found by the request's ID. One request may get several answers; the first counts.
 */
export class Rpc {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  /** Sends (again) without waiting. False = there is no connection. */
  send(request: Request, expiry: number): boolean {
    return this.#wire.send(request.topic, seal(request.key, request.topic, request.body), {
      properties: {
        responseTopic: request.replyTo,
        correlationData: Buffer.from(request.body.id),
        // Whole seconds are all there is.
        messageExpiryInterval: Math.max(1, Math.ceil(expiry / 1000)),
      },
    });
  }

  /** Calls `take` with the first answer, until the returned function ends the wait. */
  expect(id: string, take: (body: unknown) => void): () => void {
    const mine = { answer: take };
    this.#waiting.set(id, mine);
    return () => {
      if (this.#waiting.get(id) === mine) this.#waiting.delete(id);
    };
  }

  /** Rejects with `VENUE_SILENT` when no valid answer comes in `timeout` milliseconds, or when it is to stop. */
  async call<T>(request: Request, answer: z.ZodType<T>, timeout: number, stop?: AbortSignal): Promise<T> {
    const over = new AbortController();
    let got: T | undefined;
    const end = this.expect(request.body.id, (body) => {
      const parsed = answer.safeParse(body);
      if (!parsed.success) return;
      got = parsed.data;
      over.abort();
    });
    try {
      if (this.send(request, timeout))
        await this.#clock.sleep(timeout, stop ? AbortSignal.any([over.signal, stop]) : over.signal);
      if (got !== undefined) return got;
    } finally {
      end();
    }
    throw new PortillonError('VENUE_SILENT', `no answer on ${request.topic.split('/').slice(3).join('/')}`);
  }

  /** Hands an answer to whoever waits for it. True = it was for somebody. */
  take(topic: string, payload: Buffer, key: string): boolean {
    const body = unseal(key, topic, payload) as { id?: unknown } | undefined;
    if (typeof body?.id !== 'string') return false;
    const waiting = this.#waiting.get(body.id);
    waiting?.answer(body);
    return waiting !== undefined;
  }

  reply(topic: string, key: string, body: { id: string }, packet?: IPublishPacket): void {
    const correlationData = packet?.properties?.correlationData;
    this.#wire.send(topic, seal(key, topic, body), {
      properties: { ...(correlationData && { correlationData }), messageExpiryInterval: 10 },
    });
  }
}
