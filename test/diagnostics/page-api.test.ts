import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GateProcess } from '../../src/cli/demo/stage.js';
import { createApi } from '../../src/diagnostics/api.js';
import { openApi } from '../../src/diagnostics/openapi.js';
import type { ReadModel } from '../../src/diagnostics/read-model.js';
import { ROUTES, routeOf } from '../../src/diagnostics/routes.js';
import { SCHEMAS } from '../../src/diagnostics/schemas.js';
import { FIRST_TICKET } from '../../src/simulator/model.js';
import { cleanup } from '../support/builders.js';
import { PageClient, pageGate, PIN } from '../support/page-gate.js';

type Event = { what?: string; who?: string };

/** The journal is written behind the answer: an incident never makes a person wait. */
async function journalUntil(gate: GateProcess, condition: (records: Event[]) => boolean): Promise<Event[]> {
  for (;;) {
    const records = await gate.api.get<Event[]>('/journal');
    if (condition(records)) return records;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the documentation of the API', () => {
  it('has every route there is, and no other', () => {
    const api = createApi({ live: {} } as ReadModel);
    const there = api.routes.filter((r) => r.method !== 'ALL').map((r) => `${r.method} ${r.path}`);
    expect([...new Set(there)].sort()).toEqual(ROUTES.map((r) => `${r.method} ${r.path}`).sort());
  });
  it('names a schema for every answer, and every reference resolves', () => {
    const document = openApi() as { paths: object; components: { schemas: object } };
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1]);
    expect(Object.keys(document.paths).sort()).toEqual(
      [...new Set([...ROUTES.map((r) => r.path.replaceAll(/:([a-z]+)/g, '{$1}')), '/session'])].sort(),
    );
    for (const name of references) expect(document.components.schemas).toHaveProperty(name as string);
    expect(routeOf('GET', '/ticket/a%2Fb')?.path).toBe('/ticket/:code');
    expect(routeOf('GET', '/nothing')).toBeUndefined();
  });
});

