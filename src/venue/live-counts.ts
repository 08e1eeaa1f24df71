import type { CheckRecord, JournalRecord, OutcomeRecord } from '../domain/records.js';
import { checkIdOf, parseCheckId } from '../domain/records.js';
import type { ServiceDays } from '../domain/zone.js';

export interface Flow {
  entries: number;
  exits: number;
  refused: number;
}

export interface CountsReport extends Flow {
  /** The venue's day (`rules.dayStartsAt`), and the UTC milliseconds of its beginning. */
  day: string;
  since: number;
  /** People in the venue now. A ticket counts with the most it has in any one sector: who is on the stand is in the stadium, too. */
  inside: number;
  /** By where lanes lead; '' = lanes that name no sector. */
  sectors: { sector: string; inside: number; entries: number; exits: number }[];
  gates: ({ gate: string } & Flow)[];
  /** The last hour, oldest first; minutes in which nothing happened are left out. */
  minutes: ({ at: number } & Flow)[];
}

interface Seen {
  at: number;
  gate: string;
  kind: keyof Flow;
  barcode: string;
  /** Number of its sector. */
  sector: number;
}

const MINUTE = 60_000;
const KEPT_MINUTES = 60;
const none = (): Flow => ({ entries: 0, exits: 0, refused: 0 });

/**
 * Who is in the venue, folded from the hub's journal, which holds the checks of all gates: the same fold makes it anew after a
 * restart. Only what was presented is counted; passages in free mode have no ticket. Pure but for its memory of one day.
 */
export class LiveCounts {
  readonly #days: ServiceDays;
  readonly #hub: string;
  #day = -Infinity;
  #checks = new Map<string, Seen>();
  #sectorNumbers = new Map<string, number>();
  #sectors: { entries: number; exits: number }[] = [];
  /** By barcode: people inside, by the number of the sector. */
  #tickets = new Map<string, number[]>();
  #inside = 0;
  #total = none();
  #gates = new Map<string, Flow>();
  #minutes = new Map<number, Flow>();

  constructor(days: ServiceDays, hub: string) {
    this.#days = days;
    this.#hub = hub;
  }

  /** Checks of this day that were looked at. */
  get size(): number {
    return this.#checks.size;
  }

  /** Counts begin anew when the venue's day does. Returns whether a new one began. */
  turn(now: number): boolean {
    const day = this.#days.dayOf(now);
    if (day <= this.#day) return false;
    this.#day = day;
    this.#checks = new Map();
    this.#sectorNumbers = new Map();
    this.#sectors = [];
    this.#tickets = new Map();
    this.#inside = 0;
    this.#total = none();
    this.#gates = new Map();
    this.#minutes = new Map();
    return true;
  }

  take(record: JournalRecord): void {
    if (record.kind === 'remote') this.#check(record.check, record.gate, record.outcome, record.at);
    else if (record.kind === 'check') this.#check(record, this.#hub, undefined, record.at);
    else if (record.kind === 'outcome' && record.outcome === 'not-passed') this.#undo(checkIdOf(this.#hub, record.of));
  }

  #check(check: CheckRecord, from: string, outcome: OutcomeRecord['outcome'] | undefined, learntAt: number): void {
    const { checkId, givesBack, admitted, direction, barcode, sector = '' } = check;
    // A gate whose clock is ahead must not open the day of tomorrow.
    const at = Math.min(check.at, learntAt);
    if (this.#days.dayOf(at) !== this.#day || this.#checks.has(checkId)) return;
    const gate = parseCheckId(checkId).gate || from;
    if (givesBack !== undefined) return this.#undo(givesBack);
    if (check.reason === 'looked' || (admitted && outcome === 'not-passed')) return;
    const kind = !admitted ? 'refused' : direction === 'exit' ? 'exits' : 'entries';
    const seen = { at, gate, kind, barcode, sector: this.#sector(sector) } as const;
    this.#checks.set(checkId, seen);
    this.#add(seen, 1);
  }

  #undo(checkId: string): void {
    const seen = this.#checks.get(checkId);
    if (!seen || seen.kind === 'refused') return;
    // Given back once; a second word of the same changes nothing.
    this.#checks.set(checkId, { ...seen, kind: 'refused' });
    this.#add(seen, -1);
  }

  #sector(name: string): number {
    let n = this.#sectorNumbers.get(name);
    if (n === undefined) {
      n = this.#sectors.length;
      this.#sectorNumbers.set(name, n);
      this.#sectors.push({ entries: 0, exits: 0 });
    }
    return n;
  }

  #add({ at, gate, kind, barcode, sector }: Seen, by: 1 | -1): void {
    const minute = Math.floor(at / MINUTE) * MINUTE;
    let ofGate = this.#gates.get(gate);
    if (!ofGate) this.#gates.set(gate, (ofGate = none()));
    let ofMinute = this.#minutes.get(minute);
    if (!ofMinute) {
      this.#minutes.set(minute, (ofMinute = none()));
      if (this.#minutes.size > 2 * KEPT_MINUTES) this.#forgetMinutes();
    }
    this.#total[kind] += by;
    ofGate[kind] += by;
    ofMinute[kind] += by;
    if (kind === 'refused') return;
    const flow = this.#sectors[sector] as { entries: number; exits: number };
    flow[kind] += by;
    const people = this.#tickets.get(barcode) ?? [];
    const before = most(people);
    people[sector] = (people[sector] ?? 0) + (kind === 'entries' ? by : -by);
    this.#tickets.set(barcode, people);
    this.#inside += most(people) - before;
  }

  #forgetMinutes(): void {
    const kept = [...this.#minutes.keys()].sort((a, b) => a - b).slice(-KEPT_MINUTES);
    this.#minutes = new Map(kept.map((at) => [at, this.#minutes.get(at) as Flow]));
  }

  report(now: number): CountsReport {
    const since = this.#days.startOf(this.#day);
    const oldest = Math.floor(now / MINUTE) * MINUTE - (KEPT_MINUTES - 1) * MINUTE;
    const minutes = [...this.#minutes].filter(([at]) => at >= oldest).sort((a, b) => a[0] - b[0]);
    return {
      day: this.#days.zone.local(since).date,
      since,
      ...this.#total,
      inside: this.#inside,
      sectors: [...this.#sectorNumbers]
        .map(([sector, n]) => {
          const { entries, exits } = this.#sectors[n] as { entries: number; exits: number };
          return { sector, inside: Math.max(0, entries - exits), entries, exits };
        })
        // Somebody refused there opens no line of its own.
        .filter(({ entries, exits }) => entries + exits > 0)
        .sort((a, b) => (a.sector < b.sector ? -1 : 1)),
      gates: [...this.#gates].map(([gate, flow]) => ({ gate, ...flow })).sort((a, b) => (a.gate < b.gate ? -1 : 1)),
      minutes: minutes.map(([at, flow]) => ({ at, ...flow })),
    };
  }
}

/** An exit without its entry (the day before, a cut) counts nobody below zero. */
const most = (people: readonly (number | undefined)[]): number =>
  people.reduce<number>((m, n) => Math.max(m, n ?? 0), 0);
