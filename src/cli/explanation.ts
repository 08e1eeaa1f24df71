import type { ExplanationReport } from '../diagnostics/desk-model.js';
import { mask } from '../domain/credential.js';
import type { CandidateReport, RuleReport } from '../domain/explain.js';
import type { Inputs } from '../domain/findings.js';
import type { Phrase } from '../domain/phrases.js';
import { say } from '../domain/phrases.js';
import { DAY, serviceDays, zoneOf } from '../domain/zone.js';

type Paint = (colour: number, text: string) => string;
const PLAIN: Paint = (_, text) => text;

/**
 * An explanation as a helpdesk reads it: the verdict, why, and what helps; below that every rule in a sentence, in the order they are asked.
 * `NO` is the one that decided; `no` would have refused as well.
 */
export function explanationLines(r: ExplanationReport, paint: Paint = PLAIN): string[] {
  const [verdict = '', ...rest] = r.words;
  const mark = r.decision.admitted ? paint(32, 'ADMIT ') : paint(31, 'REFUSE');
  const lines = [`${mark}  ${verdict}  (${r.decision.reason})`, ...rest.map((line) => `        ${line}`)];
  lines.push(`        Lane ${r.lane}, ${r.localTime} ${r.timeZone}.`);
  const several = r.candidates.length > 1;
  for (const c of r.candidates) lines.push('', ...candidateLines(c, r, several));
  return lines;
}

function candidateLines(c: CandidateReport, r: ExplanationReport, several: boolean): string[] {
  const t = c.ticket;
  const name = performanceName(c);
  const facts = [
    t.product && `product ${t.product}`,
    t.performance && `performance ${t.performance}${name ? ` (${name})` : ''}`,
    t.entrance && `entrance ${t.entrance}`,
    t.tariff && `tariff ${t.tariff}`,
    t.persons !== undefined && `${t.persons} persons`,
  ];
  const lines = [`${several && c.chosen ? '>' : ' '} Ticket ${mask(t.barcode)}: ${facts.filter(Boolean).join(', ')}`];
  if (several) lines.push(`    ${english(c.why, r)}`);
  lines.push(`    ${useText(c, r)}`);
  const decided = c.rules.findIndex((rule) => rule.verdict === 'refused');
  c.rules.forEach((rule, i) => {
    if (rule.verdict === 'off') return;
    const mark = rule.verdict === 'passed' ? 'ok' : i === decided ? 'NO' : 'no';
    const text = rule.finding ? english(rule.finding, r) : PASSED[rule.rule](read(rule.inputs, r));
    lines.push(`    ${mark}  ${rule.rule.padEnd(16)} ${text}`);
  });
  const off = c.rules.filter((rule) => rule.verdict === 'off').map((rule) => rule.rule);
  if (off.length > 0) lines.push(`    Not asked of this ticket: ${off.join(', ')}`);
  return lines;
}

function performanceName(c: CandidateReport): string | undefined {
  const name = c.rules.find((rule) => rule.rule === 'event')?.inputs.name;
  return typeof name === 'string' && name !== c.ticket.performance ? name : undefined;
}

function useText({ usage }: CandidateReport, r: ExplanationReport): string {
  const last = usage.movements.filter((m) => !m.void).at(-1);
  if (!last) return usage.entries === 0 ? 'Not used yet.' : `${times(usage.entries, 'entry', 'entries')} so far.`;
  const { date, time } = placeOf(r).days.zone.local(last.at);
  const how = last.direction === 'exit' ? 'out' : last.forced ? 'let in by a steward' : 'in';
  const counts = [times(usage.entries, 'entry', 'entries')];
  if (usage.exits > 0) counts.push(times(usage.exits, 'exit', 'exits'));
  return `${counts.join(', ')} so far; the last: ${how} at ${last.lane}, ${date} ${time}.`;
}

const times = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

type Read = (name: string) => string;

/** What a rule that had nothing against it has seen. */
const PASSED: Readonly<Record<RuleReport['rule'], (get: Read) => string>> = {
  clock: (get) => `The clock is right, or the lane goes on without (${get('policy')}).`,
  'list-age': () => 'The ticket list is young enough.',
  known: () => 'The code is on the ticket list.',
  state: () => 'SecuTix gives a state that is known.',
  'not-cancelled': () => 'It is not cancelled.',
  'not-black-listed': () => 'It is on no black list.',
  'no-specimen': () => 'It is no specimen.',
  event: (get) => {
    const what = get('automatic') === 'true' ? 'what is in the programme' : `performance ${get('performances')}`;
    const only = get('products') === 'any' ? '' : ` of product ${get('products')}`;
    return `It is for ${get('product')}, ${get('performance')}; the lane admits ${what}${only}.`;
  },
  entrance: (get) =>
    get('sector') === '-'
      ? `Its entrance is ${get('entrance')}; the lane is for ${get('entrances')}.`
      : `Its entrance is ${get('entrance')}; the lane is for ${get('entrances')} and leads to ${get('sector')}; the product may go to ${get('sectors')}.`,
  opens: (get) => (get('opens') === '-' ? `It is valid from ${get('from')}.` : `It is open since ${get('opens')}.`),
  closes: (get) => {
    const last = [get('lastDay'), get('to')].find((day) => day !== '-');
    const ends = [get('closes') === '-' ? '' : `open until ${get('closes')}`, last ? `valid until ${last}` : ''];
    return `It is ${ends.filter(Boolean).join(', ')}.`;
  },
  day: (get) => `${get('today')} is one of its days.`,
  entries: (get) => `Used ${get('used')} of ${get('limit')} for ${get('for') === '*' ? 'this' : get('for')}.`,
  'entries-in-all': (get) => `Used ${get('used')} of ${get('limit')} in all.`,
  'entries-per-day': (get) => `Used ${get('used')} of ${get('limit')} on ${get('today')}.`,
  days: (get) => `Used on ${get('used')} of ${get('limit')} different days.`,
  interval: (get) =>
    get('nextAt') === '-' ? 'There was no entry before.' : `The next entry is allowed since ${get('nextAt')}.`,
  exited: (get) =>
    get('inside') === 'true'
      ? 'The holder has not come out; that is forgiven or only shown.'
      : 'The holder is outside.',
  inside: (get) =>
    get('behind') === '-' ? 'The holder came in before.' : `The holder came in through ${get('behind')}.`,
  condition: () => 'The condition of the product is met.',
};

const MOMENTS = ['now', 'opens', 'closes', 'nextAt', 'forgivenAt'];
const DAYS = ['today', 'from', 'to', 'lastDay', 'lastUsed'];

/** Inputs as a person reads them; `-` = not known or not set. */
function read(inputs: Inputs, r: ExplanationReport): Read {
  const { zone } = placeOf(r).days;
  return (name) => {
    const value = inputs[name] ?? null;
    if (value === null) return '-';
    if (typeof value === 'object') return value.join(' or ').replace(/^\*$/, 'any');
    if (typeof value !== 'number') return String(value);
    if (DAYS.includes(name)) return new Date(value * DAY).toISOString().slice(0, 10);
    if (!MOMENTS.includes(name)) return String(value);
    const { date, time } = zone.local(value);
    return date === zone.local(r.at).date ? time : `${date} ${time}`;
  };
}

const placeOf = (r: ExplanationReport) => ({ days: serviceDays(zoneOf(r.timeZone), 0), now: r.at });
const english = (phrase: Phrase, r: ExplanationReport): string => say(phrase, 'en', placeOf(r));
