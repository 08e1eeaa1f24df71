import type { SyncStatus } from './messages.js';

/**
 * SecuTix counts as out of reach when the last call had no answer and the last answer is older than `after` milliseconds; a gate
 * that nobody called about for an hour is not offline. Without a worker nothing is known, and nothing was heard.
 */
export function isOffline(status: SyncStatus | undefined, now: number, after: number): boolean {
  if (!status) return true;
  const { answeredAt, failedAt } = status.secutix;
  if (answeredAt === null) return failedAt !== null;
  return failedAt !== null && failedAt > answeredAt && now - answeredAt > after;
}
