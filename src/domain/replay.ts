import type { Candidates, Decision } from './decide.js';
import { decide } from './decide.js';
import { fold, usageKey } from './fold.js';
import type { Programme } from './programme.js';
import { NO_PROGRAMME } from './programme.js';
import type { Reason } from './reasons.js';
import type { CheckRecord, JournalRecord } from './records.js';
import type { Facts, LaneRules, RuleBook, Schedule } from './rulebook.js';
import { scheduleOf } from './schedule.js';
import type { Usage } from './usage.js';
import { digestOf, NO_USAGE } from './usage.js';

export interface Difference {
  seq: number;
  at: number;
  lane: string;
  barcode: string;
  /** What was said, and what these rules say. */
  was: Reason;
  now: Reason;
  nowBarcode?: string;
}

export interface ReplayReport {
  /** Checks that were decided again. */
  checks: number;
  same: number;
  differences: Difference[];
  /** Not decided again, by why: a steward's word, a lane that is not configured, records of before, a history that is gone. */
  skipped: Record<'steward' | 'lane' | 'no-basis' | 'history', number>;
  /** Reasons as they were, and as they would be. */
  was: Record<string, number>;
  now: Record<string, number>;
  /** Hashes of the configurations the checks were decided on. */
  configs: string[];
}

/**
 * Decides the checks of a journal again, each on what it was decided on and on the records before it. With the same rules nothing may
 * differ; with others it tells what they would have done to these people, who came as they came.
 */
export class Replay {
  readonly report: ReplayReport = {
    checks: 0,
    same: 0,
    differences: [],
    skipped: { steward: 0, lane: 0, 'no-basis': 0, history: 0 },
    was: {},
    now: {},
    configs: [],
  };
  readonly #lanes: ReadonlyMap<string, LaneRules>;
  readonly #book: RuleBook;
  readonly #from: number;
  readonly #to: number;
  readonly #usages = new Map<string, Usage>();
  readonly #own: Programme | undefined;
  #schedule: Schedule;

  /** `from` and `to` in UTC milliseconds choose the checks; what was before is folded all the same. */
  constructor(
    lanes: readonly LaneRules[],
    book: RuleBook,
    options: { from?: number; to?: number; programme?: Programme } = {},
  ) {
    this.#lanes = new Map(lanes.map((l) => [l.lane, l]));
    this.#book = book;
    this.#from = options.from ?? -Infinity;
    this.#to = options.to ?? Infinity;
    this.#own = options.programme;
    this.#schedule = scheduleOf(options.programme ?? NO_PROGRAMME, book);
  }

  /** In the order of the journal. */
  add(record: JournalRecord): void {
    if (record.kind === 'note' && record.programme) this.#programme(record.programme);
    if (record.kind === 'check' && record.at >= this.#from && record.at < this.#to) this.#check(record);
    const barcode = usageKey(record);
    if (barcode !== undefined) this.#usages.set(barcode, fold(this.#usages.get(barcode) ?? NO_USAGE, record));
  }

  /** A performance of the configuration stands above what was written down. */
  #programme(written: Programme): void {
    const own = this.#own?.performances ?? [];
    const codes = new Set(own.map((p) => p.code));
    const performances = [...written.performances.filter((p) => !codes.has(p.code)), ...own];
    this.#schedule = scheduleOf({ ...written, performances }, this.#book);
  }

  #check(r: CheckRecord): void {
    const { report } = this;
    if (!report.configs.includes(r.config)) report.configs.push(r.config);
    if (r.who !== undefined) return void report.skipped.steward++;
    const { basis } = r;
    if (!basis) return void report.skipped['no-basis']++;
    const lane = this.#lanes.get(r.lane);
    if (!lane) return void report.skipped.lane++;
    const candidates = basis.tickets.map((ticket) => ({ ticket, usage: this.#usages.get(ticket.barcode) ?? NO_USAGE }));
    if (candidates.map(({ usage }) => digestOf(usage)).join(' ') !== basis.used) return void report.skipped.history++;
    const found: Candidates = { via: basis.via, candidates };
    const facts: Facts = {
      now: r.at,
      schedule: this.#schedule,
      listAge: basis.listAge,
      list: basis.list,
      chosen: basis.chosen,
      trustedSince: basis.trustedSince,
      doubtful: r.doubtful,
    };
    this.#compare(r, decide(found, lane, facts), basis.ruled ?? r.reason);
  }

  #compare(r: CheckRecord, d: Decision, was: Reason): void {
    const { report } = this;
    report.checks++;
    report.was[was] = (report.was[was] ?? 0) + 1;
    report.now[d.reason] = (report.now[d.reason] ?? 0) + 1;
    const barcode = d.ticket?.barcode ?? r.credential.code;
    const slot = r.admitted ? r.slot : d.slot;
    if (d.reason === was && barcode === r.barcode && d.slot === slot) return void report.same++;
    const { seq, at, lane } = r;
    const other = barcode !== r.barcode && { nowBarcode: barcode };
    report.differences.push({ seq, at, lane, barcode: r.barcode, was, now: d.reason, ...other });
  }
}
