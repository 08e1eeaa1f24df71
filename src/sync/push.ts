import type { Clock } from '../clock.js';
import type { ControlReport, SecutixClient } from '../secutix/types.js';
import { SecutixError } from '../secutix/types.js';
import type { SettledChecks } from '../store/journal.js';
import type { SyncState } from '../store/sync-state.js';

export interface PushParts {
  client: Pick<SecutixClient, 'importChecks'>;
  state: Pick<SyncState, 'pushCursor' | 'admittedCursor' | 'acknowledge' | 'acknowledgeAdmitted'>;
  /** Settled checks after a sequence, oldest first. */
  source: (after: number, limit: number) => Promise<SettledChecks>;
  clock: Clock;
  /** True = no further batch is sent: another box goes on. */
  halted?: () => boolean;
  onAcknowledged: (checks: number) => void;
  onRejected: (seq: number, error: SecutixError) => void;
}

export interface PushOptions {
  /** Checks per call, at most. */
  batch: number;
  signal: AbortSignal;
  /** Refusals of a backlog that this run may send after the admissions; left out: all. */
  refusals?: number;
}

interface Sequenced {
  seq: number;
  report: ControlReport;
  /** What it was made of. */
  of: Check;
}
type Check = SettledChecks['checks'][number];
type Acknowledge = (through: number, rejected?: Rejection) => Promise<void>;
interface Rejection {
  rejected: Sequenced;
  error: SecutixError;
}

/**
 * Sends every settled check, oldest first; of a backlog the admissions go first, for until they are known a used ticket can
 * still be passed on (SecuTix: a controlled ticket can no longer be transferred).
 *
 * Two cursors keep that safe. `pushCursor`: everything up to it is dealt with. `admittedCursor`: every admission up to it is
 * dealt with. The second pass goes through all records from `pushCursor` on and leaves out exactly those that the first pass
 * had acknowledged; what a record is (admitted or not) never changes. Each cursor moves only on acknowledgement, so a crash
 * sends some checks again (SecuTix: idempotent) and skips none.
 */
export async function pushAll(parts: PushParts, options: PushOptions): Promise<{ sent: number; more: boolean }> {
  const { state } = parts;
  const { batch, signal } = options;
  const goesOn = (): boolean => !signal.aborted && parts.halted?.() !== true;
  const first = await gather(parts, state.pushCursor, batch, () => true);
  let sent = 0;
  if (first.reports.length >= batch) {
    for (let after = Math.max(state.admittedCursor, state.pushCursor); goesOn();) {
      const { reports, scanned } = await gather(parts, after, batch, ({ check }) => check.admitted);
      if (scanned <= after) break;
      const acknowledge = acknowledging(parts, (through, rejected) => state.acknowledgeAdmitted(through, rejected));
      if (reports.length > 0) await sendOrNarrow(parts, reports, acknowledge, signal);
      await state.acknowledgeAdmitted(scanned);
      sent += reports.length;
      after = scanned;
    }
  }
  let left = options.refusals ?? Number.POSITIVE_INFINITY;
  while (goesOn()) {
    const cursor = state.pushCursor;
    const done = state.admittedCursor;
    const room = Math.min(batch, left);
    if (room <= 0) return { sent, more: true };
    const { reports, scanned } = await gather(
      parts,
      cursor,
      room,
      ({ check }) => !(check.admitted && check.seq <= done),
    );
    if (scanned <= cursor) return { sent, more: false };
    const acknowledge = acknowledging(parts, (through, rejected) => state.acknowledge(through, rejected));
    // Notes and outcomes need no call (SecuTix: no empty imports), the cursor just steps over them.
    if (reports.length > 0) await sendOrNarrow(parts, reports, acknowledge, signal);
    await state.acknowledge(scanned);
    sent += reports.length;
    left -= reports.length;
  }
  return { sent, more: true };
}

/** The next checks that are wanted, up to `batch` of them; `scanned` is how far that took. */
async function gather(
  { source }: PushParts,
  after: number,
  batch: number,
  wanted: (check: Check) => boolean,
): Promise<{ reports: Sequenced[]; scanned: number }> {
  const reports: Sequenced[] = [];
  let scanned = after;
  while (reports.length < batch) {
    const read = await source(scanned, batch);
    if (read.scanned <= scanned) break;
    for (const check of read.checks) {
      if (!wanted(check)) continue;
      if (reports.length === batch) return { reports, scanned: check.check.seq - 1 };
      reports.push(toReport(check));
    }
    ({ scanned } = read);
  }
  return { reports, scanned };
}

function acknowledging(
  { clock, onRejected }: PushParts,
  write: (through: number, rejected: Parameters<SyncState['acknowledge']>[1]) => Promise<void>,
): Acknowledge {
  return async (through, rejection) => {
    if (!rejection) return write(through, []);
    const { rejected, error } = rejection;
    const { check, outcome } = rejected.of;
    const { statusCode = null, statusDetail = null } = error;
    const words = { seq: through, checkId: check.checkId, at: clock.now(), statusCode, statusDetail };
    // Whole: the journal forgets its record after its time, and SecuTix does not have it.
    await write(through, [{ ...words, check, ...(outcome && { outcome }) }]);
    onRejected(through, error);
  };
}

/**
 * SecuTix imports all or nothing, so one bad check would hold up all others: a refused batch is halved until the bad check
 * stands alone, is set aside with the server's words, and the rest goes on. Order is kept. Since the accepted failure reasons
 * are not public, the whole batch is tried once without them before: what can be told is told.
 */
async function sendOrNarrow(
  parts: PushParts,
  reports: readonly Sequenced[],
  acknowledge: Acknowledge,
  signal: AbortSignal,
  whole = true,
): Promise<void> {
  const last = reports.at(-1) as Sequenced;
  const attempt = async (plain: boolean): Promise<SecutixError | undefined> => {
    try {
      await parts.client.importChecks(
        reports.map(({ report }) => (plain ? { ...report, plain } : report)),
        signal,
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof SecutixError) || error.kind !== 'business') throw error;
      return error;
    }
  };
  let error = await attempt(false);
  if (error && (whole || reports.length === 1)) error = await attempt(true);
  if (!error) {
    parts.onAcknowledged(reports.length);
    return acknowledge(last.seq);
  }
  if (reports.length === 1) return acknowledge(last.seq, { rejected: last, error });
  const half = reports.length >> 1;
  await sendOrNarrow(parts, reports.slice(0, half), acknowledge, signal, false);
  await sendOrNarrow(parts, reports.slice(half), acknowledge, signal, false);
}

/**
 * An admission whose barrier never opened is not reported as one; an admission without an outcome is (after a crash it is
 * not known whether the person went in, and nobody may be forgotten).
 */
export function toReport(of: Check): Sequenced {
  const { check, outcome } = of;
  const admitted = check.admitted && outcome !== 'not-passed';
  return {
    seq: check.seq,
    of,
    report: {
      checkId: check.checkId,
      barcode: check.barcode,
      at: check.at,
      admitted,
      reason: check.admitted && !admitted ? 'not-passed' : check.reason,
      ...(check.offline && { offline: true }),
    },
  };
}