describe('the page of a running gate', () => {
  it('answers as it is documented, shows no whole code, and bundles no secret', async () => {
    const { gate, origin, wires, folder } = await pageGate();
    wires.barcode.scan(FIRST_TICKET);
    await gate.until((s) => s.lanes[0]?.counters.admitted === 1, 20_000);
    const anna = new PageClient(origin);
    expect((await anna.login(PIN)).body).toMatchObject({ session: { name: 'Anna', role: 'technician' } });
    const here = await anna.call('GET', '/api/session');
    expect(SCHEMAS.Session?.safeParse(here.body).error?.issues ?? []).toEqual([]);
    for (const route of ROUTES) {
      if (
        route.answer === null ||
        route.answer === 'stream' ||
        route.answer === 'file' ||
        route.answer === 'metrics' ||
        route.role === null
      )
        continue;
      if (route.path === '/selftest/report' || route.path.startsWith('/steward/')) continue;
      // This gate stands alone: the counts of a venue are at its hub (test/venue/live-counts.test.ts).
      if (route.path === '/venue/counts') continue;
      const url = `/api${route.path.replace(':lane', 'lane-1').replace(':role', 'reader-0').replace(':code', FIRST_TICKET)}${route.path === '/decide' ? `?code=${FIRST_TICKET}` : ''}`;
      const answer = await anna.call(route.method, url);
      expect([route.path, answer.status]).toEqual([route.path, 200]);
      const checked = SCHEMAS[route.answer]?.safeParse(answer.body);
      expect([route.path, checked?.error?.issues ?? []]).toEqual([route.path, []]);
      const asked = route.path === '/ticket/:code' || route.path === '/decide';
      if (!asked && route.answer !== 'Trace') expect(answer.text).not.toContain(FIRST_TICKET);
    }
    const report = await anna.call('POST', '/api/selftest/report', {
      steps: [{ lane: 'lane-1', name: 'barrier', result: 'pass', detail: 'opened', ms: 12 }],
    });
    expect(SCHEMAS.GuidedReport?.safeParse(report.body).success).toBe(true);
    expect(report.body.who).toBe('Anna (technician, page)');

    const bundle = await gate.api.get<unknown>('/vitals').then(async () => {
      const file = path.join(folder, 'bundle.tar.gz');
      const bytes = await new Promise<Buffer>((resolve, reject) => {
        void import('node:http').then(({ get }) =>
          get(`${origin}/api/bundle`, { headers: { cookie: anna.cookie } }, (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (c: Buffer) => chunks.push(c));
            response.on('end', () => resolve(Buffer.concat(chunks)));
            response.on('error', reject);
          }),
        );
      });
      writeFileSync(file, bytes);
      return file;
    });
    const names = execFileSync('tar', ['tzf', bundle], { encoding: 'utf8' }).trim().split('\n');
    expect(names.map((n) => n.split('/')[1]).sort()).toEqual([
      'README.txt',
      'configuration.json',
      'databases.json',
      'extra.json',
      'guided.json',
      'journal.json',
      'log.ndjson',
      'selftest.json',
      'status.json',
      'trends.json',
      'vitals.json',
      'wire.json',
    ]);
    const everything = execFileSync('tar', ['xzOf', bundle], { encoding: 'utf8' });
    expect(everything).toContain('ready to decide');
    expect(everything).toContain('"path": "secutix.pull.pageSize"');
    for (const secret of [FIRST_TICKET, Buffer.from(FIRST_TICKET).toString('hex'), 'portillon-simulator-secret', PIN])
      expect(everything).not.toContain(secret);
  });

  it('lets in by role, asks again for what moves, believes no other site, and journals who it was', async () => {
    const { gate, origin } = await pageGate();
    const nobody = new PageClient(origin);
    expect((await nobody.call('GET', '/api/status')).status).toBe(401);
    expect((await nobody.call('GET', '/app/../../package.json')).status).toBe(404);
    expect((await nobody.call('GET', '/app/diagnostics/page/..%2fapi.js')).status).toBe(404);
    expect((await nobody.call('GET', '/', undefined, { host: 'evil.example' })).status).toBe(421);

    const zoe = new PageClient(origin);
    await zoe.login('only-looking', 'Zoe');
    expect((await zoe.call('GET', '/api/status')).status).toBe(200);
    expect((await zoe.call('POST', '/api/lanes/lane-1/pulse', {}, { 'x-confirm': 'yes' })).status).toBe(403);
    expect((await zoe.call('GET', '/api/lanes/lane-1/devices/reader-0/trace')).status).toBe(403);

    const anna = new PageClient(origin);
    const login = await anna.login(PIN);
    expect(login.headers['set-cookie']?.[0]).toMatch(/HttpOnly; SameSite=Strict$/);
    expect(login.headers['content-security-policy']).toContain("default-src 'none'");
    expect((await anna.call('POST', '/api/lanes/lane-1/pulse', {})).status).toBe(428);
    expect(
      (await anna.call('POST', '/api/lanes/lane-1/pulse', {}, { 'x-confirm': 'yes', 'x-csrf-token': 'guess' })).status,
    ).toBe(403);
    expect((await anna.call('POST', '/api/access/one-time-pin', {})).status).toBe(404);
    // Another name in the body changes nothing.
    expect(
      (await anna.call('POST', '/api/lanes/lane-1/pulse', { who: 'the director' }, { 'x-confirm': 'yes' })).status,
    ).toBe(204);
    const journal = await journalUntil(gate, (records) => records.some((r) => r.what === 'pulse'));
    expect(journal.find((r) => r.what === 'pulse')?.who).toBe('Anna (technician, page)');
    expect(journal.some((r) => r.what?.startsWith('Anna came in as technician'))).toBe(true);
    await anna.call('DELETE', '/api/session');
    expect((await anna.call('GET', '/api/status')).status).toBe(401);
  });

  it('a program comes in with a token', async () => {
    const { origin } = await pageGate();
    const program = new PageClient(origin);
    const token = { authorization: `Bearer ${PIN}` };
    expect((await program.call('GET', '/api/vitals', undefined, token)).status).toBe(200);
    expect((await program.call('GET', '/api/vitals', undefined, token)).status).toBe(200);
    expect((await program.call('GET', '/api/vitals', undefined, { authorization: 'Bearer wrong-token' })).status).toBe(
      401,
    );
  });

  it('slows down who guesses; a PIN made on the machine ends the waiting, admits once and asks for a PIN of one’s own', async () => {
    const { gate, origin } = await pageGate((config) => {
      config.diagnostics = { listen: ['127.0.0.1:0'] };
    });
    const guesser = new PageClient(origin);
    const answers: number[] = [];
    for (let i = 0; i < 12; i++) answers.push((await guesser.login(String(10_000_000 + i))).status);
    expect(answers.slice(0, 3)).toEqual([401, 401, 401]);
    expect(answers.slice(3)).toContain(429);
    expect(answers).not.toContain(200);
    const { pin } = await gate.api.post<{ pin: string }>('/access/one-time-pin', '{}');
    const anna = new PageClient(origin);
    expect((await anna.login(pin)).body.session).toMatchObject({ mustSetPin: true });
    expect((await anna.call('GET', '/api/status')).status).toBe(403);
    expect((await anna.call('POST', '/api/access/pins/technician', { pin: PIN })).status).toBe(204);
    expect((await anna.call('GET', '/api/status')).status).toBe(200);
    expect((await new PageClient(origin).login(pin)).status).toBe(401);
    expect((await new PageClient(origin).login(PIN)).status).toBe(200);
  });

  it('while a lane is tested its reads are shown and not decided; the lane is back by itself', async () => {
    const { gate, origin, wires } = await pageGate();
    const anna = new PageClient(origin);
    await anna.login(PIN);
    const stop = new AbortController();
    cleanup(() => stop.abort());
    const reads: string[] = [];
    let heard: () => void = () => {};
    const read = new Promise<void>((resolve) => (heard = resolve));
    await gate.api.events('read', (r) => (reads.push(r.text), heard()), stop.signal);
    const test = (seconds: number) => anna.call('POST', '/api/lanes/lane-1/test', { seconds }, { 'x-confirm': 'yes' });
    expect((await test(60)).status).toBe(204);
    wires.barcode.scan(FIRST_TICKET);
    await read;
    expect(reads).toEqual([FIRST_TICKET]);
    const held = await gate.api.get<{ lanes: { held?: boolean; counters: { reads: number } }[] }>('/status');
    expect(held.lanes[0]).toMatchObject({ held: true, counters: { reads: 0 } });
    // The page goes away: nobody says that the test is over.
    await test(1);
    await gate.until(
      (s) => s.lanes[0]?.held === undefined && !s.conditions.some((c) => c.kind === 'lane-held'),
      20_000,
    );
    wires.barcode.scan(FIRST_TICKET);
    await gate.until((s) => s.lanes[0]?.counters.admitted === 1, 20_000);
    const tests = (records: Event[]): Event[] => records.filter((r) => r.what === 'test' || r.what === 'test-over');
    expect(tests(await journalUntil(gate, (records) => tests(records).length >= 2))).toHaveLength(2);
  });
});
