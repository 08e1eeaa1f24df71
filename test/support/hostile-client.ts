/** A client of its own process, so that its memory can be measured. Arguments: address of the server, transport, names of attacks. One line of JSON. */
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { createSecutixClient } from '../../src/secutix/client.js';
import { defaultSettings } from '../../src/secutix/settings.js';
import { SecutixError } from '../../src/secutix/types.js';
import { SIMULATOR_DEFAULTS } from '../../src/simulator/server.js';

const [base = '', transport = 'rest', ...attacks] = process.argv.slice(2);
const scope = { listType: 'GREY' as const, ticketType: 'ALL' as const, season: 'S', products: [], performances: [] };
const said: Record<string, string> = {};
for (const attack of attacks) {
  const settings = defaultSettings({
    ...SIMULATOR_DEFAULTS,
    // Bounds, deadlines: everything as it is shipped.
    url: `${base}/${attack}${transport === 'soap' ? '/external-remoting/' : ''}`,
    transport: transport as 'rest' | 'soap',
    limits: { callsPerMinute: 0, exportEveryMs: 0 },
    retry: { attempts: 1, baseMs: 1, maxMs: 1 },
  });
  const client = createSecutixClient(settings, {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    limiterStore: { load: () => undefined, save: async () => {} },
  });
  try {
    const page = await client.exportPage(scope, null, { pageSize: 5000, firstOfRun: true });
    said[attack] = `a page of ${page.items.length}`;
  } catch (error) {
    if (!(error instanceof SecutixError)) throw error;
    said[attack] = `${error.kind}: ${error.message}`;
  }
  await client.close();
}
// Kilobytes.
process.stdout.write(`${JSON.stringify({ said, peakMb: process.resourceUsage().maxRSS / 1024 })}\n`);
