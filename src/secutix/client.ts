import { Agent } from 'undici';
import type { Clock, Random } from '../clock.js';
import type { Log } from '../log.js';
import type { Result } from './answer.js';
import { Skew } from './http.js';
import type { CallKind, LimiterStore } from './limiter.js';
import { Limiter } from './limiter.js';
import { FIRST_WITH_PERFORMANCES, MethodNames, minorOf } from './methods.js';
import type { Exchange } from './rest.js';
import { restTransport } from './rest.js';
import { soapTransport } from './soap.js';
import { trusting } from './tls.js';
import type { Operation, SecutixSettings } from './settings.js';
import type { ControlHistory, SecutixClient } from './types.js';
import { isRetryable, SecutixError } from './types.js';
import { mapCatalogue } from './wire-catalogue.js';
import { createItemMapper, mapHistory, mapPage, toWireControl } from './wire.js';

export interface ClientParts {
  clock: Clock;
  random: Random;
  log: Log;
  limiterStore: LimiterStore;
  /** Sees every exchange whole, but never the token. */
  onExchange?: (exchange: Exchange) => void;
}

interface CallOptions {
  kind: CallKind;
  runStart?: boolean;
  /** The facts call a repeat harmless. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

/** The client. Every attempt goes through the limiter and carries its own token. */
export function createSecutixClient(settings: SecutixSettings, parts: ClientParts): SecutixClient {
  const agent = new Agent({
    connections: 2,
    keepAliveTimeout: 30_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(settings.ca !== undefined && { connect: { secureContext: trusting(settings.ca) } }),
  });
  const skew = new Skew();
  const limiter = new Limiter(settings.limits, { clock: parts.clock, random: parts.random, store: parts.limiterStore });
  const { timeoutMs, maxAnswerBytes } = settings;
  const connect = settings.transport === 'soap' ? soapTransport : restTransport;
  const transport = connect({
    settings,
    http: { agent, clock: parts.clock, skew, timeoutMs, maxAnswerBytes },
    onBytes: (bytes) => limiter.countBytes(bytes),
    onExchange: parts.onExchange,
  });
  const names = new MethodNames(settings);
  const mapItem = createItemMapper(settings.aliases);
  let requestId = 0;
  const contact: { answeredAt: number | null; failedAt: number | null } = { answeredAt: null, failedAt: null };

  async function call(operation: Operation, body: object, options: CallOptions): Promise<Result> {
    let resigned = false;
    for (let attempt = 1; ; attempt++) {
      await limiter.acquire(options.kind, {
        runStart: (options.runStart ?? false) && attempt === 1,
        signal: options.signal,
      });
      const offsetBefore = skew.offset ?? 0;
      const method = names.of(operation);
      try {
        const answer = await transport.call(method, { requestId: ++requestId, ...body }, options.signal);
        limiter.forgive();
        contact.answeredAt = parts.clock.now();
        return answer;
      } catch (error) {
        if (!(error instanceof SecutixError)) throw error;
        contact[error.kind === 'business' ? 'answeredAt' : 'failedAt'] = parts.clock.now();
        if (error.kind === 'limit') limiter.penalise();
        // The texts spell some methods in two ways: the other one, once.
        if (error.httpStatus === 404 && names.next(operation)) {
          attempt--;
          continue;
        }
        // A token refused for our clock: the answer has just told the right time. Once.
        if (error.kind === 'auth' && !resigned && Math.abs((skew.offset ?? 0) - offsetBefore) > 1_500) {
          resigned = true;
          continue;
        }
        if (!options.repeatable || !isRetryable(error) || error.kind === 'limit' || attempt >= settings.retry.attempts)
          throw error;
        const wait =
          Math.min(settings.retry.maxMs, settings.retry.baseMs * 2 ** (attempt - 1)) * (0.5 + parts.random());
        parts.log.warn(
          { method, attempt, wait: Math.round(wait), error: error.message },
          'SecuTix call failed, trying again',
        );
        await parts.clock.sleep(wait, options.signal);
        options.signal?.throwIfAborted();
      }
    }
  }

  async function history(operation: 'history' | 'burn', code: string, signal?: AbortSignal): Promise<ControlHistory> {
    // burnTicket books an operation each time: never repeated by itself.
    const answer = await call(
      operation,
      { barCodeOrTaxNumber: code },
      { kind: 'query', repeatable: operation === 'history', signal },
    );
    const mapped = mapHistory(answer.controlledTicketData);
    const method = names.of(operation);
    if (!mapped) throw new SecutixError('malformed', method, `${method}: controlledTicketData is missing`);
    return mapped;
  }

  return {
    getTimeZone: (signal) => call('timeZone', {}, { kind: 'query', repeatable: true, signal }),
    async getCatalogue(season, signal) {
      const answer = await call('catalogue', season === undefined ? {} : { seasonCode: season }, {
        kind: 'query',
        repeatable: true,
        signal,
      });
      return mapCatalogue(answer, parts.clock.now(), settings.aliases, season);
    },
    async exportPage(scope, cursor, { pageSize, firstOfRun, signal }) {
      if (scope.performances.length > 0 && minorOf(settings.version) < FIRST_WITH_PERFORMANCES) {
        throw new SecutixError('malformed', 'exportList', `${settings.version} cannot export by performance`, {
          hint: 'leave `performances` out of the scope, or use v1_3 or newer',
        });
      }
      const answer = await call(
        'list',
        {
          listType: scope.listType,
          ticketType: scope.ticketType,
          seasonCode: scope.season,
          ...(scope.products.length > 0 && { productCodes: scope.products }),
          ...(scope.performances.length > 0 && { performanceCodes: scope.performances }),
          ...(cursor !== null && { paginationStart: cursor }),
          nbMaxResults: pageSize,
        },
        { kind: 'pull', runStart: firstOfRun, repeatable: true, signal },
      );
      const mapped = mapPage(answer.accessControlListData, mapItem);
      if ('why' in mapped) {
        throw new SecutixError(
          'malformed',
          'exportList',
          `exportList: ${mapped.why}; the page is not taken, the cursor stays`,
          {
            hint: 'tell SecuTix; the lanes go on with the list they have',
          },
        );
      }
      return mapped.page;
    },
    async importChecks(checks, signal) {
      // SecuTix: an import without a check is not sent.
      if (checks.length === 0) return;
      const controlledTickets = checks.map((check) => toWireControl(check, settings.report));
      await call('importChecks', { controlledTickets }, { kind: 'push', repeatable: true, signal });
    },
    getControlledTicket: (code, signal) => history('history', code, signal),
    burnTicket: (code, signal) => history('burn', code, signal),
    budget: () => ({ ...limiter.budget(), skewMs: skew.offset, ...contact }),
    duringEvent: (on) => limiter.duringEvent(on),
    close: () => agent.destroy(),
  };
}
