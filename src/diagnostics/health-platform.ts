import type { SyncStatus } from '../sync/messages.js';
import type { Condition } from './read-model.js';

/** Share of the month's allowance from which on the gate warns. */
const WARN_AT = 0.8;

/** What is odd about the ticketing platform, or about our use of it. None of it stops a lane. */
export function platformConditions({ pull, secutix }: SyncStatus): Condition[] {
  const conditions: Condition[] = [];
  type Said = Pick<Condition, 'kind' | 'facts'>;
  const add = (what: string, remedy: string, said: Said): unknown =>
    conditions.push({ severity: 'degraded', what, remedy, ...said });
  for (const { scope, what } of pull.warnings)
    add(`${scope}: ${what}`, 'SecuTix allows one reader a product: is another gate or system reading this one?', {
      kind: 'list-warning',
      facts: { scope },
    });
  if ((pull.damaged ?? 0) > 0)
    add(
      `the ticket list on the disk is damaged in ${pull.damaged} place(s); what cannot be read admits nobody`,
      'restart the gate: it sets the list aside and fetches it anew; check the disk',
      { kind: 'list-damaged', facts: { count: pull.damaged ?? 0 } },
    );
  if (secutix.sharedBudget)
    add(
      'SecuTix says too many calls, though this gate made few',
      'another system of the institution shares the budget; lower secutix.limits.callsPerMinute',
      { kind: 'shared-budget' },
    );
  const { calls, callsLimit, bytes, bytesLimit, month } = secutix.month;
  if (callsLimit > 0 && calls >= WARN_AT * callsLimit)
    add(`${calls} of ${callsLimit} calls of ${month} are used`, 'pull and push less often, or buy a larger allowance', {
      kind: 'month-calls',
      facts: { calls, limit: callsLimit, month },
    });
  if (bytesLimit > 0 && bytes >= WARN_AT * bytesLimit)
    add(
      `${Math.round(bytes / 1e6)} of ${Math.round(bytesLimit / 1e6)} MB of ${month} are used`,
      'full resynchronisations cost most; or buy a larger allowance',
      { kind: 'month-bytes', facts: { used: Math.round(bytes / 1e6), limit: Math.round(bytesLimit / 1e6), month } },
    );
  return conditions;
}
