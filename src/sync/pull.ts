import type { Clock } from '../clock.js';
import type { PageChanges } from '../domain/page.js';
import { PortillonError } from '../errors.js';
import type { Page, Scope } from '../domain/ticket.js';
import type { SecutixClient } from '../secutix/types.js';
import type { ListWriter } from '../store/list-writer.js';
import type { ScopeState } from '../store/records.js';
import { watchCursor } from './cursor-watch.js';

/** SecuTix: at most 5,000 lines an answer, whatever is asked for. */
const SERVER_PAGE_CAP = 5000;
/** A list that never ends is a fault of the other side: stop, keep the cursor, go on at the next run. */
const MAX_PAGES_PER_RUN = 5000;

export interface PullParts {
  client: Pick<SecutixClient, 'exportPage'>;
  list: Pick<ListWriter, 'scope' | 'applyPage'>;
  clock: Clock;
  onPage: (scope: ScopeState, changes: PageChanges) => void;
  /** The cursor did something that one client alone does not make it do. */
  onStrange?: (what: string) => void;
}

export interface PullOptions {
  pageSize: number;
  startsRun: boolean;
  signal: AbortSignal;
  /** True = no further page is asked for: another box reads on behind the one in hand. */
  halted?: () => boolean;
  /** Into this generation of the list; left out: the one in force. */
  generation?: number;
}

/**
 * Reads one scope to the end of the list, page after page, and resumes where the last run ended. The next page is fetched
 * while the one before is written: the order of writing, and so the cursor's meaning, stays.
 */
export async function pullScope(
  parts: PullParts,
  scope: Scope,
  key: string,
  options: PullOptions,
): Promise<{ pages: number; items: number }> {
  const { client, list, clock } = parts;
  const { pageSize, signal } = options;
  const inGeneration = options.generation === undefined ? {} : { generation: options.generation };
  const fetchPage = (cursor: string | null, firstOfRun: boolean): Promise<Page> =>
    client.exportPage(scope, cursor, { pageSize, firstOfRun, signal });
  const begun = list.scope(key, options.generation);
  let { cursor } = begun;
  let trail = begun.trail ?? [];
  let page = await fetchPage(cursor, options.startsRun);
  let pages = 0;
  let items = 0;
  for (;;) {
    const end = isEnd(page, cursor, pageSize) || pages + 1 >= MAX_PAGES_PER_RUN;
    const nextCursor: string | null = page.cursor ?? cursor;
    const strange = watchCursor(trail, cursor, page);
    if (strange.what !== undefined) parts.onStrange?.(strange.what);
    ({ trail } = strange);
    const halt = !end && options.halted?.() === true;
    const next = end || halt ? undefined : settled(fetchPage(nextCursor, false));
    const applied = await list.applyPage(key, page, end ? clock.now() : null, { ...inGeneration, trail });
    pages++;
    items += page.items.length;
    parts.onPage(applied.scope, applied.changes);
    if (halt) throw new PortillonError('SYNC_HELD', 'another box is about to take this hub’s place');
    if (!next) return { pages, items };
    const result = await next;
    if (!result.ok) throw result.error;
    page = result.page;
    cursor = nextCursor;
  }
}

/**
 * The texts do not say how the end is marked; safest: nothing came, the cursor did not move, or fewer tickets came than
 * were asked for (a VALID followed by its CANCELLED counts as one).
 */
function isEnd(page: Page, sent: string | null, pageSize: number): boolean {
  return (
    page.items.length === 0 ||
    page.cursor === null ||
    page.cursor === sent ||
    page.counted < Math.min(pageSize, SERVER_PAGE_CAP)
  );
}

/** A failed prefetch must not surface as an unhandled rejection while the page before it is still being written. */
async function settled(promise: Promise<Page>): Promise<{ ok: true; page: Page } | { ok: false; error: unknown }> {
  try {
    return { ok: true, page: await promise };
  } catch (error) {
    return { ok: false, error };
  }
}
