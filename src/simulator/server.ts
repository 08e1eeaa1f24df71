import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { constants, gzipSync } from 'node:zlib';
import type { Account, AuthRules } from './auth.js';
import { accountOfToken } from './auth.js';
import { control } from './control.js';
import type { Control } from './controls.js';
import { Controls, seatMapWarnings } from './controls.js';
import type { Faults } from './faults.js';
import { NO_FAULTS, spend } from './faults.js';
import { SimModel } from './model.js';
import { Scenarios } from './scenarios.js';
import { accountOfUser, faultEnvelope, readCall, resultEnvelope, soapVersion } from './soap.js';
import type { ServiceState } from './service.js';
import { METHODS } from './service.js';
import { createAuthority } from './tls.js';

export const SIMULATOR_DEFAULTS = {
  institution: 'EXAMPLE',
  operator: 'EXAMPLE_AC',
  partner: 'PORTILLON',
  secret: 'portillon-simulator-secret-32-bytes!',
  callsPerMinute: 60,
} as const;

const SERVICE = '/tnci/backend-apis/externalAccessControlService';
const MAX_BODY = 16 * 1024 * 1024;

export interface SimulatorOptions extends Partial<Account> {
  /** Operators besides the first, of the same institution. */
  operators?: readonly Omit<Account, 'institution'>[];
  /** HTTPS, with a certificate by an authority of its own. */
  tls?: boolean;
  /** 0 = any free one. */
  port: number;
  host?: string;
  tickets: number;
  seed: number;
  /** 0 = no limit. */
  callsPerMinute?: number;
  /** Answer to too many calls. */
  limitStatus?: 509 | 429;
  auth?: Partial<AuthRules>;
  /** 0 = no limit. */
  callsPerMonth?: number;
  /** Which spelling of the methods it knows (the texts have two). */
  methodNames?: 'long' | 'short' | 'both';
  /** Names of members that differ, by their usual one. */
  rename?: Readonly<Record<string, string>>;
}

export interface SimulatorStats {
  calls: Record<string, number>;
  /** Calls beyond the limit. */
  violations: number;
  refusedTokens: number;
  /** UTC milliseconds. */
  runs: number[];
  alarms: string[];
  /** Readers of a list that began at its beginning. */
  readers: number;
  importBatches: number[];
  /** What the seat map would warn of. */
  seatMap: string[];
  tickets: number;
}

export interface Simulator {
  /** Value for `secutix.url`. */
  url: string;
  origin: string;
  port: number;
  /** With TLS: the authority to trust, PEM. */
  ca: string | undefined;
  model: SimModel;
  faults: Faults;
  state: ServiceState;
  controls(): Control[];
  stats(): SimulatorStats;
  close(): Promise<void>;
}

