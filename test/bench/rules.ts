import { compileCondition } from '../../src/config/condition.js';
import { seededRandom } from '../../src/clock.js';
import { decide } from '../../src/domain/decide.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import type { LaneRules, ProductRules, RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { scheduleOf } from '../../src/domain/schedule.js';
import type { PageItem, Ticket } from '../../src/domain/ticket.js';
import type { Usage } from '../../src/domain/usage.js';
import { insert, NO_USAGE } from '../../src/domain/usage.js';
import { DAY, dayNumber, serviceDays, zoneOf } from '../../src/domain/zone.js';
import { Journal } from '../../src/store/journal.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { decodeUsage, encodeUsage, openUsage } from '../../src/store/usage-bytes.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

const NOW = Date.parse('2026-07-04T16:45:00Z');
const DAYS = serviceDays(zoneOf('Europe/Zurich'), 300);

/** Every rule switched on, none refusing: the longest way through. */
const ALL_RULES: ProductRules = {
  ...PLAIN_RULES,
  from: dayNumber('2024-01-01'),
  to: dayNumber('2027-12-31'),
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  opensBefore: 120 * 60_000,
  closesAfter: 60 * 60_000,
  expiresAfter: 2_000,
  expiresAfterFirstEntry: 1_500,
  days: 400,
  entries: 3,
  entriesPerDay: 4,
  entriesInAll: 1_000,
  sectors: { STAND: {}, OUTER: {} },
  betweenEntries: 10 * 60_000,
  antiPassback: 'hard',
  forgiveAfter: 8 * 3_600_000,
  attend: [{ tariffs: ['CHILD', 'STUDENT'] }],
  condition: compileCondition({
    and: [
      { in: [{ var: 'tariff' }, ['STUDENT', 'FULL']] },
      { '<': [{ var: 'entriesToday' }, 4] },
      { isAfter: ['08:00'] },
      { '<=': [{ entriesSince: ['12:00'] }, 3] },
    ],
  }),
};
const book: RuleBook = { defaults: ALL_RULES, products: new Map(), days: DAYS };
const stand: LaneRules = {
  gate: 'bench',
  lane: 'lane-1',
  direction: 'entry',
  products: ['P1'],
  performances: 'auto',
  entrances: ['A'],
  sector: 'STAND',
  outer: ['OUTER'],
  behind: 'OUTER',
  staleList: { warnAfter: 3_600_000, refuseAfter: 86_400_000 },
  doubtfulClock: 'refuse',
  book,
};
/** The same without a sector in front of it, for cards that come from outside. */
const gateway: LaneRules = { ...stand, sector: 'OUTER', outer: [] };
delete gateway.behind;
const schedule = scheduleOf(
  { ...NO_PROGRAMME, performances: [{ code: 'PERF1', start: NOW + 3_600_000, end: NOW + 3 * 3_600_000 }] },
  book,
);
const facts = { now: NOW, schedule, listAge: 60_000, doubtful: false };

/** 500 entries over two seasons, each with its way through the outer sector and out again. */
function seasonPass(today = true): Usage {
  let usage: Usage = NO_USAGE;
  const gate = { gate: 'bench', lane: 'lane-1' };
  for (let i = 0; i < 250; i++) {
    const at = NOW - (250 - i) * 3 * DAY;
    const slot = `MATCH${i}`;
    usage = insert(usage, { ...gate, seq: 4 * i + 1, at, direction: 'entry', sector: 'OUTER', slot });
    usage = insert(usage, { ...gate, seq: 4 * i + 2, at: at + 60_000, direction: 'entry', sector: 'STAND', slot });
    usage = insert(usage, { ...gate, seq: 4 * i + 3, at: at + 7_200_000, direction: 'exit', sector: 'OUTER' });
  }
  if (!today) return usage;
  return insert(usage, {
    ...gate,
    seq: 9_999,
    at: NOW - 1_800_000,
    direction: 'entry',
    sector: 'OUTER',
    slot: 'PERF1',
  });
}

const pass: Ticket = {
  barcode: '1',
  state: 'VALID',
  product: 'P1',
  performance: 'PERF1',
  entrance: 'A',
  tariff: 'STUDENT',
  validFrom: NOW - 800 * DAY,
};

