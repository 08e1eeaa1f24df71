import { describe, expect, it } from 'vitest';
import { secutixContract, simulated } from '../contract/secutix.js';

for (const version of ['v1_2', 'v1_3', 'v1_4', 'v1_5', 'v1_6']) secutixContract(`REST ${version}`, { version });
secutixContract('REST v1_5 with the short names of methods', { version: 'v1_5' }, { methodNames: 'short' });
secutixContract(
  'REST v1_2 with the old name of the card',
  { version: 'v1_2' },
  { rename: { containerIdentifier: 'containerId' } },
);
secutixContract(
  'REST with names of the institution’s own',
  { aliases: { state: ['etat'], tariff: ['tarif'] } },
  { rename: { state: 'etat', audienceSubCategoryCode: 'tarif' } },
);
secutixContract('SOAP v1_6', { version: 'v1_6', transport: 'soap' });
secutixContract(
  'SOAP v1_2 with the short names of methods',
  { version: 'v1_2', transport: 'soap' },
  { methodNames: 'short' },
);

describe('versions', () => {
  const scope = {
    listType: 'GREY' as const,
    ticketType: 'ALL' as const,
    season: 'S26',
    products: [],
    performances: ['PERF2'],
  };
  const page = { pageSize: 500, firstOfRun: true };
  it('performances narrow the export since 1.3; before, the client does not ask for what nobody reads', async () => {
    const { simulator, api } = await simulated({}, { version: 'v1_3' });
    const got = await api.exportPage(scope, null, page);
    expect(got.counted).toBe([...simulator.model.tickets.values()].filter((t) => t.performanceCode === 'PERF2').length);
    const old = await simulated({}, { version: 'v1_2' });
    await expect(old.api.exportPage(scope, null, page)).rejects.toMatchObject({
      message: 'v1_2 cannot export by performance',
    });
    expect(old.simulator.stats().calls).toEqual({});
  });
  it('a configured name of a method is the only one', async () => {
    const { simulator, api } = await simulated(
      { methodNames: 'short' },
      { methods: { catalogue: 'getAccessControlCatalog' } },
    );
    await expect(api.getCatalogue('S26')).rejects.toMatchObject({ kind: 'malformed', httpStatus: 404 });
    expect(simulator.stats().calls).toEqual({});
  });
});
