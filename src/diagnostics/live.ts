import path from 'node:path';
import type { Pattern } from '../../drivers/contract.js';
import type { Clock } from '../clock.js';
import type { JournalRecord } from '../domain/records.js';
import type { Language } from '../domain/reasons.js';
import { describeError, PortillonError } from '../errors.js';
import type { Log } from '../log.js';
import { makeBundle } from './bundle.js';
import type { ExtraSection, GuidedReport, LiveModel } from './live-model.js';
import type { LogRing } from './log-ring.js';
import type { Condition, GateEvent, LaneReport, SelfTestReport, StatusReport } from './reports.js';
import { Recent } from './recent.js';
import type { TraceBook } from './trace.js';
import { Trends } from './trends.js';
import type { Vitals } from './vitals.js';
import { WiringWatch } from './wiring.js';

/** Milliseconds. */
const LOOK_EVERY = 1_000;
const SAVE_EVERY = 15 * 60_000;
const KEPT_REPORTS = 10;
/** Longest a lane is held for a test without a word from the page. */
export const LONGEST_HOLD = 60_000;

export interface LiveParts {
  clock: Clock;
  log: Log;
  gate: LiveModel['gate'];
  dataFolder: string;
  logs: LogRing;
  trace: TraceBook;
  lanes: {
    report(): LaneReport[];
    show(lane: string, pattern: Pattern): void;
    /** Until then (monotonic milliseconds) reads are shown and not decided; 0 = decide again. */
    hold(lane: string, until: number): void;
  };
  vitals: { look(): void; read(offset: number | null): Vitals; close(): void };
  status(): StatusReport;
  selfTest(): Promise<SelfTestReport[]>;
  journal(limit: number): Promise<JournalRecord[]>;
  append(
    record:
      | { kind: 'event'; at: number; lane: string; what: string; who: string }
      | { kind: 'note'; at: number; what: string },
  ): Promise<unknown>;
  /** Every key of the configuration with value and origin, secrets out. */
  configuration: readonly object[];
  databases(): Promise<Record<string, unknown>>;
}

/** The memory behind the technician's page: what happened last, trends, wiring, traces, tests. */
export class Live implements LiveModel {
  readonly #p: LiveParts;
  readonly #recent = new Recent();
  readonly #trends: Trends;
  readonly #wiring = new WiringWatch();
  readonly #sections = new Map<string, () => ExtraSection | undefined>();
  readonly #held = new Map<string, number>();
  readonly #reports: GuidedReport[] = [];
  readonly #stop = new AbortController();
  #nextSave: number;

  constructor(parts: LiveParts) {
    this.#p = parts;
    this.#trends = new Trends(path.join(parts.dataFolder, 'trends.json'));
    this.#nextSave = parts.clock.monotonic() + SAVE_EVERY;
  }

  async start(): Promise<void> {
    this.#recent.fill(await this.#p.journal(40), this.#p.gate.language as Language);
    void this.#look();
  }

  get gate(): LiveModel['gate'] {
    return this.#p.gate;
  }
  get logs(): LogRing {
    return this.#p.logs;
  }
  get trace(): TraceBook {
    return this.#p.trace;
  }

  onEvent(event: GateEvent): void {
    this.#recent.onEvent(event);
    this.#trends.onEvent(event);
    this.#wiring.onEvent(event);
  }

  async #look(): Promise<void> {
    const { clock, vitals, lanes, log } = this.#p;
    while (!this.#stop.signal.aborted) {
      vitals.look();
      this.#trends.sample(clock.now(), lanes.report());
      for (const [lane, until] of this.#held)
        if (clock.monotonic() >= until) void this.release(lane, 'nobody: the page went away');
      if (clock.monotonic() >= this.#nextSave) {
        this.#nextSave = clock.monotonic() + SAVE_EVERY;
        this.#save();
      }
      await clock.sleep(LOOK_EVERY, this.#stop.signal);
    }
    log.debug({}, 'trends end');
  }

  #save(): void {
    try {
      this.#trends.save();
    } catch (error) {
      // A full disk: the conditions say so already, and trends are worth nothing beside the journal.
      this.#p.log.debug({ error: describeError(error) }, 'trends not saved');
    }
  }

