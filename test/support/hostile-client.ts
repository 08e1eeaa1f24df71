/** A client of its own process, so that its memory can be measured. Arguments: address of the server, transport, names of attacks. One line of JSON. */
import { SecutixError } from '../../src/secutix/types.js';
import { clientOf, settingsOf } from './secutix.js';

const [base = '', transport = 'rest', ...attacks] = process.argv.slice(2);
const scope = { listType: 'GREY' as const, ticketType: 'ALL' as const, season: 'S', products: [], performances: [] };
const said: Record<string, string> = {};
for (const attack of attacks) {
  // Bounds, deadlines: everything as it is shipped.
  const client = clientOf(
    settingsOf(`${base}/${attack}${transport === 'soap' ? '/external-remoting/' : ''}`, {
      transport: transport as 'rest' | 'soap',
      retry: { attempts: 1, baseMs: 1, maxMs: 1 },
    }),
  );
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
