import type { RecentItem } from '../recent.js';
import type { GateEvent, StatusReport } from '../reports.js';
import type { ExtraSection } from '../live-model.js';
import type { VenueCounts, VenueReport } from '../venue-model.js';
import type { Vitals } from '../vitals.js';
import { get, loggedOut, whoAmI } from './api.js';

export interface Facts {
  vitals: Vitals;
  /** What each lane admits now; null = whatever its products are. */
  on: { lane: string; by: string; performances: { code: string; name: string | null }[] | null }[];
  venue: VenueReport | null;
  counts: VenueCounts | null;
  extra: ExtraSection[];
}

/** Without a word for this long the gate counts as away, milliseconds; it speaks every two seconds. */
const SILENT = 4_500;
const RETRY = 1_500;
const FACTS_EVERY = 10_000;
const KEPT = 80;

export type Link = 'connecting' | 'live' | 'away';

/** All that is known of the gate, kept when it goes away: with the time from which it is old. */
export const state: {
  link: Link;
  /** When the gate was last heard, milliseconds of this device's clock. */
  heardAt: number;
  /** Milliseconds the gate's clock is ahead of this device's. */
  ahead: number;
  status: StatusReport | null;
  facts: Facts | null;
  recent: RecentItem[];
} = { link: 'connecting', heardAt: 0, ahead: 0, status: null, facts: null, recent: [] };

const listeners = new Set<() => void>();
const eventListeners = new Set<(event: GateEvent) => void>();
export function onChange(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}
export function onEvent(f: (event: GateEvent) => void): () => void {
  eventListeners.add(f);
  return () => eventListeners.delete(f);
}
function changed(): void {
  for (const f of listeners) f();
}

let source: EventSource | undefined;
let watch: ReturnType<typeof setInterval> | undefined;
let factsAt = 0;

function heard(): void {
  state.heardAt = Date.now();
  if (state.link === 'live') return;
  state.link = 'live';
  // What happened in between was missed.
  void refresh();
}

function away(): void {
  if (state.link === 'away') return;
  state.link = 'away';
  changed();
}

async function refresh(): Promise<void> {
  try {
    const [status, recent] = await Promise.all([get<StatusReport>('/status'), get<RecentItem[]>('/recent')]);
    state.status = status;
    state.ahead = status.at - Date.now();
    state.recent = recent;
    changed();
    await refreshFacts();
  } catch {
    // The link says it.
  }
}

export async function refreshFacts(): Promise<void> {
  factsAt = Date.now();
  try {
    state.facts = await get<Facts>('/vitals');
    changed();
  } catch {
    // The link says it.
  }
}

function connect(): void {
  source?.close();
  const mine = new EventSource('/api/events');
  source = mine;
  mine.addEventListener('open', heard);
  mine.addEventListener('status', (event) => {
    const status = JSON.parse((event as MessageEvent<string>).data) as StatusReport;
    state.status = status;
    state.ahead = status.at - Date.now();
    heard();
    changed();
    if (Date.now() - factsAt > FACTS_EVERY) void refreshFacts();
  });
  for (const type of ['decision', 'incident', 'outcome'] as const)
    mine.addEventListener(type, (event) => {
      const item = { event: type, data: JSON.parse((event as MessageEvent<string>).data) as unknown } as RecentItem;
      state.recent = [...state.recent, item].slice(-KEPT);
      heard();
      changed();
      for (const f of eventListeners) f(item);
    });
  mine.addEventListener('error', () => {
    if (source !== mine) return;
    away();
    // A browser gives up for good on some answers: it is always tried again here.
    mine.close();
    setTimeout(() => void again(mine), RETRY);
  });
}

/** A gate that was started anew is there and knows nobody any more. */
async function again(mine: EventSource): Promise<void> {
  if (source !== mine) return;
  try {
    if (!(await whoAmI())) return loggedOut();
  } catch {
    // Still away.
  }
  if (source === mine) connect();
}

export function start(): void {
  stop();
  state.link = 'connecting';
  connect();
  watch = setInterval(() => {
    if (state.link === 'live' && Date.now() - state.heardAt > SILENT) {
      away();
      connect();
    } else if (state.link === 'away') changed();
  }, 500);
}

export function stop(): void {
  clearInterval(watch);
  source?.close();
  source = undefined;
}
