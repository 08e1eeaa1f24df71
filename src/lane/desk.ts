import type { Medium } from '../domain/credential.js';
import type { Candidates, Decision } from '../domain/decide.js';
import { decide } from '../domain/decide.js';
import type { Explanation } from '../domain/explain.js';
import { explain } from '../domain/explain.js';
import { say } from '../domain/phrases.js';
import type { Language } from '../domain/reasons.js';
import type { Performance, Programme } from '../domain/programme.js';
import { NO_PROGRAMME } from '../domain/programme.js';
import type { Basis } from '../domain/records.js';
import type { Facts, LaneRules, RuleBook, Schedule } from '../domain/rulebook.js';
import { scheduleOf } from '../domain/schedule.js';
import type { Ticket } from '../domain/ticket.js';
import { digestOf } from '../domain/usage.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { Found, TicketList } from '../store/list.js';
import type { ClockWatch } from './clock-watch.js';
import type { Reservations } from './reservations.js';

export interface DeskParts {
  list: Pick<TicketList, 'find'>;
  journal: Pick<Journal, 'usage' | 'append' | 'setting' | 'programme'>;
  reservations: Pick<Reservations, 'over'>;
  clock: Pick<ClockWatch, 'now' | 'doubtful' | 'trustedSince'>;
  log: Log;
  lanes: readonly LaneRules[];
  book: RuleBook;
  /** UTC milliseconds at which the list was last complete; undefined = never or not known. */
  listComplete: () => number | undefined;
}

/** A decision with what it was made on. */
export interface Judged {
  decision: Decision;
  facts: Facts;
  basis: Basis;
  /** Why it was refused and what would help, in a language; worked out when asked, never on the way to the barrier. */
  hint: (language: Language) => string | undefined;
}

/** How much of the programme is written down with the checks, milliseconds around now. */
const PAST = 2 * 86_400_000;
const AHEAD = 15 * 86_400_000;

/** Where decisions are made: it gathers what the rules need and knows nothing of barriers. All reads are synchronous. */
export class Desk {
  readonly #p: DeskParts;
  readonly #rules = new Map<string, LaneRules>();
  readonly #chosen = new Map<string, readonly string[]>();
  readonly #foreign = new Set<string>();
  #programme: Programme = NO_PROGRAMME;
  #schedule: Schedule;
  #written = '';
  /** Some rule looks at it: then what it was is part of what a check was decided on. */
  readonly #usesProgramme: boolean;

  constructor(parts: DeskParts) {
    this.#p = parts;
    for (const rules of parts.lanes) {
      this.#rules.set(rules.lane, rules);
      const chosen = parts.journal.setting(rules.lane, 'performances')?.performances;
      if (chosen) this.#chosen.set(rules.lane, chosen);
    }
    this.#schedule = scheduleOf(NO_PROGRAMME, parts.book);
    const rules = [parts.book.defaults, ...parts.book.products.values()];
    this.#usesProgramme =
      parts.lanes.some((l) => l.performances === 'auto') ||
      rules.some((r) => (r.opensBefore ?? r.closesAfter ?? r.condition) !== undefined);
    const known = parts.journal.programme();
    if (known) this.#written = JSON.stringify(known.performances);
  }

  rules(lane: string): LaneRules {
    const rules = this.#rules.get(lane);
    if (!rules) throw new Error(`no lane ${lane}`);
    return rules;
  }
  get lanes(): readonly LaneRules[] {
    return this.#p.lanes;
  }
  get programme(): Programme {
    return this.#programme;
  }
  /** What a technician chose for a lane; undefined = by the configuration. */
  chosen(lane: string): readonly string[] | undefined {
    return this.#chosen.get(lane);
  }

