import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import { METRICS_TYPE } from './metrics.js';

/** Milliseconds until an address that is in use, or not there yet, is tried again. */
const RETRY_AFTER = 5_000;

/**
 * Metrics and nothing else, in plain HTTP and without a login, on addresses of `diagnostics.metrics`: for a scraper in a network of its
 * own. A trouble here never touches the gate.
 */
export class MetricsServer {
  readonly #stop = new AbortController();
  readonly #servers: Server[] = [];

  constructor(listen: readonly string[], parts: { clock: Clock; log: Log; text: () => string }) {
    for (const place of listen) void this.#serve(place, parts);
  }

  async #serve(place: string, { clock, log, text }: { clock: Clock; log: Log; text: () => string }): Promise<void> {
    const cut = place.lastIndexOf(':');
    const [host, port] = [place.slice(0, cut).replace(/^\[|\]$/g, ''), Number(place.slice(cut + 1))];
    let told = '';
    while (!this.#stop.signal.aborted) {
      const server = createServer((request, response) => {
        if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
        try {
          response.writeHead(200, { 'content-type': METRICS_TYPE }).end(text());
        } catch (error) {
          response.writeHead(500).end(describeError(error));
        }
      });
      server.headersTimeout = 10_000;
      server.maxConnections = 16;
      try {
        await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve));
        server.on('error', () => {});
        this.#servers.push(server);
        log.info({ place }, 'metrics are served');
        return;
      } catch (error) {
        const why = describeError(error);
        if (why !== told) log.warn({ place, why }, 'metrics are not served here; it is tried again');
        told = why;
        await clock.sleep(RETRY_AFTER, this.#stop.signal);
      }
    }
  }

  close(): void {
    this.#stop.abort();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}
