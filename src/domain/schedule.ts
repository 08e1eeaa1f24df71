import type { Performance, Programme } from './programme.js';
import type { ProductRules, RuleBook, Schedule, Window } from './rulebook.js';
import { rulesFor } from './rulebook.js';
import { MINUTE } from './zone.js';

/** Without anything said: doors an hour before the start, until the end, or three hours after the start. */
const OPENS_BEFORE = 60 * MINUTE;
const LASTS = 180 * MINUTE;

export function windowOf(p: Performance, rules: ProductRules): Required<Window> | undefined {
  if (p.start === undefined) return undefined;
  const opens =
    rules.opensBefore !== undefined ? p.start - rules.opensBefore : (p.admissionStart ?? p.start - OPENS_BEFORE);
  const base = rules.closesFrom === 'end' ? (p.end ?? p.start + LASTS) : p.start;
  const closes = rules.closesAfter !== undefined ? base + rules.closesAfter : (p.end ?? p.start + LASTS);
  return { opens, closes };
}

export function scheduleOf(programme: Programme, book: RuleBook): Schedule {
  const performances = new Map<string, Performance>();
  const windows = new Map<string, Required<Window>>();
  const edges = new Set<number>();
  for (const p of programme.performances) {
    performances.set(p.code, p);
    const window = windowOf(p, rulesFor(book, p.product));
    if (!window) continue;
    windows.set(p.code, window);
    edges.add(window.opens);
    edges.add(window.closes + 1);
  }
  const sorted = [...edges].sort((a, b) => a - b);
  // What is open changes only at an edge: the last answer holds until the next one.
  let memo: { from: number; to: number; open: readonly string[] } = { from: 0, to: 0, open: [] };
  const open = (now: number): readonly string[] => {
    if (now >= memo.from && now < memo.to) return memo.open;
    const codes = [...windows].filter(([, w]) => now >= w.opens && now <= w.closes).map(([code]) => code);
    const to = sorted.find((edge) => edge > now) ?? Infinity;
    memo = { from: now, to, open: codes };
    return codes;
  };
  return {
    at: programme.at,
    performance: (code) => performances.get(code),
    window: (code) => windows.get(code),
    open,
    nextOpening: (now) => {
      let next: number | undefined;
      for (const { opens } of windows.values()) if (opens > now && (next === undefined || opens < next)) next = opens;
      return next;
    },
  };
}
