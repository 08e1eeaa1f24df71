import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { GateEvent, LaneReport } from './reports.js';

const MINUTE = 60_000;
/** Twelve hours: a day's doors and what came before. */
export const KEPT_MINUTES = 720;
/** Decision times kept of one minute: more do not change a percentile. */
const MAX_SAMPLES = 500;

export interface TrendMinute {
  /** UTC milliseconds of its beginning. */
  at: number;
  /** People who went through, with or without a ticket. */
  passages: number;
  admitted: number;
  refused: number;
  reasons: Record<string, number>;
  /** Milliseconds from the last byte to the decision. */
  decision: { p50: number; p95: number; max: number } | null;
  /** By reader: codes read, and pieces of noise. */
  readers: Record<string, { codes: number; noise: number }>;
}

export interface TrendsReport {
  keptMinutes: number;
  minutes: TrendMinute[];
}

interface Sums {
  passages: number;
  readers: Record<string, { codes: number; noise: number }>;
}

/** What happened minute by minute, bounded. Saved now and then, so that a restart costs minutes, not the afternoon. */
export class Trends {
  readonly #file: string;
  #minutes: TrendMinute[] = [];
  #now: TrendMinute | undefined;
  #times: number[] = [];
  #before: Sums | undefined;

  constructor(file: string) {
    this.#file = file;
    try {
      const kept = JSON.parse(readFileSync(file, 'utf8')) as { version: number; minutes: TrendMinute[] };
      if (kept.version === 1 && Array.isArray(kept.minutes)) this.#minutes = kept.minutes.slice(-KEPT_MINUTES);
    } catch {
      // None yet, or cut short by a power cut: trends begin anew.
    }
  }

  onEvent({ event, data }: GateEvent): void {
    if (event !== 'decision') return;
    const now = this.#at(data.at);
    now[data.admitted ? 'admitted' : 'refused']++;
    if (!data.admitted) now.reasons[data.reason] = (now.reasons[data.reason] ?? 0) + 1;
    if (this.#times.length < MAX_SAMPLES) this.#times.push(data.decidedAfter);
  }

  /** Called about once a second with what the lanes have counted since start. */
  sample(at: number, lanes: readonly LaneReport[]): void {
    const sums = sumsOf(lanes);
    const before = this.#before;
    this.#before = sums;
    const now = this.#at(at);
    if (!before) return;
    now.passages += Math.max(0, sums.passages - before.passages);
    for (const [name, { codes, noise }] of Object.entries(sums.readers)) {
      const was = before.readers[name] ?? { codes: 0, noise: 0 };
      const reader = (now.readers[name] ??= { codes: 0, noise: 0 });
      reader.codes += Math.max(0, codes - was.codes);
      reader.noise += Math.max(0, noise - was.noise);
    }
  }

  #at(at: number): TrendMinute {
    const start = Math.floor(at / MINUTE) * MINUTE;
    // A clock that was set back goes on in the minute it was.
    if (this.#now && start <= this.#now.at) return this.#now;
    if (this.#now) this.#minutes = [...this.#minutes, this.#current(this.#now)].slice(-KEPT_MINUTES);
    this.#times = [];
    this.#now = { at: start, passages: 0, admitted: 0, refused: 0, reasons: {}, decision: null, readers: {} };
    return this.#now;
  }

  report(): TrendsReport {
    return { keptMinutes: KEPT_MINUTES, minutes: [...this.#minutes, ...(this.#now ? [this.#current(this.#now)] : [])] };
  }

  /** Percentiles are worked out when somebody asks, not with every visitor. */
  #current(minute: TrendMinute): TrendMinute {
    return this.#times.length === 0 ? minute : { ...minute, decision: spread(this.#times) };
  }

  /** Written beside and put in place: half a file is never read. Throws what the file system throws. */
  save(): void {
    const beside = `${this.#file}.new`;
    writeFileSync(beside, JSON.stringify({ version: 1, minutes: this.report().minutes }), { mode: 0o600 });
    renameSync(beside, this.#file);
  }
}

function sumsOf(lanes: readonly LaneReport[]): Sums {
  let passages = 0;
  const readers: Sums['readers'] = {};
  for (const lane of lanes) {
    const { passed = 0, forced = 0, tailgating = 0, free = 0, admitted = 0 } = lane.counters;
    passages += lane.passageSensor ? passed + forced + tailgating + free : admitted;
    for (const { role, status } of lane.devices) {
      if (!role.startsWith('reader')) continue;
      readers[`${lane.id}/${role}`] = { codes: status.counters.frames ?? 0, noise: status.counters.noise ?? 0 };
    }
  }
  return { passages, readers };
}

/** Milliseconds, to hundredths. */
function spread(times: readonly number[]): { p50: number; p95: number; max: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
const round = (ms: number): number => Math.round(ms * 100) / 100;
