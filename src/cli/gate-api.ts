import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher } from 'undici';
import { Pool } from 'undici';
import { loadConfig } from '../config/load.js';
import { MAX_SOCKET_PATH } from '../diagnostics/api.js';
import type { GateEvent } from '../diagnostics/read-model.js';
import { PortillonError } from '../errors.js';
import { Gate } from '../runtime.js';
import { wholeFile } from './file-trouble.js';
import { serverEvents } from './server-events.js';

const LINE_FEED = 0x0a;

/** Asks the running gate. LevelDB admits one process, so every command of a technician goes this way. */
export class GateApi {
  readonly #client: Pool;
  readonly #socket: string;

  constructor(dataFolder: string) {
    this.#socket = Gate.socketPath(path.resolve(dataFolder));
    if (this.#socket.length > MAX_SOCKET_PATH) {
      throw new PortillonError('API_PATH', `the path of the data folder is too long: ${dataFolder}`, {
        hint: 'choose a shorter `data`',
      });
    }
    // A pool, for the stream of events keeps its connection to itself.
    this.#client = new Pool('http://gate', { socketPath: this.#socket, headersTimeout: 0, bodyTimeout: 0 });
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#call('GET', path)) as T;
  }

  async post<T>(path: string, body?: string): Promise<T> {
    return (await this.#call('POST', path, body)) as T;
  }

  /** Sends a file as the body. */
  async postFile<T>(path: string, file: string): Promise<T> {
    const body = createReadStream(file);
    await once(body, 'open');
    return answerOf(await this.#request({ method: 'POST', path, body })) as T;
  }

  /** Writes the answer into a file; resolves with the number of its lines. */
  async getFile(path: string, file: string): Promise<number> {
    const response = await this.#request({ method: 'GET', path });
    if (response.statusCode >= 400) await answerOf(response);
    let lines = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        for (const byte of chunk) if (byte === LINE_FEED) lines++;
        yield chunk;
      }
    }
    await wholeFile(file, (out) => pipeline(counted, out));
    return lines;
  }

  async #call(method: 'GET' | 'POST', path: string, body?: string): Promise<unknown> {
    const headers = body?.startsWith('{') ? { 'content-type': 'application/json' } : {};
    return answerOf(await this.#request({ method, path, headers, body: body ?? null }));
  }

  /**
   * Calls `listener` for every event of one type until `signal` aborts. Resolves when the stream is open; `ended` when it is over.
   */
  async events<T extends GateEvent['event']>(
    wanted: T,
    listener: (data: Extract<GateEvent, { event: T }>['data']) => void,
    signal: AbortSignal,
  ): Promise<{ ended: Promise<void> }> {
    let opened: () => void = () => {};
    const open = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const listeners = { open: opened, [wanted]: (data: string) => listener(JSON.parse(data) as never) };
    const { ended } = await this.stream('/events', listeners, signal);
    await Promise.race([open, ended]);
    return { ended };
  }

  /** Every event of a stream by its name, until `signal` aborts. */
  async stream(
    path: string,
    listeners: Readonly<Record<string, (data: string) => void>>,
    signal: AbortSignal,
  ): Promise<{ ended: Promise<void> }> {
    const response = await this.#request({ method: 'GET', path, signal });
    const read = async (): Promise<void> => {
      for await (const { event, data } of serverEvents(response.body)) listeners[event]?.(data);
    };
    return { ended: read() };
  }

  async bytes(path: string): Promise<Uint8Array> {
    const response = await this.#request({ method: 'GET', path });
    const body = new Uint8Array(await response.body.arrayBuffer());
    if (response.statusCode >= 400)
      throw new PortillonError('API_REFUSED', Buffer.from(body).toString('utf8').slice(0, 300));
    return body;
  }

  async #request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#client.request(options);
    } catch (cause) {
      const what = existsSync(this.#socket) ? 'the gate does not answer' : 'no gate is running on this data folder';
      throw new PortillonError('API_UNREACHABLE', `${what} (${this.#socket})`, {
        cause,
        hint: 'start it with `portillon run`, or name its configuration with --config',
      });
    }
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }
}

async function answerOf(response: Dispatcher.ResponseData): Promise<unknown> {
  const text = await response.body.text();
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (response.statusCode >= 400) {
    const { error, code } = (answer ?? {}) as { error?: string; code?: string };
    throw new PortillonError(code ?? 'API_REFUSED', error ?? `HTTP ${response.statusCode}`);
  }
  return answer;
}

/** Runs one question against the gate that `--config` (or `--data`) names. */
export async function askGate<T>(
  options: { config: string; data?: string },
  ask: (api: GateApi) => Promise<T>,
): Promise<T> {
  const api = new GateApi(options.data ?? loadConfig(options.config).config.data);
  try {
    return await ask(api);
  } finally {
    await api.close();
  }
}
