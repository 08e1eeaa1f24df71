import type { Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Pattern } from '../../drivers/contract.js';
import { whoOf } from './actor.js';
import { bundleName } from './bundle.js';
import type { GuidedReport, GuidedStep } from './live-model.js';
import { assertLane, LONGEST_HOLD } from './live.js';
import { LOG_LEVELS } from '../log.js';
import type { ReadModel } from './read-model.js';

const PATTERNS: readonly Pattern[] = ['ready', 'admit', 'attend', 'refuse', 'wait', 'fault', 'closed', 'free'];
const MAX_LOGS = 2_000;
const MAX_STEPS = 200;

/** What the technician's page and `portillon doctor`, `top`, `bundle`, `logs` ask beside the rest. */
export function liveRoutes(api: Hono, model: ReadModel): void {
  const { live } = model;
  api.get('/vitals', (c) => {
    const names = new Map(model.programme().performances.map((p) => [p.code, p.name]));
    const on = model.desk.programme().map(({ performances, ...rest }) => ({
      ...rest,
      performances: performances?.map((code) => ({ code, name: names.get(code) ?? null })) ?? null,
    }));
    const { venue } = model;
    const there = { venue: venue?.report() ?? null, counts: venue?.counts() ?? null };
    return c.json({
      ...live.gate,
      vitals: live.vitals(),
      on,
      ...there,
      extra: live.extra(),
      wire: live.trace.totals(),
    });
  });
  api.get('/recent', (c) => c.json(live.recent()));
  api.get('/trends', (c) => c.json(live.trends()));
  api.get('/lanes/:lane/devices/:role/trace', (c) => {
    const { lanes } = model.status();
    assertLane(lanes, c.req.param('lane'));
    return c.json(live.trace.last(`${c.req.param('lane')}/${c.req.param('role')}`));
  });
  api.get('/lanes/:lane/trace', (c) => {
    const lane = c.req.param('lane');
    assertLane(model.status().lanes, lane);
    return streamSSE(c, async (stream) => {
      const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
      const off = live.trace.on((entry) => {
        if (entry.device.startsWith(`${lane}/`)) void stream.writeSSE({ event: 'trace', data: JSON.stringify(entry) });
      });
      await stream.writeSSE({ event: 'open', data: '{}' });
      await closed;
      off();
    });
  });
  api.post('/lanes/:lane/show', async (c) => {
    const { pattern } = await body<{ pattern?: Pattern }>(c);
    if (!pattern || !PATTERNS.includes(pattern))
      return c.json({ error: `pattern must be one of ${PATTERNS.join(', ')}` }, 400);
    live.show(c.req.param('lane'), pattern);
    return c.body(null, 204);
  });
  api.post('/lanes/:lane/test', async (c) => {
    const { seconds, who: claimed } = await body<{ seconds?: number; who?: string }>(c);
    const who = whoOf(c, claimed);
    if (!who) return c.json({ error: 'who must say who asks for it' }, 400);
    if (typeof seconds !== 'number' || !(seconds >= 0 && seconds * 1000 <= LONGEST_HOLD))
      return c.json({ error: `seconds must be 0 (end) to ${LONGEST_HOLD / 1000}` }, 400);
    assertLane(model.status().lanes, c.req.param('lane'));
    if (seconds === 0) await live.release(c.req.param('lane'), who);
    else await live.hold(c.req.param('lane'), seconds * 1000, who);
    return c.body(null, 204);
  });
  api.post('/selftest/report', async (c) => {
    const report = await body<Partial<GuidedReport>>(c);
    const steps = report.steps;
    if (!Array.isArray(steps) || steps.length > MAX_STEPS || !steps.every(isStep))
      return c.json({ error: 'steps must be a list of lane, name, result, detail' }, 400);
    const status = model.status();
    const kept: GuidedReport = {
      at: Date.now(),
      who: whoOf(c, report.who) ?? 'somebody',
      version: status.version,
      devices: Array.isArray(report.devices) ? report.devices.slice(0, MAX_STEPS) : [],
      steps: steps.map(({ lane, name, result, detail, ms }) => ({
        lane: lane.slice(0, 40),
        name: name.slice(0, 80),
        result,
        detail: detail.slice(0, 300),
        ...(typeof ms === 'number' && { ms }),
      })),
    };
    live.keepReport(kept);
    return c.json(kept);
  });
  api.get('/selftest/reports', (c) => c.json(live.reports()));
  api.get('/logs', (c) => {
    const limit = Number(c.req.query('limit') ?? 200);
    const level = c.req.query('level') ?? 'debug';
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LOGS)
      return c.json({ error: `limit must be 1 to ${MAX_LOGS}` }, 400);
    if (!(LOG_LEVELS as readonly string[]).includes(level))
      return c.json({ error: `level must be one of ${LOG_LEVELS.join(', ')}` }, 400);
    if (c.req.query('follow') === undefined) return c.json(live.logs.tail(limit, level));
    return streamSSE(c, async (stream) => {
      const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
      for (const line of live.logs.tail(limit, level)) await stream.writeSSE({ event: 'log', data: line });
      const off = live.logs.on((line) => void stream.writeSSE({ event: 'log', data: line }));
      await stream.writeSSE({ event: 'open', data: '{}' });
      await closed;
      off();
    });
  });
  api.get('/bundle', async (c) => {
    const bytes = await live.bundle();
    await live.note(`support bundle made for ${whoOf(c, 'the command line') ?? 'somebody'}`);
    return c.body(Buffer.from(bytes), 200, {
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="${bundleName(live.gate.id, Date.now())}.tar.gz"`,
    });
  });
}

function isStep(step: unknown): step is GuidedStep {
  const { lane, name, result, detail } = (step ?? {}) as Record<string, unknown>;
  return (
    typeof lane === 'string' &&
    typeof name === 'string' &&
    typeof detail === 'string' &&
    (result === 'pass' || result === 'fail' || result === 'skipped')
  );
}

/** A body that is no JSON is an empty one: what is missing is named by the route. */
async function body<T extends object>(c: Context): Promise<Partial<T>> {
  try {
    const value: unknown = await c.req.json();
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
