import type { CheckRecord, JournalRecord } from '../../src/domain/records.js';
import type { Control } from '../../src/simulator/controls.js';

const MAX_PROBLEMS = 20;

/** Everything that is seen from outside, and whether it fits together. */
export class Ledger {
  readonly problems: string[] = [];
  readonly checks = new Map<string, CheckRecord>();
  readonly givenBack = new Set<string>();
  records = 0;
  doubles = 0;
  readonly #admitted = new Map<string, string>();
  readonly #pulses = new Map<string, number>();
  readonly #admittedAt = new Map<string, number>();
  readonly #bySeq = new Map<number, string>();
  #last = 0;

  problem(text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(text);
  }

  /** A relay was seen to close at a lane. */
  pulse(lane: string): void {
    this.#pulses.set(lane, (this.#pulses.get(lane) ?? 0) + 1);
  }

  get pulses(): number {
    return [...this.#pulses.values()].reduce((a, b) => a + b, 0);
  }

  /** What is new in the journal, in order. */
  read(records: readonly JournalRecord[]): void {
    for (const r of records) {
      if (r.seq !== this.#last + 1) this.problem(`record ${r.seq} follows ${this.#last}`);
      this.#last = r.seq;
      this.records++;
      if (r.kind === 'outcome' && r.outcome === 'not-passed') this.#giveBack(r.of);
      if (r.kind !== 'check') continue;
      this.#bySeq.set(r.seq, r.checkId);
      this.checks.set(r.checkId, r);
      if (!r.admitted) continue;
      this.#admittedAt.set(r.lane, (this.#admittedAt.get(r.lane) ?? 0) + 1);
      const before = this.#admitted.get(r.barcode);
      if (before !== undefined) {
        this.doubles++;
        this.problem(`one ticket was admitted twice: ${before} and ${r.checkId}`);
      }
      this.#admitted.set(r.barcode, r.checkId);
    }
  }

  /** The barrier was never told to open, for it was too late: the ticket is good again, and SecuTix hears of a refusal. */
  #giveBack(of: number): void {
    const check = this.checks.get(this.#bySeq.get(of) ?? '');
    if (!check?.admitted || this.#admitted.get(check.barcode) !== check.checkId)
      return this.problem(`${of} is given back, and was no admission`);
    this.#admitted.delete(check.barcode);
    this.#admittedAt.set(check.lane, (this.#admittedAt.get(check.lane) ?? 0) - 1);
    this.givenBack.add(check.checkId);
  }

  get last(): number {
    return this.#last;
  }

  get admitted(): number {
    return this.#admitted.size;
  }

  /** Whoever was let through had a check before: a lane has never more pulses than admissions on the disk. */
  compare(): void {
    for (const [lane, pulses] of this.#pulses) {
      const admitted = this.#admittedAt.get(lane) ?? 0;
      if (pulses > admitted) this.problem(`${lane} opened ${pulses} times for ${admitted} admissions`);
    }
  }

  /** What SecuTix was told: nothing that is not so, and nothing twice. */
  reported(controls: readonly Control[]): void {
    const ids = new Set<string>();
    for (const c of controls) {
      if (ids.has(c.acIdentifier)) this.problem(`SecuTix counts ${c.acIdentifier} twice`);
      ids.add(c.acIdentifier);
      const check = this.checks.get(c.acIdentifier);
      if (!check) this.problem(`SecuTix knows ${c.acIdentifier}, and the journal does not`);
      else if (
        check.barcode !== c.barcode ||
        (check.admitted && !this.givenBack.has(check.checkId)) !== c.controlResult.endsWith('OK')
      )
        this.problem(`${c.acIdentifier} reached SecuTix as something else`);
    }
  }

  /** At the end: checks SecuTix has not. */
  lost(controls: readonly Control[]): number {
    const there = new Set(controls.map((c) => c.acIdentifier));
    let lost = 0;
    for (const id of this.checks.keys()) if (!there.has(id)) lost++;
    if (lost > 0) this.problem(`${lost} checks never reached SecuTix`);
    return lost;
  }
}
