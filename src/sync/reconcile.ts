import type { ControlHistory } from '../secutix/types.js';

/** A check as we reported it. */
export interface LocalCheck {
  checkId: string;
  /** UTC milliseconds. */
  at: number;
  admitted: boolean;
}

export interface ReconcileInput {
  /** Acknowledged by SecuTix, oldest first. */
  local: readonly LocalCheck[];
  /** State in our list; undefined = not in it. */
  state: string | undefined;
  /** An error is SecuTix's answer that it does not know the ticket. */
  remote: ControlHistory | { error: string };
}

export type Discrepancy =
  | { kind: 'missing'; what: string; at: number }
  | { kind: 'foreign'; what: string; at: string }
  | { kind: 'state'; what: string }
  | { kind: 'unknown'; what: string };

/** SecuTix's times may be cut to the second. */
const TOLERANCE = 1_000;
const ADMITTED = new Set(['OK', 'OFFLINE_OK']);
const REFUSED = new Set(['FAIL', 'OFFLINE_FAIL']);

/**
 * What differs between our checks of a barcode and SecuTix's history of it. Each local check takes the nearest operation of the
 * same meaning; what is left over on either side is a difference. Operations SecuTix makes itself (cancelled, invalidated) are
 * no checks.
 */
export function reconcile({ local, state, remote }: ReconcileInput): Discrepancy[] {
  if ('error' in remote) {
    // A code that neither side knows and that nobody was admitted with is the same on both.
    const admitted = local.some((check) => check.admitted);
    if (state === undefined && !admitted) return [];
    const here = admitted ? 'this gate has admitted somebody with it' : 'it is in the list';
    return [{ kind: 'unknown', what: `SecuTix does not know it (${remote.error}), and ${here}` }];
  }
  const found: Discrepancy[] = [];
  const operations = remote.operations
    .filter(({ type }) => ADMITTED.has(type) || REFUSED.has(type))
    .map((o) => ({ ...o, time: Date.parse(o.at), taken: false }));
  for (const check of local) {
    const wanted = check.admitted ? ADMITTED : REFUSED;
    const match = operations
      .filter((o) => !o.taken && wanted.has(o.type) && Math.abs(o.time - check.at) <= TOLERANCE)
      .sort((a, b) => Math.abs(a.time - check.at) - Math.abs(b.time - check.at))[0];
    if (match) match.taken = true;
    else {
      const what = `${check.admitted ? 'an admission' : 'a refusal'} that SecuTix acknowledged is not in its history (${check.checkId})`;
      found.push({ kind: 'missing', what, at: check.at });
    }
  }
  for (const { taken, type, at } of operations)
    if (!taken) found.push({ kind: 'foreign', what: `SecuTix has ${type} that this gate did not report`, at });
  const told = remote.state;
  if (told !== null && state !== undefined && told !== state)
    found.push({ kind: 'state', what: `SecuTix says ${told}, the list ${state}` });
  return found;
}
