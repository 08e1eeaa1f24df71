import type { Hono } from 'hono';
import { METRICS_TYPE, metricsText } from './metrics.js';
import type { ReadModel } from './read-model.js';

/** For Prometheus: `/metrics`, text exposition format. */
export function metricsRoutes(api: Hono, model: ReadModel): void {
  api.get('/metrics', (c) => c.body(metricsText(model), 200, { 'content-type': METRICS_TYPE }));
}