  /** Conditions that only the watching of passages can tell. */
  conditions(): Condition[] {
    return [
      ...this.#wiring.conditions(),
      ...[...this.#held.keys()].map((lane): Condition => ({
        severity: 'degraded',
        kind: 'lane-held',
        lane,
        what: `${lane} is being tested: reads are shown and not decided`,
        remedy: 'it ends with the self-test, or a minute after the page went away',
      })),
    ];
  }

  vitals(): Vitals {
    return this.#p.vitals.read(this.#p.status().sync?.secutix.skewMs ?? null);
  }
  /** Another room registers its block of facts once; undefined hides it. */
  addSection(name: string, section: () => ExtraSection | undefined): void {
    this.#sections.set(name, section);
  }
  extra(): ExtraSection[] {
    return [...this.#sections.values()].map((make) => make()).filter((s) => s !== undefined);
  }
  recent(): ReturnType<LiveModel['recent']> {
    return this.#recent.report();
  }
  trends(): ReturnType<LiveModel['trends']> {
    return this.#trends.report();
  }
  show(lane: string, pattern: Pattern): void {
    this.#p.lanes.show(lane, pattern);
  }

  async hold(lane: string, ms: number, who: string): Promise<void> {
    const { clock, lanes } = this.#p;
    const fresh = !this.#held.has(lane);
    const until = clock.monotonic() + Math.min(ms, LONGEST_HOLD);
    lanes.hold(lane, until);
    this.#held.set(lane, until);
    if (fresh) await this.#p.append({ kind: 'event', at: clock.now(), lane, what: 'test', who });
  }

  async release(lane: string, who: string): Promise<void> {
    if (!this.#held.delete(lane)) return;
    this.#p.lanes.hold(lane, 0);
    await this.#p
      .append({ kind: 'event', at: this.#p.clock.now(), lane, what: 'test-over', who })
      .catch((error: unknown) =>
        this.#p.log.error({ error: describeError(error) }, 'the end of a test could not be written'),
      );
  }

  keepReport(report: GuidedReport): void {
    this.#reports.push(report);
    this.#reports.splice(0, Math.max(0, this.#reports.length - KEPT_REPORTS));
  }
  reports(): GuidedReport[] {
    return [...this.#reports];
  }

  async note(what: string): Promise<void> {
    await this.#p.append({ kind: 'note', at: this.#p.clock.now(), what });
  }

  async bundle(): Promise<Uint8Array> {
    const p = this.#p;
    const { trace, logs } = p;
    const answer = async <T>(question: () => T | Promise<T>): Promise<T | { error: string }> => {
      try {
        return await question();
      } catch (error) {
        return { error: describeError(error) };
      }
    };
    return makeBundle({
      gate: this.gate.id,
      now: p.clock.now(),
      status: await answer(() => p.status()),
      vitals: await answer(() => this.vitals()),
      extra: await answer(() => this.extra()),
      configuration: p.configuration,
      selfTest: await answer(() => p.selfTest()),
      guided: this.reports(),
      trends: this.trends(),
      journal: await answer(() => p.journal(500)),
      databases: await answer(() => p.databases()),
      wire: trace.totals(),
      logs: logs.tail(Number.POSITIVE_INFINITY),
      logsDropped: logs.dropped,
    });
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#save();
    this.#p.vitals.close();
  }
}

/** A lane by its name, or an error that lists the right ones. */
export function assertLane(lanes: readonly { id: string }[], id: string): void {
  if (!lanes.some((l) => l.id === id))
    throw new PortillonError('NO_LANE', `no lane ${id}; there are: ${lanes.map((l) => l.id).join(', ')}`);
}
