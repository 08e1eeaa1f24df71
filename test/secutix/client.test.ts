import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { createSecutixClient } from '../../src/secutix/client.js';
import type { SecutixSettings } from '../../src/secutix/settings.js';
import { defaultSettings } from '../../src/secutix/settings.js';
import type { SimulatorOptions } from '../../src/simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import { cleanup } from '../support/builders.js';

function client(url: string, rest: Partial<SecutixSettings> = {}) {
  const settings = defaultSettings({
    url,
    ...SIMULATOR_DEFAULTS,
    limits: { callsPerMinute: 0, exportEveryMs: 0 },
    retry: { attempts: 3, baseMs: 1, maxMs: 5 },
    ...rest,
  });
  const made = createSecutixClient(settings, {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    limiterStore: { load: () => undefined, save: async () => {} },
  });
  cleanup(() => made.close());
  return made;
}
async function simulated(rest: Partial<SimulatorOptions> = {}, settings: Partial<SecutixSettings> = {}) {
  const simulator = await startSimulator({ port: 0, tickets: 50, seed: 3, callsPerMinute: 0, ...rest });
  cleanup(() => simulator.close());
  return { simulator, api: client(simulator.url, settings) };
}
/** A server that answers as a test wants. */
async function answering(body: string | Buffer, headers: Record<string, string> = {}, status = 200): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const scope = { listType: 'GREY' as const, ticketType: 'ALL' as const, season: 'S26', products: [], performances: [] };
const page = { pageSize: 100, firstOfRun: false };
const check = { checkId: 'g-1', barcode: 'X', at: Date.UTC(2026, 0, 1), admitted: true, reason: 'admitted' };

describe('the client against the simulator', () => {
  it('speaks every method', async () => {
    const { simulator, api } = await simulated();
    expect(await api.getTimeZone()).toMatchObject({ timeZone: 'Europe/Zurich' });
    expect(JSON.stringify(await api.getCatalogue('S26'))).toContain('PERF1');
    const got = await api.exportPage(scope, null, page);
    expect(got.counted).toBe(50);
    expect(got.items[0]).toMatchObject({
      kind: 'ticket',
      ticket: { barcode: '24282035061813972260', state: 'VALID', extra: { futureField: { version: 2 } } },
    });
    await api.importChecks([{ ...check, barcode: '24282035061813972260' }]);
    expect(simulator.controls()).toMatchObject([
      { acIdentifier: 'g-1', controlDate: '2026-01-01T00:00:00.000Z', controlResult: 'OK', failureReason: 'OK' },
    ]);
    const history = await api.getControlledTicket('24282035061813972260');
    expect(history).toMatchObject({ state: 'VALID', operations: [{ type: 'OK' }] });
    expect((await api.burnTicket('24282035061813972260')).operations).toHaveLength(2);
  });

  it('repeats a call that was cut after the server had done it, and the check counts once', async () => {
    const { simulator, api } = await simulated();
    simulator.faults.cutAfterCommit = 1;
    await api.importChecks([check]);
    expect(simulator.controls()).toMatchObject([{ received: 2 }]);
  });

  it('never repeats a burn by itself', async () => {
    const { simulator, api } = await simulated();
    simulator.faults.cutAfterCommit = 1;
    await expect(api.burnTicket('24282035061813972260')).rejects.toMatchObject({ kind: 'transport' });
    expect(simulator.controls()).toHaveLength(1);
  });

  it('measures the clock from the answers and is right at the second try', async () => {
    const { simulator, api } = await simulated();
    simulator.faults.skewMs = 95_000;
    await api.getTimeZone();
    expect(simulator.stats().refusedTokens).toBe(1);
    expect(api.budget().skewMs).toBeGreaterThan(93_000);
  });

  it('names a wrong secret without showing it', async () => {
    const { api } = await simulated({}, { secret: 'a-wrong-secret-nobody-must-see-here' });
    const error = await api.getTimeZone().catch((e: unknown) => e as Error & { hint: string });
    expect(error).toMatchObject({
      kind: 'auth',
      httpStatus: 401,
      hint: expect.stringContaining('secutix.secret') as string,
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('nobody-must-see');
  });

  it.each([
    ['cut', { cut: 9 }, 'transport', 3],
    ['HTTP 503', { errors: 9 }, 'server', 3],
    ['a web page', { html: 9 }, 'malformed', 1],
    ['broken JSON', { malformed: 9 }, 'malformed', 1],
    ['a cursor that is a number', { badCursor: 9 }, 'malformed', 1],
    ['HTTP 509', { errors: 9, errorStatus: 509 }, 'limit', 1],
  ])('%s', async (_name, faults, kind, calls) => {
    const { simulator, api } = await simulated();
    Object.assign(simulator.faults, faults);
    await expect(api.exportPage(scope, null, page)).rejects.toMatchObject({ kind });
    expect(simulator.stats().calls.exportList).toBe(calls);
  });

  it('a refusal keeps the words of the server', async () => {
    const { simulator, api } = await simulated();
    simulator.state.rules.rejectBarcodes.add('X');
    await expect(api.importChecks([check])).rejects.toMatchObject({
      kind: 'business',
      statusCode: 'error',
      statusDetail: 'control g-1 cannot be imported',
    });
  });
});

describe('hostile answers', () => {
  it('no answer within the deadline', async () => {
    const { simulator, api } = await simulated({}, { timeoutMs: 50, retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
    simulator.faults.latencyMs = 10_000;
    await expect(api.getTimeZone()).rejects.toMatchObject({
      kind: 'transport',
      message: expect.stringContaining('within 50 ms') as string,
    });
  });
  it('a zip bomb', async () => {
    const url = await answering(gzipSync(Buffer.alloc(20_000_000, 0x20)), { 'content-encoding': 'gzip' });
    await expect(client(url, { maxAnswerBytes: 1_000_000 }).getTimeZone()).rejects.toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining('larger') as string,
    });
  });
  it('a page whose items are no list', async () => {
    const url = await answering(
      '{"statusCode":"SUCCESS","accessControlListData":{"accessControlListItems":"x","paginationEnd":"1"}}',
    );
    await expect(client(url).exportPage(scope, null, page)).rejects.toMatchObject({ kind: 'malformed' });
  });
  it('one line that cannot be read leaves the rest', async () => {
    const items = [
      { barcode: '1', state: 'VALID' },
      { barcode: [1] },
      null,
      { barcode: 77, state: 'SOLD', validityStartTime: '2026-01-01T10:00:00' },
    ];
    const url = await answering(
      JSON.stringify({
        statusCode: 'success',
        accessControlListData: { accessControlListItems: items, paginationEnd: null },
      }),
    );
    const got = await client(url).exportPage(scope, null, page);
    expect(got.cursor).toBeNull();
    expect(got.items).toEqual([
      { kind: 'ticket', ticket: { barcode: '1', state: 'VALID' } },
      { kind: 'unreadable', index: 1, why: 'no readable barcode', raw: '{"barcode":[1]}' },
      { kind: 'unreadable', index: 2, why: 'not an object', raw: 'null' },
      {
        kind: 'ticket',
        ticket: {
          barcode: '77',
          state: 'UNREADABLE',
          extra: { state: 'SOLD', validityStartTime: '2026-01-01T10:00:00' },
        },
      },
    ]);
  });
});
