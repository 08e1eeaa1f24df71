import { createHash } from 'node:crypto';
import { compileCondition } from './config/condition.js';
import type { ProductRulesConfig } from './config/rules-schema.js';
import { weekdayNumber } from './config/rules-schema.js';
import type { GateConfig, LaneConfig } from './config/schema.js';
import type { Performance, Programme } from './domain/programme.js';
import type { LaneRules, ProductRules, RuleBook, SectorRules } from './domain/rulebook.js';
import { PLAIN_RULES } from './domain/rulebook.js';
import type { ServiceDays } from './domain/zone.js';
import { dayNumber, minutesOf, serviceDays, zoneOf } from './domain/zone.js';

/** The configuration's rules, made ready: dates are day numbers, conditions are compiled. */
export function ruleBook(config: Pick<GateConfig, 'gate' | 'rules'>): RuleBook {
  const { rules, gate } = config;
  const products = Object.entries(rules.products).map(
    ([code, own]) => [code, productRules({ ...rules.defaults, ...own })] as const,
  );
  return {
    defaults: productRules(rules.defaults),
    products: new Map(products),
    days: serviceDays(zoneOf(gate.timeZone), minutesOf(rules.dayStartsAt)),
  };
}

function productRules(c: ProductRulesConfig): ProductRules {
  const { validFrom, validTo, dates, weekdays, condition, attend, sectors, ...rest } = c;
  const { entries, entriesPerDay, entriesInAll, ...plain } = rest;
  return defined({
    ...PLAIN_RULES,
    ...defined(plain),
    ...counts({ entries, entriesPerDay, entriesInAll }),
    from: validFrom === undefined ? undefined : dayNumber(validFrom),
    to: validTo === undefined ? undefined : dayNumber(validTo),
    dates: dates?.map(dayNumber),
    weekdays: weekdays?.map(weekdayNumber),
    sectors: sectors && Object.fromEntries(Object.entries(sectors).map(([name, own]) => [name, counts(own)])),
    attend: (attend ?? []).map((a) => defined({ tariffs: a.tariffs, text: a.text && defined(a.text) })),
    condition: condition && compileCondition(condition),
  });
}

type Counts = Pick<ProductRulesConfig, 'entries' | 'entriesPerDay' | 'entriesInAll'>;
function counts(c: Counts): SectorRules {
  const number = (n: number | 'unlimited' | undefined): number | undefined => (n === 'unlimited' ? Infinity : n);
  return defined({
    entries: number(c.entries),
    entriesPerDay: number(c.entriesPerDay),
    entriesInAll: number(c.entriesInAll),
  });
}

/** Without the members that are undefined: "left out" is one thing, not two. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never;
}

export function laneRules(config: GateConfig, lane: LaneConfig, book: RuleBook): LaneRules {
  const { products, performances, entrances } = lane.admits;
  const behind = new Map(config.lanes.map((l) => [l.sector, l.behind]));
  const outer: string[] = [];
  for (let at = lane.behind; at !== undefined && !outer.includes(at); at = behind.get(at)) outer.push(at);
  return {
    gate: config.gate.id,
    lane: lane.id,
    direction: lane.direction,
    doubtfulClock: lane.doubtfulClock,
    staleList: defined(lane.staleList),
    book,
    ...(config.venue.role !== 'standalone' && { venue: true as const }),
    ...(lane.name !== undefined && { name: lane.name }),
    ...(products && { products }),
    ...(performances && { performances: performances[0] === 'auto' ? ('auto' as const) : performances }),
    ...(entrances && { entrances }),
    ...(lane.sector !== undefined && { sector: lane.sector }),
    ...(lane.behind !== undefined && { behind: lane.behind, outer }),
  };
}

/** The catalogue's programme with what the configuration says instead. */
export function programmeWith(config: GateConfig, catalogue: Programme, days: ServiceDays): Programme {
  const moment = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : days.zone.momentOf(dayNumber(text), minutesOf(text.slice(11)));
  const own = config.programme.map((p): Performance =>
    defined({
      code: p.code,
      product: p.product,
      name: p.name,
      start: moment(p.start),
      end: moment(p.end),
      admissionStart: moment(p.admission),
    }),
  );
  const codes = new Set(own.map((p) => p.code));
  return { ...catalogue, performances: [...catalogue.performances.filter((p) => !codes.has(p.code)), ...own] };
}

/** Names the rules in a check's record; secrets have no part in it. */
export function rulesHash(config: GateConfig): string {
  const { gate, lanes, rules, programme } = config;
  return createHash('sha256')
    .update(JSON.stringify([gate, lanes, rules, programme]))
    .digest('hex')
    .slice(0, 12);
}
