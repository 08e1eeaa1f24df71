import type { Candidate } from './context.js';
import { Context, momentOf } from './context.js';
import type { Candidates } from './decide.js';
import { decide } from './decide.js';
import { nameOf } from './findings.js';
import type { Phrase } from './phrases.js';
import type { Facts, LaneRules } from './rulebook.js';
import { forgivenAt, nextEntryAt } from './rules.js';
import { insert } from './usage.js';
import { MINUTE } from './zone.js';

/** How far ahead is looked: days, and quarters of an hour of the next day where a condition may depend on the time. */
const DAYS_AHEAD = 14;
const QUARTERS = 96;
/** A wait this short is easier than walking to another entrance, milliseconds. */
const SHORT_WAIT = 20 * MINUTE;

interface Option {
  /** How hard it is for the visitor: lowest first. */
  effort: number;
  phrase: Phrase;
}

/**
 * The nearest thing that would have let the person in, found by deciding again with one thing changed: the time, the lane, the
 * entrance, an exit first. Weighed by what a visitor can change most easily: a short wait, another entrance now, a way out and in again, later
 * today, another day.
 */
export function nearestOf(
  found: Candidates,
  lane: LaneRules,
  facts: Facts,
  others: readonly LaneRules[],
): Phrase | undefined {
  if (lane.direction === 'exit') return undefined;
  let best: Option | undefined;
  for (const candidate of found.candidates) {
    // What no change of time or place can cure.
    if (!mayEver(candidate)) continue;
    for (const option of optionsOf(candidate, found, lane, facts, others))
      if (best === undefined || option.effort < best.effort) best = option;
  }
  return best?.phrase;
}

const mayEver = ({ ticket, usage }: Candidate): boolean =>
  ticket.state === 'VALID' && !ticket.specimen && ticket.blocked === undefined && usage.blocked === undefined;

function* optionsOf(
  candidate: Candidate,
  found: Candidates,
  lane: LaneRules,
  facts: Facts,
  others: readonly LaneRules[],
): Generator<Option> {
  const { now } = facts;
  const admits = (at: LaneRules, f: Facts, c: Candidate = candidate): boolean =>
    decide({ ...found, candidates: [c] }, at, f).admitted;
  const c = new Context(candidate, momentOf(lane, facts));
  const today = c.m.today;
  const wait = (at: number): number => {
    if (at - now <= SHORT_WAIT) return 1;
    return c.m.book.days.dayOf(at) === today ? 4 + (at - now) / 1e12 : 6 + (at - now) / 1e13;
  };

  const here = soonest(c, (at) => admits(lane, { ...facts, now: at }));
  if (here !== undefined) yield { effort: wait(here), phrase: { code: 'open-later', params: { at: here } } };

  for (const other of others) {
    if (other.lane === lane.lane || other.direction !== 'entry') continue;
    const name = other.name ?? other.lane;
    // What a technician chose for this lane is not chosen for that one.
    const own = { ...facts, chosen: undefined };
    if (admits(other, own)) yield { effort: 2, phrase: { code: 'other-lane', params: { lane: name } } };
    else if (here === undefined) {
      const there = new Context(candidate, momentOf(other, own));
      const at = soonest(there, (t) => admits(other, { ...own, now: t }));
      if (at !== undefined)
        yield { effort: wait(at) + 0.5, phrase: { code: 'other-lane-later', params: { lane: name, at } } };
    }
  }
  const { entrance } = candidate.ticket;
  if (entrance !== undefined && lane.entrances && !lane.entrances.includes(entrance)) {
    const there: LaneRules = { ...lane, entrances: [entrance] };
    if (admits(there, facts)) yield { effort: 2.1, phrase: { code: 'other-entrance', params: { entrance } } };
  }
  if (c.survey.inside) {
    const out = { gate: '', seq: 0, at: now, lane: '', direction: 'exit' as const };
    const left = insert(candidate.usage, { ...out, ...(lane.sector !== undefined && { sector: lane.sector }) });
    if (admits(lane, facts, { ...candidate, usage: left }))
      yield { effort: 3, phrase: { code: 'exit-first', params: {} } };
  }
  if (lane.behind !== undefined && !c.survey.insideBehind) {
    const { behind, ...open } = lane;
    if (admits(open, facts)) yield { effort: 2.5, phrase: { code: 'sector-first', params: { sector: behind } } };
  }
  const { performance } = candidate.ticket;
  const window = performance === undefined ? undefined : facts.schedule?.window(performance);
  if (performance !== undefined && window && now <= window.closes && facts.chosen === undefined) {
    const at = Math.max(now, window.opens);
    const there: LaneRules = { ...lane, performances: [performance] };
    if (!admits(lane, { ...facts, now: at }) && admits(there, { ...facts, now: at }))
      yield { effort: 8, phrase: { code: 'other-performance', params: { performance: nameOf(c), at } } };
  }
}

/** The first of the moments at which something may change, that is admitted. */
function soonest(c: Context, admits: (at: number) => boolean): number | undefined {
  const { now, today, book, facts } = c.m;
  const moments: (number | undefined)[] = [
    c.window.opens,
    c.rules.from === undefined ? undefined : book.days.startOf(c.rules.from),
    nextEntryAt(c),
    forgivenAt(c),
    facts.schedule?.nextOpening(now),
    ...(c.rules.dates ?? []).filter((day) => day > today).map((day) => book.days.startOf(day)),
  ];
  for (let day = today + 1; day <= today + DAYS_AHEAD; day++) moments.push(book.days.startOf(day));
  if (c.rules.condition) {
    const quarter = 15 * MINUTE;
    const first = Math.ceil((now + 1) / quarter) * quarter;
    for (let i = 0; i < QUARTERS; i++) moments.push(first + i * quarter);
    for (let day = today + 1; day <= today + DAYS_AHEAD; day++) moments.push(book.days.startOf(day) + 12 * 60 * MINUTE);
  }
  const ahead = [...new Set(moments.filter((at): at is number => at !== undefined && at > now))];
  return ahead.sort((a, b) => a - b).find(admits);
}