  /** From now on the lanes decide on this programme. */
  setProgramme(programme: Programme): void {
    this.#programme = programme;
    this.#schedule = scheduleOf(programme, this.#p.book);
    const now = this.#p.clock.now();
    const near = programme.performances.filter(
      (p) => p.start === undefined || (p.start > now - PAST && p.start < now + AHEAD),
    );
    const text = JSON.stringify(near);
    if (!this.#usesProgramme || text === this.#written || (near.length === 0 && this.#written === '')) return;
    this.#written = text;
    const { at } = programme;
    this.#write({ kind: 'note', at: now, what: 'programme', programme: { ...NO_PROGRAMME, at, performances: near } });
  }

  /** A technician chooses what a lane admits; undefined = by the configuration again. On the disk when it resolves. */
  async choose(lane: string, performances: readonly string[] | undefined, who: string, why: string): Promise<void> {
    this.rules(lane);
    const at = this.#p.clock.now();
    const chosen = performances && { performances };
    await this.#p.journal.append({ kind: 'event', at, lane, what: 'performances', who, why, ...chosen });
    if (performances) this.#chosen.set(lane, performances);
    else this.#chosen.delete(lane);
  }

  performance(code: string): Performance | undefined {
    return this.#schedule.performance(code);
  }
  /** Performances the programme has open. */
  open(now: number): readonly string[] {
    return this.#schedule.open(now);
  }

  /** The list holds nothing that this lane admits. */
  setForeign(lane: string, foreign: boolean): void {
    if (foreign) this.#foreign.add(lane);
    else this.#foreign.delete(lane);
  }

  /** Undefined = armed; otherwise why nobody could be admitted here. */
  unarmed(lane: string, position: number): 'empty' | 'foreign' | undefined {
    if (position === 0) return 'empty';
    return this.#foreign.has(lane) ? 'foreign' : undefined;
  }

  facts(lane: string, now: number, position: number): Facts {
    const { clock, listComplete } = this.#p;
    const complete = listComplete();
    const unarmed = this.unarmed(lane, position);
    return {
      now,
      schedule: this.#schedule,
      chosen: this.#chosen.get(lane),
      doubtful: clock.doubtful,
      trustedSince: clock.trustedSince,
      ...(complete !== undefined && { listAge: Math.max(0, now - complete) }),
      ...(unarmed && { list: unarmed }),
    };
  }

  /** Now, for a lane. No await in here or between this and the reservation. */
  decide(lane: string, found: Found): Judged {
    const facts = this.facts(lane, this.#p.clock.now(), found.position);
    const candidates = this.candidates(found);
    const decision = decide(candidates, this.rules(lane), facts);
    const hint = (language: Language): string | undefined => {
      const { nearest } = explain(candidates, this.rules(lane), facts, this.#p.lanes);
      return nearest && say(nearest, language, { days: this.#p.book.days, now: facts.now });
    };
    return { decision, facts, basis: basisOf(candidates, facts), hint };
  }

  /** The same function with everything it looked at; `at` in UTC milliseconds, default now. Uses nothing up. */
  explain(lane: string, code: string, at?: number, medium?: Medium): Explanation {
    const found = this.find(code, medium);
    const now = at ?? this.#p.clock.now();
    const facts = this.facts(lane, now, found.position);
    return explain(this.candidates(found), this.rules(lane), facts, this.#p.lanes);
  }

  /** As a ticket, then as a card, unless the medium is known. */
  find(code: string, medium?: Medium): Found {
    const { list } = this.#p;
    if (medium) return list.find(code, medium);
    const asTicket = list.find(code, 'barcode');
    return asTicket.via === 'none' ? list.find(code, 'rfid') : asTicket;
  }

  candidates(found: Found): Candidates {
    const { reservations, journal } = this.#p;
    return {
      via: found.via,
      candidates: found.tickets.map((ticket) => ({
        ticket,
        usage: reservations.over(ticket.barcode, journal.usage(ticket.barcode)),
      })),
    };
  }

  #write(record: Parameters<Journal['append']>[0]): void {
    this.#p.journal.append(record).catch((error: unknown) => {
      this.#p.log.error({ error: describeError(error) }, 'a note could not be written');
    });
  }
}

/** What a check is written down with, so that it can be decided again. */
export function basisOf({ via, candidates }: Candidates, facts: Facts): Basis {
  return {
    via,
    tickets: candidates.map(({ ticket }) => withoutExtra(ticket)),
    used: candidates.map(({ usage }) => digestOf(usage)).join(' '),
    ...(facts.listAge !== undefined && { listAge: facts.listAge }),
    ...(facts.list && { list: facts.list }),
    ...(facts.chosen && { chosen: facts.chosen }),
    ...(facts.trustedSince !== undefined && { trustedSince: facts.trustedSince }),
  };
}

/** No rule looks at what has no name of ours; it may hold personal data. */
function withoutExtra(ticket: Ticket): Ticket {
  if (ticket.extra === undefined) return ticket;
  const facts = { ...ticket };
  delete facts.extra;
  return facts;
}
