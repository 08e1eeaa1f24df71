import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { planCrowd } from '../../src/cli/demo/crowd.js';
import { casesOf, FIRST_TICKET, SimModel } from '../../src/simulator/model.js';
import type { SimulatorOptions } from '../../src/simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import { cleanup } from '../support/builders.js';

const shape = { listType: 'GREY', ticketType: 'ALL', seasonCode: 'S26', productCodes: [], performanceCodes: [] };

async function start(options: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({ port: 0, tickets: 30, seed: 1, ...options });
  cleanup(() => simulator.close());
  const token = (claims: object = {}, secret: string = SIMULATOR_DEFAULTS.secret): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    const { institution: sub, operator: aud, partner: iss } = SIMULATOR_DEFAULTS;
    return new SignJWT({ sub, aud, iss, iat, exp: iat + 30, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret));
  };
  const call = async (method: string, body: object, bearer?: string) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer ?? (await token())}` };
    const response = await fetch(`${simulator.url}/v1_6/${method}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { simulator, token, call };
}

describe('the simulated list', () => {
  it('any page size gives the same stream, and a VALID is never parted from its CANCELLED', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 50 }), (tickets, max) => {
        const model = new SimModel(tickets, 9);
        model.reprint(FIRST_TICKET, 'again');
        const whole = model.export(shape, 0, 1_000_000).items.map((i) => `${String(i.barcode)} ${String(i.state)}`);
        const paged: string[] = [];
        for (let at = 0; ;) {
          const { items, end } = model.export(shape, at, max);
          if (items.length === 0) break;
          expect(items[0]?.state).toBe('VALID');
          paged.push(...items.map((i) => `${String(i.barcode)} ${String(i.state)}`));
          at = end;
        }
        expect(paged).toEqual(whole);
      }),
    );
  });

  it('the same seed sells the same tickets, and a crowd finds every case', () => {
    const model = new SimModel(2_000, 4);
    expect([...model.tickets.keys()]).toEqual([...new SimModel(2_000, 4).tickets.keys()]);
    const kinds = new Set(planCrowd(casesOf(model, 'P1', 'PERF1', 2_000), 300, 1).map((v) => v.kind));
    expect([...kinds].sort()).toEqual([
      'cancelled',
      'card, 1st',
      'card, 2nd',
      'card, 3rd',
      'double',
      'unknown',
      'valid',
      'wrong event',
    ]);
  });
});

