import type { JournalRecord } from '../domain/records.js';
import { mask } from '../domain/credential.js';
import type { Language } from '../domain/reasons.js';
import { sentence } from '../domain/reasons.js';
import type { GateEvent } from './reports.js';

const KEPT = 80;

export type RecentItem = Extract<GateEvent, { event: 'decision' | 'incident' | 'outcome' }>;

/** What happened last, codes masked: what a page shows before the next person comes. */
export class Recent {
  #items: RecentItem[] = [];

  onEvent(event: GateEvent): void {
    if (event.event !== 'decision' && event.event !== 'incident' && event.event !== 'outcome') return;
    this.#items = [...this.#items, event].slice(-KEPT);
  }

  /** After a restart the journal still knows. */
  fill(records: readonly JournalRecord[], language: Language): void {
    const old: RecentItem[] = [];
    for (const r of records) {
      if (r.kind === 'check')
        old.push({
          event: 'decision',
          data: {
            lane: r.lane,
            at: r.at,
            code: mask(r.credential.code),
            admitted: r.admitted,
            reason: r.reason,
            message: sentence(r.reason, language),
            checkId: r.checkId,
            decidedAfter: 0,
          },
        });
    }
    this.#items = [...old, ...this.#items].slice(-KEPT);
  }

  /** Oldest first. */
  report(): RecentItem[] {
    return [...this.#items];
  }
}
