import assert from 'node:assert/strict';
import { LocalBroker } from '../../src/cli/demo/broker.js';
import type { GateProcess } from '../../src/cli/demo/stage.js';
import { gateName, HUB, passwordOf, VenueStage } from '../../src/cli/demo/venue-stage.js';
import { startSimulator } from '../../src/simulator/server.js';
import { shot, unfit, violations } from './browser.js';
import type { Scenario } from './given.js';
import { comeIn, PATIENCE, PIN, until } from './given.js';

const SECRET = 'a secret of a venue that is long enough to be taken';
const GATE = gateName(0);

async function originOf(gate: GateProcess): Promise<string> {
  let origin = '';
  await until('the page is there', async () => {
    const access = await gate.api.get<{ addresses: string[] }>('/access').catch(() => undefined);
    origin = access?.addresses[0]?.replace(/\/$/, '') ?? '';
    return origin !== '';
  });
  return origin;
}

export const VENUE: Readonly<Record<string, Scenario>> = {
  'a venue: hub and broker, who is inside, and a gate that is cut off': async (given) => {
    const { folder, main } = given;
    const simulator = await startSimulator({ port: 0, tickets: 300, seed: 1, callsPerMinute: 0 });
    given.later(() => simulator.close());
    const broker = await LocalBroker.start({
      folder: `${folder}/broker`,
      users: [HUB, GATE].map((name) => [name, passwordOf(name)] as const),
    });
    given.later(() => broker.stop());
    const stage = new VenueStage({
      folder,
      main,
      gates: 1,
      brokerUrl: broker.url,
      secutixUrl: simulator.url,
      secret: SECRET,
      claim: () => ({ policy: 'budget', budget: 20 }),
      config: () => ({ diagnostics: { listen: ['127.0.0.1:0'], pins: { technician: PIN } } }),
    });
    given.later(() => stage.stop());
    const [hub, gate] = [stage.start(HUB), stage.start(GATE)];
    await gate.until((s) => s.lanes[0]?.phase === 'ready' && s.conditions.length === 0, PATIENCE * 2);
    const code = [...simulator.model.tickets.values()].find(
      (t) => t.productCode === 'P1' && t.performanceCode === 'PERF1' && t.state === 'VALID',
    );
    await gate.api.post('/lanes/lane-1/readers/0/present', code?.barcode);

    const atHub = await comeIn(given, { origin: await originOf(hub) }, 'desktop', { language: 'fr' });
    const facts = atHub.page.locator('dl[aria-labelledby=venue]');
    await facts.getByText('1 sur 1').waitFor();
    await until('somebody is inside', async () => /Dedans maintenant\s*1\b/.test(await facts.innerText()));
    assert.match(await facts.innerText(), /Broker\s+connecté/);
    await shot(atHub.page, 'venue-hub');
    assert.deepEqual(await violations(atHub.page), []);

    const atGate = await comeIn(given, { origin: await originOf(gate) }, 'phone');
    const own = atGate.page.locator('dl[aria-labelledby=venue]');
    await own.getByText('in touch', { exact: true }).waitFor();
    await broker.stop();
    await atGate.page.waitForSelector('.problem-card[data-kind="cut-off-broker"]');
    await own.getByText('cut off', { exact: true }).waitFor();
    await own.getByText('not connected').waitFor();
    assert.match(await own.innerText(), /20 possible at most/);
    await shot(atGate.page, 'venue-cut-off');
    assert.deepEqual([...(await violations(atGate.page)), ...(await unfit(atGate.page))], []);
    assert.deepEqual([...atHub.complaints, ...atGate.complaints], []);
  },
};
