import { systemClock } from '../../clock.js';
import type { PageItem, Scope, Ticket } from '../../domain/ticket.js';
import { describeError } from '../../errors.js';
import { silentLog } from '../../log.js';
import { createSecutixClient } from '../../secutix/client.js';
import type { Exchange } from '../../secutix/rest.js';
import type { SecutixSettings } from '../../secutix/settings.js';
import type { SecutixClient } from '../../secutix/types.js';
import { SecutixError } from '../../secutix/types.js';

export interface Step {
  name: string;
  result: 'pass' | 'warn' | 'fail' | 'skipped';
  details: string[];
  /** Milliseconds, waiting for the limits included. */
  ms: number;
}

export interface Certificate {
  /** UTC milliseconds. */
  at: number;
  account: Pick<SecutixSettings, 'url' | 'version' | 'institution' | 'operator' | 'partner'>;
  steps: Step[];
  /** Names of members of the list that have no place of their own, with how often they came. */
  unknownFields: Record<string, number>;
  /** What the server said no to, and how. */
  refusals: { what: string; answer: string }[];
  calls: number;
  ok: boolean;
}

export interface CertifyOptions {
  settings: SecutixSettings;
  scope: Scope;
  /** Barcode a control is sent for; undefined = the first valid ticket of the list. */
  barcode: string | undefined;
  /** Sends controls: they stay in the account's statistics. */
  control: boolean;
  onStep: (step: Step) => void;
  onExchange: (exchange: Exchange) => void;
}

const PAGE = 100;
const SMALL_PAGE = 5;
const NOBODY = 'PORTILLON-CERTIFY-UNKNOWN';

class Failed extends Error {}

