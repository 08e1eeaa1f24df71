export interface Control {
  acIdentifier: string;
  barcode: string;
  controlDate: string;
  controlResult: string;
  failureReason: string | null;
  /** How often it arrived; it counts once. */
  received: number;
}

export interface ImportRules {
  rejectUnknown: boolean;
  rejectBarcodes: Set<string>;
  /** The only failure reasons that are taken; undefined = any. */
  failureReasons?: ReadonlySet<string> | undefined;
  maxBatch: number;
}

const RESULTS = ['OK', 'OFFLINE_OK', 'FAIL', 'OFFLINE_FAIL'];
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;

/** What access controls reported. All or nothing a call, and the same check counts once (SecuTix: transactional, idempotent). */
export class Controls {
  readonly #byKey = new Map<string, Control>();
  batches: number[] = [];
  /** Controls that were new, by the time of their arrival (milliseconds). */
  arrivals: { at: number; count: number }[] = [];

  /** Undefined = taken; a text = why the whole call is refused. */
  import(
    input: unknown,
    knows: (barcode: string) => boolean,
    rules: ImportRules,
    now = Date.now(),
  ): string | undefined {
    if (!Array.isArray(input)) return 'controlledTickets is mandatory';
    if (input.length === 0) return 'controlledTickets is empty';
    if (input.length > rules.maxBatch) return `at most ${rules.maxBatch} controls a call`;
    for (const c of input as Record<string, unknown>[]) {
      const { acIdentifier, barcode, controlDate, controlResult } = c ?? {};
      if (typeof acIdentifier !== 'string' || typeof barcode !== 'string' || barcode === '')
        return 'acIdentifier and barcode are mandatory';
      if (typeof controlDate !== 'string' || !ISO.test(controlDate))
        return `controlDate of ${acIdentifier} has no zone or is no date`;
      if (typeof controlResult !== 'string' || !RESULTS.includes(controlResult))
        return `controlResult of ${acIdentifier} is unknown`;
      const reason = (c as { failureReason?: unknown }).failureReason;
      if (
        reason !== undefined &&
        rules.failureReasons &&
        !(typeof reason === 'string' && rules.failureReasons.has(reason))
      )
        return `failureReason of ${acIdentifier} is unknown`;
      if (rules.rejectBarcodes.has(barcode)) return `control ${acIdentifier} cannot be imported`;
      if (rules.rejectUnknown && !knows(barcode)) return `ticket of ${acIdentifier} is unknown`;
    }
    let fresh = 0;
    for (const c of input as Control[]) {
      const key = JSON.stringify([c.acIdentifier, c.barcode, c.controlDate]);
      const known = this.#byKey.get(key);
      if (known) known.received++;
      else {
        fresh++;
        const { acIdentifier, barcode, controlDate, controlResult } = c;
        this.#byKey.set(key, {
          acIdentifier,
          barcode,
          controlDate,
          controlResult,
          failureReason: c.failureReason ?? null,
          received: 1,
        });
      }
    }
    this.batches.push(input.length);
    if (fresh > 0) this.arrivals.push({ at: now, count: fresh });
    return undefined;
  }

  /** burnTicket books an operation of its own. */
  book(barcode: string, result: 'OK' | 'FAIL', at: string): void {
    this.#byKey.set(`burn ${this.#byKey.size}`, {
      acIdentifier: 'burnTicket',
      barcode,
      controlDate: at,
      controlResult: result,
      failureReason: null,
      received: 1,
    });
  }

  /** Loses what was reported of a barcode. */
  drop(barcode: string): void {
    for (const [key, control] of this.#byKey) if (control.barcode === barcode) this.#byKey.delete(key);
  }

  all(): Control[] {
    return [...this.#byKey.values()];
  }

  of(barcode: string): Control[] {
    return this.all().filter((c) => c.barcode === barcode);
  }

  clear(): void {
    this.#byKey.clear();
    this.batches = [];
    this.arrivals = [];
  }
}

/** SecuTix's own threshold (facts: seat map, share of the figure before). */
const EBB = 0.2;

/**
 * What the ticketing staff's seat map would warn of: a minute without new controls after one with some, or with fewer than a
 * fifth of the one before. The minute that is not over yet does not count.
 */
export function seatMapWarnings(
  arrivals: readonly { at: number; count: number }[],
  now: number,
  minute = 60_000,
): string[] {
  const first = arrivals[0];
  if (!first) return [];
  const perMinute = Array.from({ length: Math.floor((now - first.at) / minute) }, () => 0);
  for (const { at, count } of arrivals) {
    const index = Math.floor((at - first.at) / minute);
    if (index < perMinute.length) perMinute[index] = (perMinute[index] as number) + count;
  }
  return perMinute.flatMap((count, i) => {
    const before = perMinute[i - 1] ?? 0;
    if (before === 0) return [];
    if (count === 0) return [`minute ${i}: no new controls`];
    return count < EBB * before ? [`minute ${i}: ${count} controls after ${before}`] : [];
  });
}
