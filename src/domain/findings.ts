import { CONDITION_FACTS } from './condition.js';
import type { FactName } from './condition.js';
import type { Context } from './context.js';
import type { Phrase, PhraseParams } from './phrases.js';
import type { Reason } from './reasons.js';
import { entriesOf } from './rulebook.js';
import type { RuleName } from './rules.js';
import { forgivenAt, lastDay, nextEntryAt, outside } from './rules.js';
import { movementAt } from './usage.js';

/** What a rule looked at, by name; times are UTC milliseconds, days day numbers. */
export type Inputs = Readonly<Record<string, string | number | boolean | readonly string[] | null>>;

const list = (values: readonly string[] | undefined): readonly string[] => values ?? ['*'];
const or = <T>(value: T | undefined): T | null => value ?? null;

/** Inputs of one rule, whatever it said. */
export function inputsOf(rule: RuleName, c: Context): Inputs {
  const { ticket, rules, m } = c;
  switch (rule) {
    case 'state':
    case 'not-cancelled':
      return { state: ticket.state, cause: or(ticket.cancellationCause) };
    case 'not-black-listed':
      return { platform: or(ticket.blocked), here: or(c.usage.blocked?.why) };
    case 'no-specimen':
      return { specimen: ticket.specimen ?? false };
    case 'event':
      return {
        product: or(ticket.product),
        performance: or(ticket.performance),
        name: or(c.performance?.name),
        enabled: rules.enabled,
        products: list(m.lane.products),
        performances: list(m.performances),
        automatic: m.auto,
      };
    case 'entrance':
      return {
        entrance: or(ticket.entrance),
        entrances: list(m.lane.entrances),
        sector: or(m.lane.sector),
        sectors: list(rules.sectors && Object.keys(rules.sectors)),
      };
    case 'opens':
      return { now: m.now, opens: or(c.window.opens), today: m.today, from: or(rules.from) };
    case 'closes':
      return { now: m.now, closes: or(c.window.closes), today: m.today, to: or(rules.to), lastDay: or(lastDay(c)) };
    case 'day': {
      const last = c.lastDay;
      return { today: m.today, consecutive: rules.consecutive, lastUsed: last === -Infinity ? null : last };
    }
    case 'entries':
      return { used: c.survey.inSlot, limit: limitText(entriesOf(c.limits) * c.persons), for: c.slot };
    case 'entries-in-all':
      return { used: c.survey.entries, limit: limitText(c.limits.entriesInAll) };
    case 'entries-per-day':
      return { used: c.survey.today, limit: limitText(c.limits.entriesPerDay), today: m.today };
    case 'days':
      return { used: c.days, limit: or(rules.days) };
    case 'interval':
      return { now: m.now, nextAt: or(nextEntryAt(c)) };
    case 'exited':
      return { inside: c.survey.inside, mode: rules.antiPassback, forgivenAt: or(forgivenAt(c)), now: m.now };
    case 'inside':
      return { inside: m.isEntry ? c.survey.insideBehind : c.survey.inside, behind: or(m.lane.behind) };
    case 'condition':
      return conditionInputs(c);
  }
}

const limitText = (limit: number | undefined): number | string =>
  limit === undefined || limit === Infinity ? 'unlimited' : limit;

/** The facts the condition names, with their values. */
function conditionInputs(c: Context): Inputs {
  const source = c.rules.condition?.source;
  const inputs: Record<string, string | number | boolean | null> = { condition: JSON.stringify(source ?? null) };
  const named = new Set(
    JSON.stringify(source ?? '')
      .match(/"[A-Za-z]+"/g)
      ?.map((s) => s.slice(1, -1)),
  );
  for (const name of Object.keys(CONDITION_FACTS) as FactName[])
    if (named.has(name)) inputs[name] = or(c.facts.known(name));
  return inputs;
}

