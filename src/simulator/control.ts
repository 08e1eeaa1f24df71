import type { Faults } from './faults.js';
import { NO_FAULTS } from './faults.js';
import type { ServiceState } from './service.js';

type Body = Record<string, unknown>;
const text = (body: Body, name: string): string => {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new Error(`${name} is missing`);
  return value;
};

const ACTIONS: Readonly<Record<string, (state: ServiceState, body: Body) => unknown>> = {
  // A new operator, or another secret, partner or other products for one there is.
  operator: ({ accounts }, body) => {
    const operator = text(body, 'operator');
    const known = accounts.get(operator) ?? [...accounts.values()][0];
    const products = Array.isArray(body.products) ? { products: body.products.map(String) } : {};
    const institution = known?.institution ?? '';
    const [partner, secret] = [text(body, 'partner'), text(body, 'secret')];
    accounts.set(operator, { institution, operator, partner, secret, ...products });
    return { operators: [...accounts.keys()] };
  },
  certificate: async ({ certify }, body) => {
    if (!certify) throw new Error('the simulator speaks no TLS; start it with --tls');
    const time = (name: string): number | undefined => {
      if (body[name] === undefined) return undefined;
      const at = Date.parse(text(body, name));
      if (Number.isNaN(at)) throw new Error(`${name} is no time`);
      return at;
    };
    const [from, to] = [time('from'), time('to')];
    await certify({ ...(from !== undefined && { from }), ...(to !== undefined && { to }) });
  },
  sell: ({ model }, body) => model.sell({ ...body, barcode: text(body, 'barcode') }),
  cancel: ({ model }, body) =>
    model.cancel(text(body, 'barcode'), typeof body.cause === 'string' ? body.cause : undefined),
  // The newest ones first: a delta of any size in one call.
  'cancel-some': ({ model }, { count }) => {
    const valid = [...model.tickets.values()].filter((t) => t.state === 'VALID').slice(-Number(count));
    for (const { barcode } of valid) model.cancel(barcode);
    return { cancelled: valid.length };
  },
  revalidate: ({ model }, body) => model.revalidate(text(body, 'barcode')),
  move: ({ model }, body) =>
    model.move(text(body, 'barcode'), typeof body.container === 'string' ? body.container : null),
  reprint: ({ scenarios }, body) => scenarios.reprint(text(body, 'barcode'), text(body, 'newBarcode')),
  exchange: ({ scenarios }, { barcode, newBarcode, ...change }) =>
    scenarios.exchange(text({ barcode }, 'barcode'), text({ newBarcode }, 'newBarcode'), change),
  refund: ({ scenarios }, body) => scenarios.refund(text(body, 'barcode')),
  'post-for-resale': ({ scenarios }, body) => scenarios.postForResale(text(body, 'barcode')),
  'sell-posted': ({ scenarios }, body) => scenarios.sellPosted(text(body, 'barcode'), text(body, 'newBarcode')),
  'season-card': ({ scenarios }, { container, matches, ...rest }) =>
    scenarios.seasonCard(text({ container }, 'container'), matches as Record<string, string>, rest),
  'add-match': ({ scenarios }, body) =>
    scenarios.addMatch(text(body, 'container'), text(body, 'performance'), text(body, 'barcode')),
  'cancel-match': ({ scenarios }, body) => scenarios.cancelMatch(text(body, 'container'), text(body, 'performance')),
  'detach-match': ({ scenarios }, body) =>
    scenarios.detachMatch(text(body, 'container'), text(body, 'performance'), text(body, 'newBarcode')),
  'refund-card': ({ scenarios }, body) => scenarios.refundCard(text(body, 'container')),
  'reprint-card': ({ scenarios }, body) => scenarios.reprintCard(text(body, 'container'), text(body, 'newContainer')),
  'third-party': ({ scenarios }, { barcode, ...rest }) => scenarios.thirdPartySale(text({ barcode }, 'barcode'), rest),
  trim: (state, body) => {
    state.dialect = { ...state.dialect, trim: new Set((body.fields as unknown[]).map(String)) };
  },
  performance: ({ performances }, body) => {
    const start = Date.parse(text(body, 'start'));
    const end = typeof body.end === 'string' ? Date.parse(body.end) : start + 7_200_000;
    const doors = typeof body.doors === 'string' ? { doors: Date.parse(body.doors) } : {};
    const code = text(body, 'code');
    performances.set(code, { name: typeof body.name === 'string' ? body.name : code, start, end, ...doors });
  },
  faults: ({ faults, rules }, body) => {
    for (const [name, value] of Object.entries(body)) {
      if (name === 'rejectBarcodes' && Array.isArray(value)) rules.rejectBarcodes = new Set(value.map(String));
      else if (name === 'rejectUnknown') rules.rejectUnknown = value === true;
      else if (name === 'failureReasons')
        rules.failureReasons = Array.isArray(value) ? new Set(value.map(String)) : undefined;
      else if (name in NO_FAULTS && typeof value === 'number') faults[name as keyof Faults] = value;
      else
        throw new Error(
          `unknown fault ${name}; there are ${[...Object.keys(NO_FAULTS), 'rejectBarcodes', 'rejectUnknown', 'failureReasons'].join(', ')}`,
        );
    }
    return faults;
  },
  'reset-controls': ({ controls }) => controls.clear(),
};

/** The control side: what ticketing staff, and bad luck, would do. */
export async function control(
  state: ServiceState,
  stats: () => object,
  method: string,
  path: string,
  read: () => Promise<string>,
): Promise<[number, unknown]> {
  const name = path.slice('/_control/'.length);
  if (method === 'GET') {
    if (name === 'controls') return [200, state.controls.all()];
    if (name === 'stats') return [200, stats()];
    if (name.startsWith('ticket/')) {
      const ticket = state.model.tickets.get(decodeURIComponent(name.slice('ticket/'.length)));
      return ticket ? [200, ticket] : [404, { error: 'no such ticket' }];
    }
  }
  const action = ACTIONS[name];
  if (method !== 'POST' || !action) {
    return [404, { error: `GET controls, stats, ticket/BARCODE; POST ${Object.keys(ACTIONS).join(', ')}` }];
  }
  try {
    const body = await read();
    return [200, (await action(state, body === '' ? {} : (JSON.parse(body) as Body))) ?? { ok: true }];
  } catch (error) {
    return [400, { error: (error as Error).message }];
  }
}
