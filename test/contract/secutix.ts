import { describe, expect, it } from 'vitest';
import type { SecutixSettings } from '../../src/secutix/settings.js';
import type { SecutixClient } from '../../src/secutix/types.js';
import { FIRST_TICKET } from '../../src/simulator/model.js';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { startSimulator } from '../../src/simulator/server.js';
import { cleanup } from '../support/builders.js';
import { clientOf, GREY, settingsOf } from '../support/secutix.js';

export async function simulated(
  options: Partial<SimulatorOptions> = {},
  settings: Partial<SecutixSettings> = {},
): Promise<{ simulator: Simulator; api: SecutixClient }> {
  const simulator = await startSimulator({ port: 0, tickets: 60, seed: 3, callsPerMinute: 0, ...options });
  const api = clientOf(settingsOf(simulator.url, { retry: { attempts: 2, baseMs: 1, maxMs: 5 }, ...settings }));
  cleanup(async () => {
    await api.close();
    await simulator.close();
  });
  return { simulator, api };
}

const scope = GREY;
const check = { checkId: 'g-1', barcode: FIRST_TICKET, at: Date.UTC(2026, 0, 1), admitted: true, reason: 'admitted' };

/** What a client of SecuTix has to do whatever carries its calls, and whatever the interface's version. */
export function secutixContract(
  name: string,
  settings: Partial<SecutixSettings>,
  options: Partial<SimulatorOptions> = {},
): void {
  const start = (more: Partial<SecutixSettings> = {}) => simulated(options, { ...settings, ...more });

  describe(`the client over ${name}`, () => {
    it('reads the whole list page by page, and then only what changed', async () => {
      const { simulator, api } = await start();
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let page; page === undefined || page.counted === 7;) {
        page = await api.exportPage(scope, cursor, { pageSize: 7, firstOfRun: cursor === null });
        seen.push(...page.items.map((i) => (i.kind === 'ticket' ? `${i.ticket.barcode} ${i.ticket.state}` : i.why)));
        expect(page.cursor).not.toBeNull();
        ({ cursor } = page);
      }
      expect(new Set(seen.filter((s) => s.endsWith('VALID')).map((s) => s.split(' ')[0]))).toEqual(
        new Set(simulator.model.tickets.keys()),
      );
      simulator.state.scenarios.reprint(FIRST_TICKET, '0007');
      const delta = await api.exportPage(scope, cursor, { pageSize: 100, firstOfRun: true });
      expect(delta.items.map((i) => i.kind === 'ticket' && [i.ticket.barcode, i.ticket.state])).toEqual([
        [FIRST_TICKET, 'VALID'],
        [FIRST_TICKET, 'CANCELLED'],
        ['0007', 'VALID'],
      ]);
      expect(simulator.stats().alarms).toEqual([]);
    });

    it('maps a ticket whole: card, codes, tariff, cause, and what has no place', async () => {
      const { simulator, api } = await start();
      const { cursor } = await api.exportPage(scope, null, { pageSize: 5000, firstOfRun: true });
      const rest = { entranceCode: 'A & <B>', audienceSubCategoryCode: 'CHILD', containerIdentifier: '04 00' };
      simulator.model.sell({ barcode: '00123 é', ...rest });
      const page = await api.exportPage(scope, cursor, { pageSize: 10, firstOfRun: true });
      expect(page.items[0]).toMatchObject({
        kind: 'ticket',
        ticket: {
          barcode: '00123 é',
          state: 'VALID',
          container: '04 00',
          season: 'S26',
          product: 'P1',
          performance: 'PERF1',
          entrance: 'A & <B>',
          tariff: 'CHILD',
        },
      });
    });

    it('maps groups, reduced prices and specimens; a value of another kind is kept, and counts as absent', async () => {
      const { simulator, api } = await start();
      const { cursor } = await api.exportPage(scope, null, { pageSize: 5000, firstOfRun: true });
      const sold: [string, Record<string, unknown>, Record<string, unknown>][] = [
        ['GROUP', { groupSize: 12 }, { persons: 12 }],
        ['REDUCED', { reducedPrice: true }, { reduced: true }],
        ['SPECIMEN', { isSpecimen: true }, { specimen: true }],
        ['PLAIN', { groupSize: 1, reducedPrice: false, isSpecimen: false }, { persons: 1 }],
        ['ODD', { groupSize: 'many', reducedPrice: 'maybe' }, { extra: { groupSize: 'many', reducedPrice: 'maybe' } }],
        ['NONE', { groupSize: 0 }, {}],
      ];
      for (const [barcode, wire] of sold) simulator.model.sell({ barcode, ...wire });
      const page = await api.exportPage(scope, cursor, { pageSize: 10, firstOfRun: true });
      const keys = ['persons', 'reduced', 'specimen'] as const;
      page.items.forEach((item, i) => {
        if (item.kind !== 'ticket') throw new Error('a line could not be read');
        const [barcode, , wanted] = sold[i] as (typeof sold)[number];
        expect(item.ticket).toMatchObject({ barcode, ...wanted });
        for (const key of keys) if (!(key in wanted)) expect(item.ticket, barcode).not.toHaveProperty(key);
      });
    });

    it('a trimmed export is read, whatever is missing', async () => {
      const { simulator, api } = await start();
      simulator.state.dialect = {
        ...simulator.state.dialect,
        trim: new Set([
          'state',
          'containerIdentifier',
          'cancellationCause',
          'productCode',
          'performanceCode',
          'seasonCode',
        ]),
      };
      const page = await api.exportPage(scope, null, { pageSize: 1, firstOfRun: true });
      expect(page.items[0]).toMatchObject({ kind: 'ticket', ticket: { barcode: FIRST_TICKET, state: 'UNREADABLE' } });
    });

    it('knows the programme with its times', async () => {
      const { simulator, api } = await start();
      const { products, performances } = await api.getCatalogue('S26');
      expect(products.map((p) => p.code).sort()).toEqual(['P1', 'P2']);
      const { start: begins, end, doors } = simulator.state.performances.get('PERF1') ?? {};
      expect(performances).toContainEqual(
        expect.objectContaining({
          code: 'PERF1',
          product: 'P1',
          season: 'S26',
          start: begins,
          end,
          admissionStart: doors,
        }),
      );
      expect((await api.getCatalogue('S99')).products).toEqual([]);
    });

    it('reports checks once, and reads them back', async () => {
      const { simulator, api } = await start();
      await api.importChecks([]);
      expect(simulator.stats().importBatches).toEqual([]);
      await api.importChecks([
        check,
        { ...check, checkId: 'g-2', admitted: false, reason: 'already-used', offline: true },
      ]);
      await api.importChecks([check]);
      expect(simulator.controls()).toMatchObject([
        {
          acIdentifier: 'g-1',
          controlDate: '2026-01-01T00:00:00.000Z',
          controlResult: 'OK',
          failureReason: 'OK',
          received: 2,
        },
        { acIdentifier: 'g-2', controlResult: 'OFFLINE_FAIL', failureReason: null, received: 1 },
      ]);
      expect(await api.getControlledTicket(FIRST_TICKET)).toMatchObject({
        barcode: FIRST_TICKET,
        state: 'VALID',
        container: null,
        operations: [{ type: 'OK', at: '2026-01-01T00:00:00.000Z' }, { type: 'OFFLINE_FAIL' }],
      });
      expect((await api.burnTicket(FIRST_TICKET)).operations).toHaveLength(3);
      await expect(api.getControlledTicket('nobody')).rejects.toMatchObject({
        kind: 'business',
        statusDetail: 'unknown ticket',
      });
    });

    it('one check with a bad word voids the call, and the words are kept', async () => {
      const { simulator, api } = await start({
        report: { admitted: { online: 'OK', offline: 'OK', failureReason: 'X' } },
      });
      simulator.state.rules.failureReasons = new Set(['OK']);
      await expect(api.importChecks([check])).rejects.toMatchObject({
        kind: 'business',
        statusDetail: 'failureReason of g-1 is unknown',
      });
      await api.importChecks([{ ...check, plain: true }]);
      expect(simulator.controls()).toHaveLength(1);
    });

    it('a wrong secret is an error of the account, and never shown', async () => {
      const { api } = await start({ secret: 'a-wrong-secret-nobody-must-see-here' });
      const error = (await api.getTimeZone().catch((e: unknown) => e)) as Error;
      expect(error).toMatchObject({ kind: 'auth' });
      expect(JSON.stringify(error) + String(error)).not.toContain('nobody-must-see');
    });

    it.each([
      ['HTTP 509', { errors: 9, errorStatus: 509 }, 'limit'],
      ['HTTP 429', { errors: 9, errorStatus: 429 }, 'limit'],
      ['HTTP 503', { errors: 9, errorStatus: 503 }, 'server'],
      ['a cut line', { cut: 9 }, 'transport'],
      ['a web page', { html: 9 }, 'malformed'],
      ['half an answer', { malformed: 9 }, 'malformed'],
    ])('%s is what it is', async (_what, faults, kind) => {
      const { simulator, api } = await start();
      Object.assign(simulator.faults, faults);
      await expect(api.exportPage(scope, null, { pageSize: 5, firstOfRun: true })).rejects.toMatchObject({ kind });
    });

    it('a call that was cut after the server had done it is repeated, and counts once', async () => {
      const { simulator, api } = await start();
      simulator.faults.cutAfterCommit = 1;
      await api.importChecks([check]);
      expect(simulator.controls()).toMatchObject([{ received: 2 }]);
    });
  });
}