/** A server that behaves as the known facts of SecuTix's access control API say, with a control side below `/_control/`. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const account: Account = { ...SIMULATOR_DEFAULTS, ...defined(options) };
  const accounts = [account, ...(options.operators ?? []).map((o) => ({ ...o, institution: account.institution }))];
  const authority = options.tls === true ? await createAuthority(Date.now()) : undefined;
  const auth: AuthRules = { mode: 'documented', toleranceMs: 5_000, ...options.auth };
  const limit = options.callsPerMinute ?? SIMULATOR_DEFAULTS.callsPerMinute;
  const faults: Faults = { ...NO_FAULTS };
  const model = new SimModel(options.tickets, options.seed);
  const state: ServiceState = {
    model,
    scenarios: new Scenarios(model),
    dialect: { trim: new Set(), rename: options.rename ?? {} },
    performances: startingSoon(Date.now()),
    controls: new Controls(),
    rules: { rejectUnknown: false, rejectBarcodes: new Set(), maxBatch: 1000 },
    faults,
    now: () => Date.now() + faults.skewMs,
    runs: [],
    alarms: [],
    lineages: new Map(),
    accounts: new Map(accounts.map((a) => [a.operator, a])),
    certify: undefined,
  };
  const counts = { calls: {} as Record<string, number>, violations: 0, refusedTokens: 0 };
  let recent: number[] = [];
  const stats = (): SimulatorStats => ({
    calls: { ...counts.calls },
    violations: counts.violations,
    refusedTokens: counts.refusedTokens,
    runs: [...state.runs],
    alarms: [...state.alarms],
    readers: [...state.lineages.values()].flat().length,
    importBatches: [...state.controls.batches],
    seatMap: seatMapWarnings(state.controls.arrivals, state.now()),
    tickets: state.model.tickets.size,
  });

  /** A sliding minute over all versions and methods of the service (SecuTix: they count as one endpoint). */
  const overLimit = (): boolean => {
    const now = performance.now();
    recent = recent.filter((t) => now - t < 60_000);
    recent.push(now);
    const total = Object.values(counts.calls).reduce((a, b) => a + b, 0);
    const monthly = options.callsPerMonth ?? 0;
    if ((limit === 0 || recent.length <= limit) && (monthly === 0 || total <= monthly)) return false;
    counts.violations++;
    return true;
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://simulator').pathname;
    const send = (status: number, body: unknown): void => sendJson(request, response, status, body, state.now());
    if (path.startsWith('/_control/'))
      return send(...(await control(state, stats, request.method ?? '', path, () => readBody(request))));
    const front = await frontOf(request, response, path);
    if (response.writableEnded) return;
    if (!front) return send(404, { statusCode: 'error', statusDetail: 'no such method' });
    if (typeof front === 'number') return send(front, { statusCode: 'error', statusDetail: 'POST, of the right type' });
    const { method, fail } = front;
    const handler = handlerOf(method, options.methodNames ?? 'long');
    if (!handler) return fail(404, `Cannot find dispatch method for ${method}`);
    counts.calls[method] = (counts.calls[method] ?? 0) + 1;
    if (faults.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.latencyMs));
    if (overLimit()) return fail(options.limitStatus ?? 509, 'too many calls');
    if (spend(faults, 'cut')) return void request.socket.destroy();
    if (spend(faults, 'errors')) return fail(faults.errorStatus, 'a fault was asked for');
    if (spend(faults, 'html'))
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in</body></html>');
    if (spend(faults, 'malformed')) return void response.writeHead(200, { 'content-type': front.type }).end(front.half);
    const caller = await front.caller();
    if (typeof caller === 'string') {
      counts.refusedTokens++;
      return fail(401, caller);
    }
    const { body } = front;
    if (body === undefined) return fail(400, 'the body cannot be read');
    // SecuTix: performanceCodes came with 1.3; before, nobody reads them.
    if (front.version === 'v1_1' || front.version === 'v1_2') delete body.performanceCodes;
    const answer = handler(state, body, caller);
    if (spend(faults, 'cutAfterCommit')) return void request.socket.destroy();
    const requestId = body.requestId ?? null;
    front.succeed(
      answer.ok
        ? { requestId, statusCode: 'success', statusDetail: null, ...answer.data }
        : { requestId, statusCode: 'error', statusDetail: answer.detail },
    );
  }

  /** How a call came and how it is answered; all versions and both protocols are one service and share its limits. */
  async function frontOf(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<Front | number | undefined> {
    const soap = soapVersion(path);
    const [, restVersion, restMethod] = new RegExp(`^${SERVICE}/(v1_[1-6])/([A-Za-z]+)$`).exec(path) ?? [];
    const version = soap ?? restVersion;
    if (version === undefined) return undefined;
    if (request.method !== 'POST') return 405;
    const type = soap === undefined ? 'application/json' : 'text/xml';
    if (!request.headers['content-type']?.includes(type)) return 415;
    const text = await readBody(request);
    if (soap === undefined) {
      return {
        version,
        method: restMethod as string,
        body: objectOf(text),
        type,
        half: '{"statusCode":"succ',
        caller: () => accountOfToken(request.headers.authorization, state.accounts, auth, state.now()),
        fail: (status, says) =>
          sendJson(request, response, status, { statusCode: 'error', statusDetail: says }, state.now()),
        succeed: (result) => sendJson(request, response, 200, result, state.now()),
      };
    }
    const call = readCall(text, version);
    const sendXml = (status: number, xml: string): void =>
      sendText(request, response, status, xml, 'text/xml', state.now());
    if (typeof call === 'string') {
      sendXml(500, faultEnvelope('S:Client', call));
      return undefined;
    }
    return {
      version,
      method: call.method,
      body: call.body,
      type,
      half: '<?xml version="1.0"?><S:Env',
      caller: async () => accountOfUser(call.security, state.accounts),
      // JAX-WS answers faults with HTTP 500; the limiter stands before it and answers by status.
      fail: (status, says) => {
        if (status === 401) sendXml(500, faultEnvelope('wsse:FailedAuthentication', says));
        else if (status === 404 || status === 400) sendXml(500, faultEnvelope('S:Client', says));
        else sendXml(status, faultEnvelope('S:Server', says));
      },
      succeed: (result) => sendXml(200, resultEnvelope(version, call.method, result)),
    };
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(request, response).catch((error: unknown) => {
      if (!response.headersSent)
        sendJson(request, response, 500, { statusCode: 'error', statusDetail: String(error) }, state.now());
    });
  let server: Server = createServer(onRequest);
  if (authority) {
    const secure = createTlsServer(await authority.issue(), onRequest);
    state.certify = async (validity) => {
      secure.setSecureContext(await authority.issue(validity));
      // Connections made with the certificate before would go on with it.
      secure.closeIdleConnections();
    };
    server = secure;
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const origin = `${authority ? 'https' : 'http'}://${options.host ?? '127.0.0.1'}:${port}`;
  return {
    url: `${origin}${SERVICE}`,
    origin,
    port,
    ca: authority?.ca,
    model: state.model,
    faults,
    state,
    controls: () => state.controls.all(),
    stats,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The short spelling of AC's own text, and what it stands for. */
const SHORT: Readonly<Record<string, string>> = {
  getCatalog: 'getAccessControlCatalog',
  importControlledTickets: 'importControlledTicket',
};

function handlerOf(method: string, names: 'long' | 'short' | 'both'): (typeof METHODS)[string] | undefined {
  const isShort = Object.hasOwn(SHORT, method);
  const hasShort = Object.values(SHORT).includes(method);
  if ((isShort && names === 'long') || (hasShort && names === 'short')) return undefined;
  const name = SHORT[method] ?? method;
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
}

/** One performance for which people come now, one tomorrow. */
function startingSoon(now: number): ServiceState['performances'] {
  const hour = 3_600_000;
  const start = Math.ceil(now / hour) * hour;
  return new Map([
    ['PERF1', { name: 'Performance 1', start, end: start + 2 * hour, doors: start - 2 * hour }],
    ['PERF2', { name: 'Performance 2', start: start + 24 * hour, end: start + 26 * hour }],
  ]);
}

interface Front {
  version: string;
  method: string;
  /** Undefined = it cannot be read. */
  body: Record<string, unknown> | undefined;
  type: string;
  /** An answer that was cut in the middle. */
  half: string;
  /** A text = why nobody is let in. */
  caller: () => Promise<Account | string>;
  fail: (status: number, says: string) => void;
  succeed: (result: object) => void;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function defined(options: SimulatorOptions): Partial<Account> {
  const { institution, operator, partner, secret, products } = options;
  return Object.fromEntries(
    Object.entries({ institution, operator, partner, secret, products }).filter(([, v]) => v !== undefined),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw new Error('the body is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
  now: number,
): void {
  sendText(request, response, status, JSON.stringify(body), 'application/json', now);
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  type: string,
  now: number,
): void {
  const gzip = (request.headers['accept-encoding'] ?? '').includes('gzip') && text.length > 1_000;
  const bytes = gzip ? gzipSync(text, { level: constants.Z_BEST_SPEED }) : Buffer.from(text);
  response.writeHead(status, {
    'content-type': type,
    date: new Date(now).toUTCString(),
    'content-length': bytes.length,
    ...(gzip && { 'content-encoding': 'gzip' }),
  });
  response.end(bytes);
}
