import type { SimModel } from './model.js';

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
  maxBatch: number;
}

const RESULTS = ['OK', 'OFFLINE_OK', 'FAIL', 'OFFLINE_FAIL'];
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;

/** What access controls reported. All or nothing a call, and the same check counts once (SecuTix: transactional, idempotent). */
export class Controls {
  readonly #byKey = new Map<string, Control>();
  batches: number[] = [];

  /** Undefined = taken; a text = why the whole call is refused. */
  import(input: unknown, model: SimModel, rules: ImportRules): string | undefined {
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
      if (rules.rejectBarcodes.has(barcode)) return `control ${acIdentifier} cannot be imported`;
      if (rules.rejectUnknown && !model.tickets.has(barcode)) return `ticket of ${acIdentifier} is unknown`;
    }
    for (const c of input as Control[]) {
      const key = JSON.stringify([c.acIdentifier, c.barcode, c.controlDate]);
      const known = this.#byKey.get(key);
      if (known) known.received++;
      else {
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

  all(): Control[] {
    return [...this.#byKey.values()];
  }

  of(barcode: string): Control[] {
    return this.all().filter((c) => c.barcode === barcode);
  }

  clear(): void {
    this.#byKey.clear();
    this.batches = [];
  }
}
