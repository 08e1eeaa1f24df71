import type { Clock } from '../clock.js';
import type { Page } from '../domain/ticket.js';
import type { Pace, ResyncReport } from '../store/list-generations.js';
import { abandon, beginGeneration, compare, entriesOf, swap } from '../store/list-generations.js';
import type { ListWriter } from '../store/list-writer.js';
import { FILE_SCOPE } from '../store/records.js';

export type ResyncOutcome = ResyncReport;

interface Parts {
  clock: Clock;
  pace: Pace;
  /**
   * Reads every scope to its end into a generation, from where it was cut off. The list in force is kept up to date meanwhile; when this
   * resolves both are, the new one a moment later, and nothing changes either any more.
   */
  pullInto: (generation: number) => Promise<void>;
  /** Drops from a generation what the list in force does not hold any more either. */
  purge: (generation: number) => Promise<unknown>;
}

/**
 * Full resynchronisation without a gap: a new generation beside the one in force, compared, then swapped in atomically. The
 * lanes read the old one until that instant, and lose it piece by piece afterwards. A `verify` that finds no difference
 * swaps too: nothing changes for anybody, and the cursor that SecuTix gave last is the one that goes on.
 */
export async function rebuild(list: ListWriter, purpose: 'resync' | 'verify', parts: Parts): Promise<ResyncOutcome> {
  const building = await beginGeneration(list, purpose, parts.clock.now());
  await parts.pullInto(building.generation);
  await carryOver(list, building.generation, parts);
  await parts.purge(building.generation);
  const difference = await compare(list, list.generation, building.generation, parts.pace);
  const same = difference.new + difference.changed + difference.vanished === 0;
  const swapped = purpose === 'resync' || same;
  const pages = Object.keys(list.scopes(building.generation).tags)
    .map((key) => list.scope(key, building.generation).pages)
    .reduce((a, b) => a + b, 0);
  const report: ResyncReport = { purpose, at: parts.clock.now(), pages, swapped, ...difference };
  if (swapped) await swap(list, building, report);
  else await abandon(list, report);
  return report;
}

/** What came by file stays until a file says otherwise; where SecuTix knows the ticket, SecuTix's word counts. */
async function carryOver(list: ListWriter, generation: number, { pace }: Parts): Promise<void> {
  const tag = list.scopes().tags[FILE_SCOPE];
  if (tag === undefined) return;
  for await (const piece of entriesOf(list, list.generation)) {
    const items: Page['items'] = piece
      .filter(({ tags }) => tags.includes(tag))
      .filter(({ ticket }) => list.entry(generation, ticket.barcode) === undefined)
      .map(({ ticket }) => ({ kind: 'ticket', ticket }));
    const page: Page = { items, cursor: null, counted: items.length };
    if (items.length > 0) await list.applyPage(FILE_SCOPE, page, null, { generation });
    await pace();
  }
}
