import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explanationLines } from '../../src/cli/explanation.js';
import type { Candidate } from '../../src/domain/decide.js';
import { explain, wordsOf } from '../../src/domain/explain.js';
import { fold } from '../../src/domain/fold.js';
import { NO_PROGRAMME } from '../../src/domain/programme.js';
import type { LaneRules, RuleBook } from '../../src/domain/rulebook.js';
import { PLAIN_RULES } from '../../src/domain/rulebook.js';
import { scheduleOf } from '../../src/domain/schedule.js';
import type { Ticket } from '../../src/domain/ticket.js';
import { NO_USAGE } from '../../src/domain/usage.js';
import { serviceDays, zoneOf } from '../../src/domain/zone.js';
import { ticket } from '../support/builders.js';

/** `PORTILLON_UPDATE_DOCS=1 npx vitest run test/cli/explanation.test.ts` puts what is printed into the texts. */
const UPDATE = process.env.PORTILLON_UPDATE_DOCS !== undefined;
const file = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const MINUTE = 60_000;
const at = (text: string): number => Date.parse(`${text}+02:00`);
const book: RuleBook = {
  defaults: { ...PLAIN_RULES, opensBefore: 90 * MINUTE, closesAfter: 60 * MINUTE },
  products: new Map([['SEASON', { ...PLAIN_RULES, entriesPerDay: 1, betweenEntries: 30 * MINUTE }]]),
  days: serviceDays(zoneOf('Europe/Zurich'), 300),
};
const performances = [
  { code: 'M12', name: 'Basel - Bern', start: at('2026-07-04T20:00') },
  { code: 'M13', name: 'Basel - Genève', start: at('2026-07-11T20:00') },
];
const lane = (id: string, name: string, entrance: string): LaneRules => ({
  gate: 'north-1',
  lane: id,
  name,
  direction: 'entry',
  performances: 'auto',
  entrances: [entrance],
  book,
});
const lanes = [lane('lane-1', 'Gate A', 'A'), lane('lane-2', 'Gate B', 'B')];

const printed = (now: number, ...candidates: (Ticket | Candidate)[]): string[] => {
  const found = {
    via:
      candidates.length === 0
        ? ('none' as const)
        : candidates.length > 1
          ? ('container' as const)
          : ('ticket' as const),
    candidates: candidates.map((c) => ('usage' in c ? c : { ticket: c, usage: NO_USAGE })),
  };
  const facts = { now, schedule: scheduleOf({ ...NO_PROGRAMME, performances }, book) };
  const e = explain(found, lanes[0] as LaneRules, facts, lanes);
  const { date, time } = book.days.zone.local(now);
  const words = wordsOf(e, lanes[0] as LaneRules, 'en');
  return explanationLines({ ...e, words, localTime: `${date} ${time}`, timeZone: 'Europe/Zurich' });
};
const match = (barcode: string, rest: Partial<Ticket> = {}): Ticket =>
  ticket(barcode, { product: 'MATCH', performance: 'M12', entrance: 'A', tariff: 'ADULT', ...rest });
const usedAt = (t: Ticket, when: number): Candidate => ({
  ticket: t,
  usage: fold(NO_USAGE, {
    kind: 'check',
    seq: 7,
    at: when,
    checkId: 'north-1-000000000007',
    lane: 'lane-1',
    direction: 'entry',
    credential: { code: t.barcode, medium: 'barcode' },
    barcode: t.barcode,
    admitted: true,
    reason: 'admitted',
    slot: 'M12',
    list: '1',
    config: 'c',
  }),
});

/** What a helpdesk meets most. */
const SAMPLES: Readonly<Record<string, string[]>> = {
  'too-early': printed(at('2026-07-04T17:45'), match('7700120001')),
  'other-entrance': printed(at('2026-07-04T19:10'), match('7700120002', { entrance: 'B' })),
  'already-used': printed(at('2026-07-04T19:10'), usedAt(match('7700120003'), at('2026-07-04T18:42'))),
  'other-match': printed(at('2026-07-04T19:10'), match('7700120004', { performance: 'M13' })),
  card: printed(
    at('2026-07-04T19:10'),
    match('7700120005', { state: 'CANCELLED', cancellationCause: 'EXCHANGE' }),
    match('7700120006', { performance: 'M13' }),
  ),
};

function blockOf(name: string, lines: readonly string[]): string {
  return `<!-- sample ${name} -->\n\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n`;
}

describe('what decide prints', () => {
  it.each(Object.entries(SAMPLES))('%s is what the texts show', (name, lines) => {
    const texts = ['README.md', 'docs/rules.md'].map((f) => [file(f), readFileSync(file(f), 'utf8')] as const);
    const marked = texts.filter(([, text]) => text.includes(`<!-- sample ${name} -->`));
    expect(marked.length).toBeGreaterThan(0);
    for (const [path, text] of marked) {
      const start = text.indexOf(`<!-- sample ${name} -->`);
      const end = text.indexOf('```\n', text.indexOf('```\n', start) + 4) + 4;
      if (UPDATE) writeFileSync(path, text.slice(0, start) + blockOf(name, lines) + text.slice(end));
      else expect(text.slice(start, end)).toBe(blockOf(name, lines));
    }
  });

  it('every rule has a sentence when it has nothing against a ticket', () => {
    const all = printed(at('2026-07-04T19:10'), match('7700120007'), match('7700120008', { product: 'SEASON' }));
    expect(all[0]).toBe('ADMIT   Welcome  (admitted)');
    expect(all.join('\n')).not.toMatch(/undefined|NaN|\[object|null/);
  });
});
