import type { Clock } from '../clock.js';
import type { ControlReport, SecutixClient } from '../secutix/types.js';
import { SecutixError } from '../secutix/types.js';
import type { SettledChecks } from '../store/journal.js';
import type { SyncState } from '../store/sync-state.js';

/** Records read from the journal at once; a batch to SecuTix is at most this. */
export interface PushParts {
  client: Pick<SecutixClient, 'importChecks'>;
  state: Pick<SyncState, 'pushCursor' | 'acknowledge'>;
  /** Settled checks after a sequence, oldest first. */
  source: (after: number, limit: number) => Promise<SettledChecks>;
  clock: Clock;
  onAcknowledged: (checks: number) => void;
  onRejected: (seq: number, error: SecutixError) => void;
}

interface Sequenced {
  seq: number;
  report: ControlReport;
}

/**
 * Sends every settled check, oldest first, until none is left. The cursor moves only on acknowledgement; a crash between
 * sending and acknowledging sends the same checks again (SecuTix: idempotent).
 */
export async function pushAll(parts: PushParts, batch: number, signal: AbortSignal): Promise<number> {
  let sent = 0;
  for (;;) {
    if (signal.aborted) return sent;
    const cursor = parts.state.pushCursor;
    const { checks, scanned } = await parts.source(cursor, batch);
    if (scanned <= cursor) return sent;
    const reports = checks.map(toReport);
    // Notes and outcomes need no call (SecuTix: no empty imports), the cursor just steps over them.
    if (reports.length > 0) await sendOrNarrow(parts, reports, signal);
    await parts.state.acknowledge(scanned);
    sent += reports.length;
  }
}

/**
 * SecuTix imports all or nothing, so one bad check would hold up all others: a refused batch is halved until the bad check
 * stands alone, is set aside with the server's words, and the rest goes on. Order is kept.
 */
async function sendOrNarrow(parts: PushParts, reports: readonly Sequenced[], signal: AbortSignal): Promise<void> {
  const last = reports.at(-1) as Sequenced;
  try {
    await parts.client.importChecks(
      reports.map((r) => r.report),
      signal,
    );
    parts.onAcknowledged(reports.length);
    await parts.state.acknowledge(last.seq);
  } catch (error) {
    if (!(error instanceof SecutixError) || error.kind !== 'business') throw error;
    if (reports.length === 1) {
      await parts.state.acknowledge(last.seq, [
        {
          seq: last.seq,
          checkId: last.report.checkId,
          at: parts.clock.now(),
          statusCode: error.statusCode ?? null,
          statusDetail: error.statusDetail ?? null,
        },
      ]);
      parts.onRejected(last.seq, error);
      return;
    }
    const half = reports.length >> 1;
    await sendOrNarrow(parts, reports.slice(0, half), signal);
    await sendOrNarrow(parts, reports.slice(half), signal);
  }
}

/**
 * An admission whose barrier never opened is not reported as one; an admission without an outcome is (after a crash it is
 * not known whether the person went in, and nobody may be forgotten).
 */
function toReport({ check, outcome }: SettledChecks['checks'][number]): Sequenced {
  const admitted = check.admitted && outcome !== 'not-passed';
  return {
    seq: check.seq,
    report: {
      checkId: check.checkId,
      barcode: check.barcode,
      at: check.at,
      admitted,
      reason: check.admitted && !admitted ? 'not-passed' : check.reason,
    },
  };
}
