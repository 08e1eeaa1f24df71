import type { Candidates, Decision, GateRule, Notice, Verdict } from './decide.js';
import { decide, isBetter } from './decide.js';
import type { Inputs } from './findings.js';
import { findingOf, inputsOf } from './findings.js';
import { nearestOf } from './nearest.js';
import type { Phrase, Place } from './phrases.js';
import { say } from './phrases.js';
import type { Language, Reason } from './reasons.js';
import { sentence } from './reasons.js';
import type { Facts, LaneRules } from './rulebook.js';
import { PLAIN_BOOK } from './rulebook.js';
import type { RuleName } from './rules.js';
import { RULES } from './rules.js';
import type { Ticket } from './ticket.js';
import type { UsageSummary } from './usage.js';
import { summarise } from './usage.js';

/** One rule's word on one ticket. `off`: nothing is configured or known that it could look at. */
export interface RuleReport {
  rule: RuleName | GateRule;
  verdict: 'passed' | 'refused' | 'off';
  reason?: Reason;
  inputs: Inputs;
  /** Why it refused. */
  finding?: Phrase;
}

export interface CandidateReport {
  ticket: Ticket;
  usage: UsageSummary;
  /** Taken, or (of a refusal) the closest. */
  chosen: boolean;
  why: Phrase;
  rules: RuleReport[];
}

export interface Explanation {
  lane: string;
  /** UTC milliseconds of the moment that was asked about. */
  at: number;
  decision: Decision;
  /** Rules before any ticket. */
  before: RuleReport[];
  candidates: CandidateReport[];
  /** Why it was refused. */
  finding?: Phrase;
  /** The nearest thing that would have let the person in. */
  nearest?: Phrase;
  notices: Phrase[];
}

/** `decide` with everything it looked at: the same function, with a collector. */
export function explain(
  found: Candidates,
  lane: LaneRules,
  facts: Facts,
  others: readonly LaneRules[] = [],
): Explanation {
  const verdicts: Verdict[] = [];
  const decision = decide(found, lane, facts, (verdict) => verdicts.push(verdict));
  const before = beforeReports(decision, lane, facts);
  const first = verdicts.reduce<Verdict | undefined>((best, v) => (!best || isBetter(v, best) ? v : best), undefined);
  const candidates = verdicts
    .sort((a, b) => (isBetter(a, b) ? -1 : 1))
    .map((v) => ({
      ticket: v.context.ticket,
      usage: summarise(v.context.usage),
      chosen: v === first,
      why: whyOf(v, first as Verdict),
      rules: RULES.map((rule) => reportOf(rule.name, v)),
    }));
  const refusedBefore = before.find((r) => r.verdict === 'refused');
  const finding = decision.admitted
    ? undefined
    : (refusedBefore?.finding ?? candidates[0]?.rules.find((r) => r.verdict === 'refused')?.finding);
  const nearest = decision.admitted || refusedBefore ? undefined : nearestOf(found, lane, facts, others);
  return {
    lane: lane.lane,
    at: facts.now,
    decision,
    before,
    candidates,
    ...(finding && { finding }),
    ...(nearest && { nearest }),
    notices: (decision.notices ?? []).map((n) => noticePhrase(n, facts)),
  };
}

function reportOf(name: RuleName, { context }: Verdict): RuleReport {
  const rule = RULES.find((r) => r.name === name) as (typeof RULES)[number];
  const reason = rule.refuses(context);
  const inputs = inputsOf(name, context);
  if (reason !== undefined)
    return { rule: name, verdict: 'refused', reason, inputs, finding: findingOf(name, reason, context) };
  return { rule: name, verdict: rule.applies(context) ? 'passed' : 'off', inputs };
}

function whyOf(v: Verdict, first: Verdict): Phrase {
  if (v === first) return { code: v.reason === 'admitted' ? 'chosen' : 'chosen-closest', params: {} };
  if (v.reason === 'admitted') {
    const later = (v.context.ticket.validTo ?? Infinity) > (first.context.ticket.validTo ?? Infinity);
    return { code: later ? 'ends-later' : 'next-in-order', params: { other: first.context.ticket.barcode } };
  }
  const rule = RULES[v.passedRules] as (typeof RULES)[number];
  return findingOf(rule.name, v.reason, v.context);
}

function beforeReports(decision: Decision, lane: LaneRules, facts: Facts): RuleReport[] {
  const { staleList, doubtfulClock, direction } = lane;
  const isEntry = direction === 'entry';
  const limit = staleList?.refuseAfter;
  const age = facts.listAge;
  const report = (rule: GateRule, on: boolean, inputs: Inputs, finding: Phrase): RuleReport =>
    decision.rule === rule
      ? { rule, verdict: 'refused', reason: decision.reason, inputs, finding }
      : { rule, verdict: on ? 'passed' : 'off', inputs };
  return [
    report(
      'clock',
      isEntry && doubtfulClock === 'refuse',
      { doubtful: facts.doubtful ?? false, policy: doubtfulClock ?? 'admit' },
      { code: 'clock-doubtful', params: {} },
    ),
    report(
      'list-age',
      isEntry && limit !== undefined,
      { age: age ?? null, refuseAfter: limit ?? null },
      age === undefined
        ? { code: 'list-never', params: {} }
        : { code: 'list-too-old', params: { age, limit: limit ?? 0 } },
    ),
    report('known', true, { list: facts.list ?? 'filled' }, { code: unknownCode(decision.reason), params: {} }),
  ];
}

function unknownCode(reason: Reason): 'list-empty' | 'container-empty' | 'unknown' {
  if (reason === 'no-valid-ticket-in-container') return 'container-empty';
  return reason === 'list-empty' ? reason : 'unknown';
}

function noticePhrase(n: Notice, facts: Facts): Phrase {
  switch (n.code) {
    case 'reduced':
      return { code: 'show-card', params: { tariff: n.tariff ?? '' } };
    case 'not-exited':
      return { code: 'soft-not-exited', params: {} };
    case 'not-inside':
      return { code: 'soft-not-inside', params: {} };
    case 'list-old':
      return { code: 'list-old', params: { age: facts.listAge ?? 0 } };
  }
}

/** The sentence a steward reads with an admission; undefined = nothing to look at. */
export function noticeText(decision: Decision, facts: Facts, language: Language, place: Place): string | undefined {
  const [notice] = decision.notices ?? [];
  if (!notice) return undefined;
  const own = notice.code === 'reduced' ? notice.text?.[language] : undefined;
  return own ?? say(noticePhrase(notice, facts), language, place);
}

/** An explanation in words, short: what, why, and what helps. */
export function wordsOf(e: Explanation, lane: LaneRules, language: Language): string[] {
  const place: Place = { days: (lane.book ?? PLAIN_BOOK).days, now: e.at };
  const words = [sentence(e.decision.reason, language)];
  for (const phrase of [e.finding, e.nearest, ...e.notices]) if (phrase) words.push(say(phrase, language, place));
  return words;
}