/** Step by step against an account; one that fails does not keep the others from being tried where they can be. */
export async function certify(options: CertifyOptions): Promise<Certificate> {
  const { settings, scope } = options;
  const { url, version, institution, operator, partner } = settings;
  let calls = 0;
  const clients: SecutixClient[] = [];
  const connect = (change: Partial<SecutixSettings> = {}): SecutixClient => {
    const client = createSecutixClient(
      { ...settings, ...change, retry: { ...settings.retry, attempts: 1 } },
      {
        clock: systemClock,
        random: Math.random,
        log: silentLog,
        limiterStore: { load: () => limiterState, save: async (state) => void (limiterState = state) },
        onExchange: (exchange) => {
          calls++;
          options.onExchange(exchange);
        },
      },
    );
    clients.push(client);
    return client;
  };
  let limiterState: unknown;
  const api = connect();
  const certificate: Certificate = {
    at: systemClock.now(),
    account: { url, version, institution, operator, partner },
    steps: [],
    unknownFields: {},
    refusals: [],
    calls: 0,
    ok: false,
  };

  const step = async (
    name: string,
    work: (say: (detail: string) => void, warn: (detail: string) => void) => Promise<void>,
  ): Promise<boolean> => {
    const began = performance.now();
    const made: Step = { name, result: 'pass', details: [], ms: 0 };
    const say = (detail: string): void => void made.details.push(detail);
    const warn = (detail: string): void => {
      made.result = 'warn';
      say(detail);
    };
    try {
      await work(say, warn);
    } catch (error) {
      made.result = 'fail';
      say(error instanceof Failed ? error.message : describeError(error));
    }
    made.ms = Math.round(performance.now() - began);
    certificate.steps.push(made);
    options.onStep(made);
    return made.result !== 'fail';
  };
  const skip = (name: string, why: string): void => {
    const made: Step = { name, result: 'skipped', details: [why], ms: 0 };
    certificate.steps.push(made);
    options.onStep(made);
  };
  /** The words of a refusal; undefined = there was none. */
  const refusal = async (what: string, work: () => Promise<unknown>): Promise<SecutixError | undefined> => {
    try {
      await work();
      certificate.refusals.push({ what, answer: 'accepted' });
      return undefined;
    } catch (error) {
      if (!(error instanceof SecutixError)) throw error;
      const { kind, httpStatus, statusCode, statusDetail } = error;
      const answer = `${kind}: HTTP ${httpStatus ?? '-'}, statusCode ${statusCode ?? '-'}, statusDetail ${statusDetail ?? '-'}`;
      certificate.refusals.push({ what, answer });
      return error;
    }
  };

  const connected = await step('connection', async (say, warn) => {
    try {
      const answer = await api.getTimeZone();
      say(`getTimeZone answers: ${JSON.stringify(answer).slice(0, 200)}`);
    } catch (error) {
      // It is named in one public client only; the others are documented.
      if (!(error instanceof SecutixError) || error.httpStatus !== 404) throw error;
      warn('getTimeZone is not known to the server; the other calls will tell');
    }
  });
  await step('clock', async (say, warn) => {
    const { skewMs } = api.budget();
    if (skewMs === null) throw new Failed('no answer carried a time');
    const words = `this clock differs from the server's by ${(skewMs / 1000).toFixed(1)} s`;
    if (Math.abs(skewMs) > 2_000) warn(`${words}: check NTP`);
    else say(words);
  });
  if (!connected) {
    for (const name of ['JWT', 'catalogue', 'list', 'paging', 'control and history', 'refusals'])
      skip(name, 'there is no connection');
    return finish();
  }

  await step('JWT', async (say, warn) => {
    const { unit, ttlSeconds } = settings.jwt;
    say(`accepted: times in ${unit === 's' ? 'seconds' : 'milliseconds'}, ${ttlSeconds} s of life, a token a call`);
    const other = unit === 's' ? 'ms' : 's';
    const refused = await refusal(`a token with times in ${other === 's' ? 'seconds' : 'milliseconds'}`, () =>
      connect({ jwt: { ...settings.jwt, unit: other } }).getTimeZone(),
    );
    say(
      refused ? `the other unit is refused (HTTP ${refused.httpStatus ?? '-'})` : 'the other unit is accepted as well',
    );
    const wrong = await refusal('a token signed with another secret', () =>
      connect({ secret: 'a secret that nobody has, long enough to sign' }).getTimeZone(),
    );
    if (wrong?.kind !== 'auth') warn('a wrong secret is not refused as one (HTTP 401 or 403)');
  });

  await step('catalogue', async (say, warn) => {
    const { seasons, products, performances } = await api.getCatalogue(scope.season);
    say(`${seasons.length} season(s), ${products.length} product(s), ${performances.length} performance(s)`);
    const timed = performances.filter((p) => p.start !== undefined).length;
    if (products.length + performances.length === 0) warn('no code was understood: see the raw answer');
    else if (timed < performances.length)
      warn(`${performances.length - timed} performance(s) without a time that was understood`);
    const missing = scope.products.filter((code) => !products.some((p) => p.code === code));
    if (missing.length > 0) warn(`configured, but not in the catalogue: ${missing.join(', ')}`);
  });

  let cursor: string | null = null;
  let valid: string | undefined;
  const listed = await step('list', async (say, warn) => {
    const page = await api.exportPage(scope, null, { pageSize: PAGE, firstOfRun: true });
    ({ cursor } = page);
    const tickets = page.items.flatMap((i) => (i.kind === 'ticket' ? [i.ticket] : []));
    countUnknown(tickets, certificate.unknownFields);
    valid = tickets.find((t) => t.state === 'VALID')?.barcode;
    say(`${page.items.length} line(s) of ${page.counted} ticket(s)`);
    const unreadable = page.items.length - tickets.length;
    if (unreadable > 0) warn(`${unreadable} line(s) without a readable barcode`);
    const stateless = tickets.filter((t) => t.state === 'UNREADABLE').length;
    if (stateless > 0) warn(`${stateless} ticket(s) with a state that is not understood: they admit nobody`);
    const absent = FIELDS.filter((field) => tickets.every((t) => t[field] === undefined));
    if (tickets.length > 0 && absent.length > 0) say(`not sent: ${absent.join(', ')}; rules on them are off`);
    if (cursor === null) warn('no paginationEnd: paging cannot be told');
    if (page.items.length === 0) warn('the list is empty: sell tickets in the sandbox first');
  });

  if (!listed || cursor === null) skip('paging', 'there is no first page');
  else {
    const after: string = cursor;
    await step('paging', async (say, warn) => {
      const ask = (from: string): ReturnType<SecutixClient['exportPage']> =>
        api.exportPage(scope, from, { pageSize: SMALL_PAGE, firstOfRun: false });
      const second = await ask(after);
      if (second.items.length === 0) return warn(`fewer than ${PAGE + 1} tickets: there is no second page`);
      const again = await ask(after);
      if (codes(again.items) !== codes(second.items)) warn('the same cursor asked twice gave different lines');
      else say('the same cursor asked twice gives the same lines');
      if (second.cursor === after) warn('lines came, and the cursor did not move');
      if (second.counted > SMALL_PAGE) warn(`${second.counted} tickets came where ${SMALL_PAGE} were asked for`);
      else say(`${second.items.length} line(s) of ${second.counted} ticket(s) where ${SMALL_PAGE} were asked for`);
    });
  }

  const barcode = options.barcode ?? valid;
  if (!options.control) skip('control and history', 'not wanted (--no-control)');
  else if (barcode === undefined) skip('control and history', 'there is no valid ticket; name one with --barcode');
  else {
    await step('control and history', async (say, warn) => {
      const at = Math.floor(systemClock.now() / 1000) * 1000;
      const check = { checkId: `certify-${at}`, barcode, at, admitted: true, reason: 'admitted' };
      const before = (await api.getControlledTicket(barcode)).operations.length;
      await api.importChecks([check]);
      const once = await api.getControlledTicket(barcode);
      if (once.operations.length !== before + 1)
        warn(`the history grew by ${once.operations.length - before} operation(s), not by one`);
      const mine = once.operations.find((o) => Math.abs(Date.parse(o.at) - at) < 1_000);
      if (mine) say(`the control is in the history as ${mine.type}, ${mine.at}`);
      else warn('the control is not in the history, or with another time: is the zone right?');
      await api.importChecks([check]);
      const twice = await api.getControlledTicket(barcode);
      if (twice.operations.length === once.operations.length) say('the same control sent twice counts once');
      else warn('the same control sent twice counts twice');
    });
  }

  await step('refusals', async (say, warn) => {
    const unknown = await refusal('the history of a barcode that does not exist', () =>
      api.getControlledTicket(NOBODY),
    );
    say(unknown ? `unknown barcode: ${unknown.message}` : 'an unknown barcode has a history');
    if (!options.control) return say('controls are not tried (--no-control)');
    const at = systemClock.now();
    const check = { checkId: `certify-refused-${at}`, barcode: NOBODY, at, admitted: false, reason: 'unknown' };
    const foreign = await refusal('a control of a barcode that does not exist', () => api.importChecks([check]));
    if (foreign) warn('controls of unknown barcodes are refused: the gate will set them aside');
    else say('controls of unknown barcodes are accepted');
    const report = { '*': { online: 'FAIL', offline: 'OFFLINE_FAIL', failureReason: 'PORTILLON_TEST' } };
    const odd = await refusal('a control with a failureReason that does not exist', () =>
      connect({ report }).importChecks([{ ...check, checkId: `${check.checkId}-reason` }]),
    );
    say(odd ? 'unknown failure reasons are refused: leave them out, or map them' : 'any failure reason is accepted');
  });
  return finish();

  async function finish(): Promise<Certificate> {
    await Promise.all(clients.map((c) => c.close()));
    certificate.calls = calls;
    certificate.ok = certificate.steps.every((s) => s.result !== 'fail');
    return certificate;
  }
}

const FIELDS = [
  'container',
  'season',
  'product',
  'performance',
  'entrance',
  'validFrom',
  'validTo',
  'tariff',
] as const satisfies readonly (keyof Ticket)[];

const codes = (items: readonly PageItem[]): string =>
  items.map((i) => (i.kind === 'ticket' ? `${i.ticket.barcode} ${i.ticket.state}` : 'unreadable')).join();

function countUnknown(tickets: readonly Ticket[], counts: Record<string, number>): void {
  for (const { extra } of tickets) for (const name of Object.keys(extra ?? {})) counts[name] = (counts[name] ?? 0) + 1;
}
