import { Agent } from 'undici';
import type { Clock, Random } from '../clock.js';
import type { Log } from '../log.js';
import type { CallParts } from './call.js';
import { callOnce, Skew } from './call.js';
import type { CallKind, LimiterStore } from './limiter.js';
import { Limiter } from './limiter.js';
import type { SecutixSettings } from './settings.js';
import type { ControlHistory, SecutixClient } from './types.js';
import { isRetryable, SecutixError } from './types.js';
import { createItemMapper, mapHistory, mapPage, toWireControl } from './wire.js';

export interface ClientParts {
  clock: Clock;
  random: Random;
  log: Log;
  limiterStore: LimiterStore;
}

interface CallOptions {
  kind: CallKind;
  runStart?: boolean;
  /** The facts call a repeat harmless. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

/** The REST client. Every attempt goes through the limiter and carries its own token. */
export function createSecutixClient(settings: SecutixSettings, parts: ClientParts): SecutixClient {
  const agent = new Agent({ connections: 2, keepAliveTimeout: 30_000, headersTimeout: 0, bodyTimeout: 0 });
  const skew = new Skew();
  const limiter = new Limiter(settings.limits, { clock: parts.clock, random: parts.random, store: parts.limiterStore });
  const callParts: CallParts = { settings, agent, clock: parts.clock, skew };
  const mapItem = createItemMapper(settings.aliases);
  let requestId = 0;

  async function call(method: string, body: object, options: CallOptions): Promise<Record<string, unknown>> {
    let resigned = false;
    for (let attempt = 1; ; attempt++) {
      await limiter.acquire(options.kind, {
        runStart: (options.runStart ?? false) && attempt === 1,
        signal: options.signal,
      });
      const offsetBefore = skew.offset ?? 0;
      try {
        const answer = await callOnce(callParts, method, { requestId: ++requestId, ...body }, options.signal);
        limiter.forgive();
        return answer;
      } catch (error) {
        if (!(error instanceof SecutixError)) throw error;
        if (error.kind === 'limit') limiter.penalise();
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

  async function history(
    method: 'getControlledTicket' | 'burnTicket',
    code: string,
    signal?: AbortSignal,
  ): Promise<ControlHistory> {
    // burnTicket books an operation each time: never repeated by itself.
    const answer = await call(
      method,
      { barCodeOrTaxNumber: code },
      { kind: 'query', repeatable: method === 'getControlledTicket', signal },
    );
    const mapped = mapHistory(answer.controlledTicketData);
    if (!mapped) throw new SecutixError('malformed', method, `${method}: controlledTicketData is missing`);
    return mapped;
  }

  return {
    getTimeZone: (signal) => call('getTimeZone', {}, { kind: 'query', repeatable: true, signal }),
    getCatalogue: (season, signal) =>
      call('getAccessControlCatalog', season === undefined ? {} : { seasonCode: season }, {
        kind: 'query',
        repeatable: true,
        signal,
      }),
    async exportPage(scope, cursor, { pageSize, firstOfRun, signal }) {
      const answer = await call(
        'exportList',
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
      const controlledTickets = checks.map((check) => toWireControl(check, settings.report.failureReasons));
      await call('importControlledTicket', { controlledTickets }, { kind: 'push', repeatable: true, signal });
    },
    getControlledTicket: (code, signal) => history('getControlledTicket', code, signal),
    burnTicket: (code, signal) => history('burnTicket', code, signal),
    budget: () => ({ ...limiter.budget(), skewMs: skew.offset }),
    close: () => agent.destroy(),
  };
}
