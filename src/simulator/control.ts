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
  sell: ({ model }, body) => model.sell({ ...body, barcode: text(body, 'barcode') }),
  cancel: ({ model }, body) =>
    model.cancel(text(body, 'barcode'), typeof body.cause === 'string' ? body.cause : undefined),
  revalidate: ({ model }, body) => model.revalidate(text(body, 'barcode')),
  move: ({ model }, body) =>
    model.move(text(body, 'barcode'), typeof body.container === 'string' ? body.container : null),
  reprint: ({ model }, body) => model.reprint(text(body, 'barcode'), text(body, 'newBarcode')),
  faults: ({ faults, rules }, body) => {
    for (const [name, value] of Object.entries(body)) {
      if (name === 'rejectBarcodes' && Array.isArray(value)) rules.rejectBarcodes = new Set(value.map(String));
      else if (name === 'rejectUnknown') rules.rejectUnknown = value === true;
      else if (name in NO_FAULTS && typeof value === 'number') faults[name as keyof Faults] = value;
      else
        throw new Error(
          `unknown fault ${name}; there are ${[...Object.keys(NO_FAULTS), 'rejectBarcodes', 'rejectUnknown'].join(', ')}`,
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
    return [200, action(state, body === '' ? {} : (JSON.parse(body) as Body)) ?? { ok: true }];
  } catch (error) {
    return [400, { error: (error as Error).message }];
  }
}
