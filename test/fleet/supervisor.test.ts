import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { talkToSupervisor } from '../../src/fleet/supervisor.js';
import { silentLog } from '../../src/log.js';
import { cleanup } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';

/** balena's supervisor as its API documents it: `Authorization: Bearer`, tags as one object of texts. */
async function supervisor() {
  const calls: { what: string; body: string }[] = [];
  const tags: Record<string, string> = { owner: 'anna' };
  const state = { update_pending: false, update_downloaded: false, broken: false };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const what = `${request.method} ${request.url}`;
      calls.push({ what, body });
      const answer = (code: number, value: unknown): void => {
        response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      };
      if (request.headers.authorization !== 'Bearer a-key') return answer(401, 'Unauthorized');
      if (state.broken) return answer(503, 'starting');
      if (what === 'GET /v2/device/name') return answer(200, { status: 'success', deviceName: 'north-gate' });
      if (what === 'GET /v1/device') return answer(200, { ...state, api_port: 48484 });
      if (what === 'PATCH /v2/device/tags') {
        Object.assign(tags, JSON.parse(body));
        return answer(200, { status: 'success' });
      }
      answer(404, {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  cleanup(() => server.closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, tags, state };
}

function talk(env: NodeJS.ProcessEnv, tags: () => Record<string, string> | undefined) {
  const clock = new FakeClock();
  const stop = new AbortController();
  cleanup(() => stop.abort());
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (data: object) => void warnings.push(JSON.stringify(data)) };
  const talking = talkToSupervisor({ clock, log: log, env, tags, signal: stop.signal });
  return { talking, clock, warnings };
}

describe("balena's supervisor", () => {
  it('is told by tags who runs here, once for each change, and says name and waiting update', async () => {
    const s = await supervisor();
    let health = 'ok';
    const { talking, clock } = talk({ BALENA_SUPERVISOR_ADDRESS: s.url, BALENA_SUPERVISOR_API_KEY: 'a-key' }, () => ({
      'portillon.gate': 'north-1',
      'portillon.health': health,
    }));
    const patches = (): number => s.calls.filter((c) => c.what.startsWith('PATCH')).length;
    const rounds = (): number => s.calls.filter((c) => c.what === 'GET /v1/device').length;
    await vi.waitFor(() => expect(s.tags).toMatchObject({ owner: 'anna', 'portillon.gate': 'north-1' }), 10_000);
    expect(talking?.state).toEqual({ name: 'north-gate', updateWaiting: false });
    Object.assign(s.state, { update_pending: true, update_downloaded: true });
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(talking?.state.updateWaiting).toBe(true);
    }, 10_000);
    expect(patches()).toBe(1);
    health = 'degraded';
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(s.tags['portillon.health']).toBe('degraded');
    }, 10_000);
    expect(patches()).toBe(2);
    expect(rounds()).toBeGreaterThan(2);
  });

  it('that fails is told once, without the key, and asked again', async () => {
    const s = await supervisor();
    s.state.broken = true;
    const { talking, clock, warnings } = talk(
      { BALENA_SUPERVISOR_ADDRESS: s.url, BALENA_SUPERVISOR_API_KEY: 'a-key' },
      () => undefined,
    );
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(s.calls.length).toBeGreaterThan(2);
    }, 10_000);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('HTTP 503');
    expect(warnings[0]).not.toContain('a-key');
    s.state.broken = false;
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(talking?.state.name).toBe('north-gate');
    }, 10_000);
    expect(s.calls.some((c) => c.what.startsWith('PATCH'))).toBe(false);
  });

  it('is left alone where there is none', () => {
    expect(talk({}, () => ({})).talking).toBeUndefined();
  });
});
