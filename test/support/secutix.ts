import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { createSecutixClient } from '../../src/secutix/client.js';
import type { SecutixSettings } from '../../src/secutix/settings.js';
import { defaultSettings } from '../../src/secutix/settings.js';
import type { SecutixClient } from '../../src/secutix/types.js';
import { SIMULATOR_DEFAULTS } from '../../src/simulator/server.js';

/** What everybody asks the simulator for. */
export const GREY = {
  listType: 'GREY' as const,
  ticketType: 'ALL' as const,
  season: 'S26',
  products: ['P1', 'P2'],
  performances: [],
};

/** Who the simulator knows, without limits of its own. */
export const settingsOf = (url: string, settings: Partial<SecutixSettings> = {}): SecutixSettings =>
  defaultSettings({ url, ...SIMULATOR_DEFAULTS, limits: { callsPerMinute: 0, exportEveryMs: 0 }, ...settings });

/** A client that remembers nothing between two processes. */
export const clientOf = (settings: SecutixSettings): SecutixClient =>
  createSecutixClient(settings, {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    limiterStore: { load: () => undefined, save: async () => {} },
  });