describe('the simulated service', () => {
  it('refuses tokens that the facts forbid', async () => {
    const { call, token } = await start();
    const now = Math.floor(Date.now() / 1000);
    for (const bad of [
      await token({ sub: 'OTHER' }),
      await token({ aud: 'OTHER' }),
      await token({ iss: 'OTHER' }),
      await token({ iat: now - 60, exp: now }),
      await token({ exp: now + 900 }),
      await token({}, 'another-secret-that-is-long-enough'),
      'nonsense',
    ]) {
      expect((await call('getTimeZone', {}, bad)).status).toBe(401);
    }
    expect((await call('getTimeZone', {})).status).toBe(200);
  });

  it('knows several operators: each has its own secret and partner and sees its own products', async () => {
    const other = { operator: 'EXAMPLE_B', partner: 'OTHER', secret: 'the secret of the other operator, 32 bytes' };
    const { call, token, simulator } = await start({
      callsPerMinute: 0,
      tickets: 300,
      operators: [{ ...other, products: ['P2'] }],
    });
    const claims = { aud: other.operator, iss: other.partner };
    const theirs = await token(claims, other.secret);
    expect((await call('getTimeZone', {}, theirs)).status).toBe(200);
    // Nobody's secret or partner is good for anybody else.
    expect((await call('getTimeZone', {}, await token(claims))).status).toBe(401);
    expect((await call('getTimeZone', {}, await token({}, other.secret))).status).toBe(401);
    expect((await call('getTimeZone', {}, await token({ aud: other.operator }, other.secret))).status).toBe(401);
    expect((await call('getTimeZone', {}, await token({ ...claims, sub: 'ELSE' }, other.secret))).status).toBe(401);

    const ask = { listType: 'GREY', ticketType: 'ALL', seasonCode: 'S26', nbMaxResults: 5000 };
    const products = async (bearer?: string): Promise<string[]> => {
      const { body } = await call('exportList', ask, bearer);
      const { accessControlListItems: items } = body.accessControlListData as {
        accessControlListItems: { productCode: string }[];
      };
      return [...new Set(items.map((i) => i.productCode))].sort();
    };
    expect(await products()).toEqual(['P1', 'P2']);
    expect(await products(theirs)).toEqual(['P2']);
    // Two operators that read different lists are no two clients of one product.
    expect(simulator.stats().alarms).toEqual([]);
    expect(JSON.stringify((await call('getAccessControlCatalog', {}, theirs)).body)).not.toContain('P1');
    const code = { barCodeOrTaxNumber: FIRST_TICKET };
    expect((await call('getControlledTicket', code)).body.statusCode).toBe('success');
    expect((await call('getControlledTicket', code, theirs)).body.statusDetail).toBe('unknown ticket');

    // A secret is changed while everybody works.
    const changed = { ...other, secret: 'another secret of the other operator, 32 bytes', products: ['P1'] };
    await fetch(`${simulator.origin}/_control/operator`, { method: 'POST', body: JSON.stringify(changed) });
    expect((await call('getTimeZone', {}, theirs)).status).toBe(401);
    expect(await products(await token(claims, changed.secret))).toEqual(['P1']);
  });

  it('answers 509 to the 61st call of a minute', async () => {
    const { simulator, call } = await start();
    const answers = [];
    for (let i = 0; i < 61; i++) answers.push((await call('getTimeZone', {})).status);
    expect(answers.slice(0, 60).every((s) => s === 200)).toBe(true);
    expect(answers[60]).toBe(509);
    expect(simulator.stats().violations).toBe(1);
  });

  it('loses tickets silently when a cursor is used for another list, and flags it', async () => {
    const { simulator, call } = await start();
    const ask = { listType: 'GREY', ticketType: 'ALL', seasonCode: 'S26', nbMaxResults: 5 };
    const first = (await call('exportList', ask)).body.accessControlListData as { paginationEnd: string };
    await call('exportList', { ...ask, productCodes: ['P1'], paginationStart: first.paginationEnd });
    expect(simulator.stats().alarms[0]).toContain('another granularity');
    expect((await call('exportList', { ...ask, paginationStart: 'mine' })).body.statusCode).toBe('error');
    expect((await call('exportList', { listType: 'GREY' })).body.statusDetail).toContain('mandatory');
  });

  it('imports all or nothing, and the same check counts once', async () => {
    const { simulator, call } = await start();
    const control = { acIdentifier: 'a', barcode: 'B', controlDate: '2026-01-01T00:00:00.000Z', controlResult: 'OK' };
    expect(
      (
        await call('importControlledTicket', {
          controlledTickets: [control, { ...control, acIdentifier: 'b', controlDate: '2026-01-01T00:00:00' }],
        })
      ).body.statusCode,
    ).toBe('error');
    expect(simulator.controls()).toEqual([]);
    await call('importControlledTicket', { controlledTickets: [control] });
    await call('importControlledTicket', { controlledTickets: [control] });
    expect(simulator.controls()).toMatchObject([{ received: 2 }]);
  });

  it('is driven from outside', async () => {
    const { simulator } = await start();
    const post = (name: string, body: object) =>
      fetch(`${simulator.origin}/_control/${name}`, { method: 'POST', body: JSON.stringify(body) });
    expect((await post('reprint', { barcode: FIRST_TICKET, newBarcode: 'N' })).status).toBe(200);
    expect(await (await fetch(`${simulator.origin}/_control/ticket/${FIRST_TICKET}`)).json()).toMatchObject({
      state: 'CANCELLED',
      cancellationCause: 'REPRINT',
    });
    expect((await post('faults', { latncy: 1 })).status).toBe(400);
    expect((await post('cancel', { barcode: 'nobody' })).status).toBe(400);
  });
});
