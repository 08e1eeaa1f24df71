import type { Server } from 'node:http';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import { createServer as createNet } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Clock } from '../../clock.js';
import { describeError } from '../../errors.js';
import type { Log } from '../../log.js';
import type { Role } from '../actor.js';
import type { PageDoor } from '../api-access.js';
import type { LiveModel } from '../live-model.js';
import { Access } from './access.js';
import type { Address } from './addresses.js';
import { addressesOf, isLoopback, reachableAt } from './addresses.js';
import { createWeb } from './app.js';
import type { Certificate } from './certificate.js';
import { loadCertificate, ownCertificate } from './certificate.js';
import { LoginLimiter } from './limiter.js';
import { Sessions } from './sessions.js';

export interface PageOptions {
  listen: readonly string[];
  names: readonly string[];
  tls: 'auto' | 'on' | 'off';
  certificate: string | undefined;
  key: string | undefined;
  session: number;
  idle: number;
  pins: Partial<Record<Role, string | undefined>>;
  dataFolder: string;
}

export interface PageParts {
  api: Hono;
  live: LiveModel;
  clock: Clock;
  log: Log;
  /** Shows the one-time PIN where people stand: terminal and displays. */
  announce: (pin: string, addresses: readonly string[], everywhere: boolean) => void;
}

/** Addresses are looked at this often: a cable is plugged in, DHCP gives another address. Milliseconds. */
const LOOK_EVERY = 5_000;
const MAX_CONNECTIONS = 128;
/** First byte of a TLS handshake. */
const HANDSHAKE = 22;

/** Serves the page on every configured address, as they come and go. A port in use is a trouble that is shown, never the end of the gate. */
export class PageServer implements PageDoor {
  readonly #options: PageOptions;
  readonly #parts: PageParts;
  readonly #access: Access;
  readonly #limiter: LoginLimiter;
  readonly #sessions: Sessions;
  readonly #web: Hono;
  readonly #servers = new Map<string, { address: Address; close(): Promise<void>; secure: boolean }>();
  readonly #troubles = new Map<string, string>();
  readonly #stop = new AbortController();
  #certificate: Certificate | undefined;
  #loop: Promise<void> = Promise.resolve();

  static async start(options: PageOptions, parts: PageParts): Promise<PageServer> {
    const access = await Access.open({ file: path.join(options.dataFolder, 'access.json'), pins: options.pins });
    const server = new PageServer(options, parts, access);
    await server.#look();
    server.#loop = server.#lookOn();
    if (access.roles().technician === null) server.#announce(access.oneTimePin());
    return server;
  }

