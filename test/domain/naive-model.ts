import type { Performance } from '../../src/domain/programme.js';
import type { LaneRules, ProductRules } from '../../src/domain/rulebook.js';
import type { Ticket } from '../../src/domain/ticket.js';

/**
 * The rules a second time, for the tests alone: from a plain list of past checks, without index, sum or cache, with dates as text out of
 * `Intl`. Slow and written as one reads the README. It shares types with the engine, no code.
 */
export interface Past {
  at: number;
  direction: 'entry' | 'exit';
  sector?: string;
  slot: string;
  givenBack: boolean;
  doubtful: boolean;
}

export interface NaiveWorld {
  now: number;
  zone: string;
  /** `05:00`. */
  dayStartsAt: string;
  lane: LaneRules;
  rulesOf: (product: string | undefined) => ProductRules;
  performances: readonly Performance[];
  chosen?: readonly string[];
  listAge?: number;
  doubtful: boolean;
  trustedSince?: number;
}

export interface NaiveAnswer {
  reason: string;
  barcode?: string;
  slot?: string;
  notices: string[];
  following: number;
}

/** Wall clock of a moment as `2026-07-01 18:30:00`. */
const formats = new Map<string, Intl.DateTimeFormat>();
function wall(zone: string, at: number): string {
  let format = formats.get(zone);
  if (!format) {
    const two = '2-digit' as const;
    const options = {
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
      hourCycle: 'h23',
    } as const;
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, ...options });
    formats.set(zone, format);
  }
  return format.format(at);
}

/** The service day as `2026-07-01`: before its beginning it is still yesterday. */
export function serviceDate(w: Pick<NaiveWorld, 'zone' | 'dayStartsAt'>, at: number): string {
  const text = wall(w.zone, at);
  const date = text.slice(0, 10);
  return text.slice(11, 16) < w.dayStartsAt ? plusDays(date, -1) : date;
}