interface Pace {
  /** Decisions a second. */
  perSecond: number;
  /** Microseconds of single ones. */
  p50: number;
  p99: number;
}

/**
 * All rules on, 500 past entries. `decide` alone at the inner gate; for the first entry of a day, where different days have to be counted one
 * by one; and the first again from the bytes on the disk, checked and decoded anew each time.
 */
export function benchRules(): { decide: Pace; firstOfDay: Pace; fromBytes: Pace; bytes: number } {
  const bytes = encodeUsage(seasonPass());
  const usage = decodeUsage(bytes);
  const early = decodeUsage(encodeUsage(seasonPass(false)));
  const admits = (lane: LaneRules, read: () => Usage) => (): boolean =>
    decide({ via: 'ticket', candidates: [{ ticket: pass, usage: read() }] }, lane, facts).admitted;
  return {
    decide: paceOf(admits(stand, () => usage)),
    firstOfDay: paceOf(admits(gateway, () => early)),
    fromBytes: paceOf(admits(stand, () => openUsage(bytes))),
    bytes: bytes.length,
  };
}

function paceOf(once: () => boolean): Pace {
  if (!once()) throw new Error('the season pass must be admitted: otherwise later rules are not reached');
  for (let i = 0; i < 50_000; i++) once();
  const rounds = 500_000;
  const begin = performance.now();
  for (let i = 0; i < rounds; i++) once();
  const seconds = (performance.now() - begin) / 1000;
  const samples: number[] = [];
  for (let i = 0; i < 200_000; i++) {
    const t = performance.now();
    once();
    samples.push(performance.now() - t);
  }
  samples.sort((a, b) => a - b);
  const at = (q: number): number => (samples[Math.floor(samples.length * q)] as number) * 1000;
  return { perSecond: rounds / seconds, p50: at(0.5), p99: at(0.99) };
}

const entryOf = (barcode: string, slot: string) => ({
  kind: 'check' as const,
  at: NOW - 9 * DAY,
  lane: 'lane-1',
  direction: 'entry' as const,
  credential: { code: barcode, medium: 'barcode' as const },
  barcode,
  admitted: true,
  reason: 'admitted' as const,
  slot,
  sector: 'OUTER',
  list: '1',
  config: 'c',
});

/** Look-up of a card with twenty tickets among `count`, the usage of each, and the decision. */
export async function benchContainer(folder: string, count: number): Promise<Quantiles> {
  const cards = 2_000;
  const writer = await ListWriter.open(`${folder}/list`);
  for (let from = 0; from < cards; from += 100) {
    const items: PageItem[] = [];
    for (let card = from; card < from + 100; card++)
      for (let i = 0; i < 20; i++) {
        const barcode = `C${card}-${i}`;
        const performance = i < 19 ? `MATCH${i}` : 'PERF1';
        items.push({ kind: 'ticket', ticket: { ...pass, barcode, performance, container: `CARD${card}` } });
      }
    await writer.applyPage('cards', { items, cursor: String(from), counted: items.length }, null);
  }
  await writer.close();
  const list = await TicketList.open(`${folder}/list`);
  const journal = await Journal.open(`${folder}/journal-cards`, 'bench');
  // Half of every card was used at earlier matches.
  const used: Promise<unknown>[] = [];
  for (let card = 0; card < cards; card++)
    for (let i = 0; i < 10; i++) used.push(journal.append(entryOf(`C${card}-${i}`, `MATCH${i}`)));
  await Promise.all(used);
  const random = seededRandom(11);
  const samples: number[] = [];
  for (let n = 0; n < 20_000; n++) {
    const code = `CARD${Math.floor(random() * cards)}`;
    const t = performance.now();
    const found = list.find(code, 'rfid');
    const candidates = found.tickets.map((ticket) => ({ ticket, usage: journal.usage(ticket.barcode) }));
    const decision = decide({ via: found.via, candidates }, gateway, facts);
    samples.push(performance.now() - t);
    if (!decision.admitted || found.tickets.length !== 20)
      throw new Error(`the card of ${count} tickets is not what it should be: ${decision.reason}`);
    if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await list.close();
  await journal.close();
  return quantiles(samples);
}