/** Why a rule refused, for people. */
export function findingOf(rule: RuleName, reason: Reason, c: Context): Phrase {
  const { ticket, rules, m } = c;
  const say = (code: Phrase['code'], params: PhraseParams = {}): Phrase => ({ code, params });
  const used = (): PhraseParams => {
    const i = reason === 'already-used' && c.survey.lastInSlot >= 0 ? c.survey.lastInSlot : c.survey.lastEntry;
    if (i < 0) return {};
    const { at, gate, lane } = movementAt(c.usage, i);
    return { at, lane: gate === '' || gate === m.lane.gate ? lane : `${gate} ${lane}` };
  };
  switch (rule) {
    case 'state':
      return say('state-unreadable');
    case 'not-cancelled':
      return say('cancelled', { cause: ticket.cancellationCause ?? '' });
    case 'not-black-listed':
      return say('blocked', { why: ticket.blocked ?? c.usage.blocked?.why ?? '' });
    case 'no-specimen':
      return say('specimen');
    case 'event':
      if (!rules.enabled) return say('product-off', { product: ticket.product ?? '' });
      if (outside(ticket.product, m.lane.products))
        return say('wrong-product', { product: productOf(c), admitted: list(m.lane.products) });
      if (ticket.performance === undefined) return say('nothing-on');
      if (m.auto) return say('not-in-programme', { performance: nameOf(c) });
      return say('wrong-performance', { performance: nameOf(c), admitted: namesOf(c, m.performances ?? []) });
    case 'entrance':
      return outside(ticket.entrance, m.lane.entrances)
        ? say('wrong-entrance', { entrance: ticket.entrance ?? '', admitted: list(m.lane.entrances) })
        : say('wrong-sector', { sector: m.lane.sector ?? '', admitted: Object.keys(rules.sectors ?? {}) });
    case 'opens':
      return rules.from !== undefined && m.today < rules.from
        ? say('from-day', { day: rules.from })
        : say('opens-at', { at: c.window.opens ?? 0 });
    case 'closes': {
      if (rules.to !== undefined && m.today > rules.to) return say('until-day', { day: rules.to });
      const { closes } = c.window;
      if (closes !== undefined && m.now > closes) return say('closed-at', { at: closes });
      return say('expired', { day: lastDay(c) ?? 0 });
    }
    case 'day': {
      const gap = (!rules.dates || rules.dates.includes(m.today)) && c.lastDay !== -Infinity && rules.consecutive;
      return gap && m.today > c.lastDay + 1
        ? say('not-consecutive', { day: c.lastDay })
        : say('not-this-day', { day: m.today });
    }
    case 'entries':
      return reason === 'already-used'
        ? say('used', used())
        : say('used-up', { limit: entriesOf(c.limits) * c.persons });
    case 'entries-in-all':
      return reason === 'already-used'
        ? say('used', used())
        : say('used-up', { limit: (c.limits.entriesInAll ?? 0) * c.persons });
    case 'entries-per-day':
      return reason === 'already-used'
        ? say('used', used())
        : say('used-up-today', { limit: (c.limits.entriesPerDay ?? 0) * c.persons });
    case 'days':
      return say('days-used-up', { limit: rules.days ?? 0 });
    case 'interval':
      return say('wait-until', { at: nextEntryAt(c) ?? 0 });
    case 'exited':
      return say('still-inside', used());
    case 'inside':
      return m.isEntry ? say('enter-first', { sector: m.lane.behind ?? '' }) : say('no-entry');
    case 'condition': {
      const missing = rules.condition?.test(c.facts).missing;
      return missing === undefined ? say('condition-false') : say('condition-missing', { fact: missing });
    }
  }
}

/** With the name of the performance, which tells a visitor more than a code does. */
function productOf(c: Context): string {
  const name = c.performance?.name;
  return [c.ticket.product ?? '', name && `(${name})`].filter(Boolean).join(' ');
}

export function nameOf(c: Context): string {
  return c.performance?.name ?? c.ticket.performance ?? '';
}

function namesOf(c: Context, codes: readonly string[]): readonly string[] {
  return codes.map((code) => c.m.facts.schedule?.performance(code)?.name ?? code);
}
