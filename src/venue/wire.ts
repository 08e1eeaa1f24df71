import { Socket } from 'node:net';
import type { IClientPublishOptions, IPublishPacket, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import type { Random } from '../clock.js';
import type { Log } from '../log.js';
import { brokerError } from './wire-errors.js';

export interface BrokerSettings {
  url: string;
  username: string;
  password?: string;
  /** PEM. */
  ca?: string;
  cert?: string;
  key?: string;
}

export interface WireOptions {
  broker: BrokerSettings;
  /** Unique for this connection: two clients with one name put each other out for ever. */
  clientId: string;
  subscriptions: readonly string[];
  /** Said by the broker when this side is gone without a word. */
  will?: { topic: string; payload: string };
}

interface WireParts {
  log: Log;
  random: Random;
  onMessage: (topic: string, payload: Buffer, packet: IPublishPacket) => void;
  /** After every (re)connection, when the subscriptions are in force. */
  onUp: () => void;
  onDown: () => void;
}

/** Seconds; a dead line is noticed after one and a half of these. */
const KEEPALIVE = 4;

/**
 * One connection to the broker. Nothing is kept for later: what cannot be sent now is not sent, for whoever sends repeats what
 * matters and the rest would come too late.
 */
export class Wire {
  readonly #client: MqttClient;
  readonly #p: WireParts;
  #up = false;
  #lastError = '';

  constructor(options: WireOptions, parts: WireParts) {
    this.#p = parts;
    const { broker, will } = options;
    this.#client = mqtt.connect(broker.url, {
      protocolVersion: 5,
      clean: true,
      clientId: options.clientId,
      username: broker.username,
      ...(broker.password !== undefined && { password: broker.password }),
      ...(broker.ca !== undefined && { ca: broker.ca }),
      ...(broker.cert !== undefined && { cert: broker.cert }),
      ...(broker.key !== undefined && { key: broker.key }),
      keepalive: KEEPALIVE,
      // Not all gates of a venue in the same instant.
      reconnectPeriod: 500 + Math.round(parts.random() * 1_000),
      connectTimeout: 4_000,
      reconnectOnConnackError: true,
      queueQoSZero: false,
      resubscribe: false,
      ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1 as const, retain: true } }),
    });
    this.#client.on('connect', () => {
      // An answer that waits for the acknowledgement of the one before is milliseconds late: every message is sent at once.
      const { stream } = this.#client;
      if (stream instanceof Socket) stream.setNoDelay(true);
      void this.#onConnect(options.subscriptions);
    });
    this.#client.on('close', () => this.#setDown());
    this.#client.on('error', (error) => this.#complain(error));
    this.#client.on('message', (topic, payload, packet) => this.#p.onMessage(topic, payload, packet));
  }

  get up(): boolean {
    return this.#up;
  }
  /** Why there is no connection. */
  get lastError(): string {
    return this.#lastError;
  }

  async #onConnect(subscriptions: readonly string[]): Promise<void> {
    try {
      if (subscriptions.length > 0) await this.#client.subscribeAsync([...subscriptions], { qos: 0 });
      this.#up = true;
      this.#lastError = '';
      this.#p.onUp();
    } catch (error) {
      this.#complain(error);
    }
  }

  #setDown(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#p.onDown();
  }

  #complain(error: unknown): void {
    const text = brokerError(error);
    if (text !== this.#lastError) this.#p.log.warn({ error: text }, 'the broker cannot be reached; tried again');
    this.#lastError = text;
  }

  /** False = not sent: there is no connection. QoS 0 unless retained. */
  send(topic: string, payload: string | Buffer, options: IClientPublishOptions = {}): boolean {
    if (!this.#up) return false;
    this.#client.publish(topic, payload, { qos: options.retain ? 1 : 0, ...options }, (error) => {
      if (error) this.#complain(error);
    });
    return true;
  }

  /** `last` is sent before the connection ends in order, so that no will is needed. */
  async close(last?: { topic: string; payload: string }): Promise<void> {
    if (last && this.#up)
      await Promise.race([
        this.#client.publishAsync(last.topic, last.payload, { qos: 1, retain: true }).catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 500)),
      ]);
    await Promise.race([
      this.#client.endAsync(!this.#up).catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, 1_000)),
    ]);
  }
}