  private constructor(options: PageOptions, parts: PageParts, access: Access) {
    this.#options = options;
    this.#parts = parts;
    this.#access = access;
    const now = (): number => parts.clock.monotonic();
    this.#limiter = new LoginLimiter(now);
    this.#sessions = new Sessions(options, now);
    this.#web = createWeb({
      api: parts.api,
      access,
      sessions: this.#sessions,
      limiter: this.#limiter,
      clock: parts.clock,
      log: parts.log,
      names: options.names,
      gate: parts.live.gate,
      note: (what) => parts.live.note(what),
    });
  }

  #announce(pin: string): void {
    const everywhere = [...this.#servers.values()].some((s) => !isLoopback(s.address.host));
    this.#parts.announce(pin, this.report().addresses, everywhere);
  }

  async #lookOn(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#parts.clock.sleep(LOOK_EVERY, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.#sessions.expire();
      await this.#look();
    }
  }

  /** Opens what is missing and closes what is gone. */
  async #look(): Promise<void> {
    const wanted = new Map(addressesOf(this.#options.listen).map((a) => [`${a.host} ${a.port}`, a]));
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue;
      this.#servers.delete(key);
      await server.close();
    }
    for (const place of this.#options.listen) {
      if (addressesOf([place]).length > 0) this.#troubles.delete(place);
      else this.#trouble(place, 'no such interface, or it has no address yet');
    }
    for (const [key, address] of wanted) {
      if (this.#servers.has(key)) continue;
      try {
        const opened = await this.#open(address);
        this.#troubles.delete(key);
        this.#servers.set(key, opened);
        this.#parts.log.info({ ...address, tls: opened.secure }, 'the page is served');
      } catch (error) {
        this.#trouble(key, describeError(error));
      }
    }
  }

  #trouble(key: string, why: string): void {
    if (this.#troubles.get(key) === why) return;
    this.#troubles.set(key, why);
    this.#parts.log.warn({ place: key, why }, 'the page is not served here; it is tried again');
  }

  async #open(address: Address): Promise<{ address: Address; close(): Promise<void>; secure: boolean }> {
    const { tls } = this.#options;
    const secure = tls === 'on' || (tls === 'auto' && !isLoopback(address.host));
    const listener = getRequestListener(this.#web.fetch);
    const http = createHttp((request, response) => void listener(request, response));
    hardened(http);
    if (!secure) return { secure, ...(await listening(http, address, [http])) };
    const { cert, key } = await this.#certificateFor(address);
    const https = createHttps(
      { cert, key, minVersion: 'TLSv1.2' },
      (request, response) => void listener(request, response),
    );
    hardened(https);
    // Who types the address without https:// is led there.
    const redirect = createHttp((request, response) => {
      response.writeHead(308, { location: `https://${request.headers.host ?? ''}/` }).end();
    });
    hardened(redirect);
    const front = createNet((socket) => byFirstByte(socket, https, redirect));
    front.maxConnections = MAX_CONNECTIONS;
    return { secure, ...(await listening(front, address, [https, redirect])) };
  }

  async #certificateFor(address: Address): Promise<Certificate> {
    const { certificate, key, names, dataFolder } = this.#options;
    if (certificate !== undefined && key !== undefined) this.#certificate = loadCertificate(certificate, key);
    else {
      const all = [
        ...new Set([
          this.#parts.live.gate.id,
          os.hostname(),
          ...names,
          'localhost',
          ...reachableAt(address),
          '127.0.0.1',
        ]),
      ];
      this.#certificate = await ownCertificate(dataFolder, all.filter(isName), this.#parts.clock.now());
    }
    return this.#certificate;
  }

  report(): ReturnType<PageDoor['report']> {
    return {
      addresses: [...this.#servers.values()].flatMap(({ address, secure }) =>
        reachableAt(address).map(
          (h) => `${secure ? 'https' : 'http'}://${h.includes(':') ? `[${h}]` : h}:${address.port}/`,
        ),
      ),
      troubles: [...this.#troubles].map(([place, why]) => `${place}: ${why}`),
      fingerprint: this.#certificate?.fingerprint ?? null,
      roles: this.#access.roles(),
      open: this.#sessions.open,
    };
  }
  oneTimePin(): string {
    this.#limiter.reset();
    const pin = this.#access.oneTimePin();
    this.#announce(pin);
    return pin;
  }
  setPin(role: Role, pin: string): Promise<void> {
    return this.#access.setPin(role, pin);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await Promise.all([...this.#servers.values()].map((s) => s.close()));
  }
}

/** Letters a certificate may name. */
const isName = (name: string): boolean => /^[A-Za-z0-9:.-]+$/.test(name) && !name.includes('%');

function hardened(server: Server): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', (_error, socket) => socket.destroy());
}

/** TLS and plain HTTP on one port: the first byte tells. */
function byFirstByte(socket: Socket, https: Server, redirect: Server): void {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(10_000, () => socket.destroy());
  socket.once('data', (first: Buffer) => {
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(first);
    (first[0] === HANDSHAKE ? https : redirect).emit('connection', socket);
    process.nextTick(() => socket.resume());
  });
}

/** Listens; the returned function closes, open connections too. */
async function listening(
  server: NetServer,
  address: Address,
  behind: readonly Server[],
): Promise<{ address: Address; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
  const bound = server.address();
  return {
    // Port 0 of the configuration is any free one.
    address: { host: address.host, port: typeof bound === 'object' && bound ? bound.port : address.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const b of behind) b.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}