function plusDays(date: string, days: number): string {
  const noon = new Date(`${date}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() + days);
  return noon.toISOString().slice(0, 10);
}
const dateOfNumber = (day: number): string => plusDays('1970-01-01', day);

const HOUR = 3_600_000;

export function naiveDecision(
  candidates: readonly { ticket: Ticket; past: readonly Past[] }[],
  via: 'ticket' | 'container' | 'none',
  w: NaiveWorld,
): NaiveAnswer {
  const refuse = (reason: string): NaiveAnswer => ({ reason, notices: [], following: 0 });
  const entering = w.lane.direction === 'entry';
  const judged = candidates.map((c) => ({ ...c, ...judge(c.ticket, c.past, w) }));
  judged.sort((a, b) => {
    if (a.here !== b.here) return a.here ? -1 : 1;
    if (a.rank !== b.rank) return b.rank - a.rank;
    const [x, y] = [a.ticket.validTo ?? 9e15, b.ticket.validTo ?? 9e15];
    if (x !== y) return x - y;
    return a.ticket.barcode < b.ticket.barcode ? -1 : 1;
  });
  const closest = judged[0];
  const barcode = closest ? { barcode: closest.ticket.barcode } : {};
  if (entering && w.doubtful && w.lane.doubtfulClock === 'refuse') return { ...refuse('clock-doubtful'), ...barcode };
  const limit = w.lane.staleList?.refuseAfter;
  if (entering && limit !== undefined && (w.listAge === undefined || w.listAge > limit))
    return { ...refuse('list-too-old'), ...barcode };
  if (!closest) return refuse(via === 'container' ? 'no-valid-ticket-in-container' : 'unknown');
  if (closest.reason !== 'admitted') return { ...refuse(closest.reason), ...barcode };
  const { notices, following } = closest;
  const age = w.lane.staleList?.warnAfter;
  if (entering && age !== undefined && w.listAge !== undefined && w.listAge > age) notices.push('list-old');
  const slot = entering ? closest.slot : closest.counter ? '#out' : undefined;
  return { reason: 'admitted', ...barcode, ...(slot !== undefined && { slot }), notices, following };
}

function judge(ticket: Ticket, allPast: readonly Past[], w: NaiveWorld) {
  const { lane } = w;
  const rules = w.rulesOf(ticket.product);
  const entering = lane.direction === 'entry';
  const today = serviceDate(w, w.now);
  const past = allPast.filter((p) => !p.givenBack);
  const entries = past.filter((p) => p.direction === 'entry');
  const performance = w.performances.find((p) => p.code === ticket.performance);
  const auto = lane.performances === 'auto' && !w.chosen;

  const windows = new Map<string, { opens: number; closes: number }>();
  for (const p of w.performances) {
    if (p.start === undefined) continue;
    const r = w.rulesOf(p.product);
    const end = p.end ?? p.start + 3 * HOUR;
    windows.set(p.code, {
      opens: r.opensBefore !== undefined ? p.start - r.opensBefore : (p.admissionStart ?? p.start - HOUR),
      closes: r.closesAfter !== undefined ? (r.closesFrom === 'end' ? end : p.start) + r.closesAfter : end,
    });
  }
  const isOpen = ({ opens, closes }: { opens: number; closes: number }): boolean => opens <= w.now && w.now <= closes;
  const open = [...windows].filter(([, x]) => isOpen(x)).map(([code]) => code);
  let admitted: readonly string[] | undefined;
  if (w.chosen) admitted = w.chosen;
  else if (auto) admitted = entering ? open : undefined;
  else admitted = lane.performances as readonly string[] | undefined;

  // What a single entry is single for.
  let slot = ticket.performance ?? (admitted?.length === 1 ? admitted[0] : '*');
  if (rules.counter) slot = '#';

  // Entries that concern this lane: into its sector, or where either has none.
  const sector = rules.sectorsTogether ? undefined : lane.sector;
  const concerns = (p: Past): boolean => sector === undefined || p.sector === undefined || p.sector === sector;
  const mine = entries.filter(concerns);
  const forSlot = mine.filter((p) => slot === '*' || p.slot === '*' || p.slot === slot);
  const isToday = (p: Past): boolean =>
    serviceDate(w, p.at) >= today ||
    (p.doubtful && (w.doubtful || (w.trustedSince !== undefined && serviceDate(w, w.trustedSince) >= today)));
  const todays = mine.filter(isToday);
  const days = [...new Set(entries.map((p) => serviceDate(w, p.at)))].sort();
  const inside = whetherInside(past, concerns, (s) => lane.outer?.includes(s) ?? false);

  const persons = rules.group === 'off' ? 1 : Math.max(1, ticket.persons ?? 1);
  const sectorRules = lane.sector === undefined ? undefined : rules.sectors?.[lane.sector];
  const given = sectorRules && Object.values(sectorRules).some((v) => v !== undefined) ? sectorRules : rules;
  const another =
    given.entriesPerDay !== undefined ||
    given.entriesInAll !== undefined ||
    (given === rules && rules.days !== undefined);
  const perPerformance = (given.entries ?? (another ? Infinity : 1)) * persons;
  const inAll = (given.entriesInAll ?? Infinity) * persons;
  const perDay = (given.entriesPerDay ?? Infinity) * persons;

  const start = performance?.start ?? (rules.ticketDates ? ticket.validFrom : undefined);
  const end = performance?.end ?? (rules.ticketDates ? ticket.validTo : undefined);
  const own = auto && ticket.performance !== undefined ? windows.get(ticket.performance) : undefined;
  let opens = own?.opens ?? (rules.ticketDates ? ticket.validFrom : undefined);
  if (rules.opensBefore !== undefined && start !== undefined) opens = start - rules.opensBefore;
  let closes = own?.closes ?? (rules.ticketDates ? ticket.validTo : undefined);
  const base = rules.closesFrom === 'end' ? end : start;
  if (rules.closesAfter !== undefined && base !== undefined) closes = base + rules.closesAfter;

  const notIn = (value: string | undefined, list: readonly string[] | undefined): boolean =>
    value !== undefined && list !== undefined && list.indexOf(value) < 0;
  const wrongEvent = (): boolean => {
    if (!rules.enabled || notIn(ticket.product, lane.products)) return true;
    if (!auto) return notIn(ticket.performance, admitted);
    if (!entering) return false;
    return ticket.performance !== undefined ? !windows.has(ticket.performance) : open.length === 0;
  };
  const lastDayGone = (): boolean => {
    const begins =
      rules.ticketDates && ticket.validFrom !== undefined
        ? serviceDate(w, ticket.validFrom)
        : rules.from === undefined
          ? undefined
          : dateOfNumber(rules.from);
    if (rules.expiresAfter !== undefined && begins !== undefined && today > plusDays(begins, rules.expiresAfter - 1))
      return true;
    if (rules.expiresAfterFirstEntry === undefined || entries.length === 0) return false;
    const first = Math.min(...entries.map((p) => p.at));
    return today > plusDays(serviceDate(w, first), rules.expiresAfterFirstEntry - 1);
  };
  const weekday = ((new Date(`${today}T12:00:00Z`).getUTCDay() + 6) % 7) + 1;
  const used = (limit: number): string => (limit === 1 ? 'already-used' : 'entries-exhausted');
  const strict = entering && !rules.counter;
  const last = mine.at(-1);
  const stillInside =
    strict &&
    persons === 1 &&
    inside &&
    (rules.forgiveAfter === undefined || (last !== undefined && w.now < last.at + rules.forgiveAfter));
  const neverIn = !entering && !rules.counter && persons === 1 && !inside;
  const behind = (): boolean =>
    whetherInside(
      past,
      (p) => p.sector === undefined || p.sector === lane.behind,
      () => false,
    );

  const ladder: (string | false)[] = [
    ticket.state === 'UNREADABLE' && 'unreadable',
    ticket.state === 'CANCELLED' && 'cancelled',
    entering && ticket.blocked !== undefined && 'black-listed',
    entering && ticket.specimen === true && 'specimen',
    wrongEvent() && 'wrong-event',
    (notIn(ticket.entrance, lane.entrances) ||
      (rules.sectors !== undefined && notIn(lane.sector, Object.keys(rules.sectors)))) &&
      'wrong-entrance',
    entering &&
      ((rules.from !== undefined && today < dateOfNumber(rules.from)) ||
        (strict && opens !== undefined && w.now < opens)) &&
      'too-early',
    entering &&
      ((rules.to !== undefined && today > dateOfNumber(rules.to)) ||
        (strict && ((closes !== undefined && w.now > closes) || lastDayGone()))) &&
      'too-late',
    entering &&
      ((rules.dates !== undefined && !rules.dates.map(dateOfNumber).includes(today)) ||
        (rules.weekdays !== undefined && !rules.weekdays.includes(weekday)) ||
        (strict && rules.consecutive && days.length > 0 && today > plusDays(days.at(-1) as string, 1))) &&
      'wrong-day',
    strict && forSlot.length >= perPerformance && used(perPerformance),
    strict && mine.length >= inAll && used(inAll),
    strict && todays.length >= perDay && used(perDay),
    strict &&
      rules.days !== undefined &&
      days.length >= rules.days &&
      (days.at(-1) as string) < today &&
      'entries-exhausted',
    strict &&
      persons === 1 &&
      rules.betweenEntries !== undefined &&
      last !== undefined &&
      w.now < last.at + rules.betweenEntries &&
      'too-soon',
    rules.antiPassback === 'hard' && stillInside && 'not-exited',
    !rules.counter &&
      (entering ? lane.behind !== undefined && !behind() : rules.antiPassback === 'hard' && neverIn) &&
      'not-inside',
  ];
  const hit = ladder.findIndex((reason) => reason !== false);
  const notices: string[] = [];
  if (
    entering &&
    rules.attend.some((a) =>
      a.tariffs ? ticket.tariff !== undefined && a.tariffs.includes(ticket.tariff) : ticket.reduced === true,
    )
  )
    notices.push('reduced');
  if (rules.antiPassback === 'soft' && stillInside) notices.push('not-exited');
  if (rules.antiPassback === 'soft' && neverIn) notices.push('not-inside');
  const left = Math.min(perPerformance - forSlot.length, inAll - mine.length, perDay - todays.length);
  return {
    rank: hit < 0 ? ladder.length : hit,
    here: !ladder.includes('wrong-event'),
    reason: hit < 0 ? 'admitted' : (ladder[hit] as string),
    slot,
    counter: rules.counter,
    notices,
    following: entering && rules.group === 'batch' ? Math.max(0, Math.min(persons, left) - 1) : 0,
  };
}

/** In the order in which movements are to be understood: the last one that concerns the place says it. */
function whetherInside(
  past: readonly Past[],
  here: (p: Past) => boolean,
  around: (sector: string) => boolean,
): boolean {
  let inside = false;
  for (const p of past) {
    if (p.direction === 'entry' && here(p)) inside = true;
    if (p.direction === 'exit' && (here(p) || (p.sector !== undefined && around(p.sector)))) inside = false;
  }
  return inside;
}
