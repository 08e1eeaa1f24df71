import { seededRandom } from '../../src/clock.js';
import { decide } from '../../src/domain/decide.js';
import type { PageItem } from '../../src/domain/ticket.js';
import { Journal } from '../../src/store/journal.js';
import { TicketList } from '../../src/store/list.js';
import { ListWriter } from '../../src/store/list-writer.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

const barcodeOf = (i: number): string =>
  String((i * 48_271) % 1_000_003).padStart(10, '0') + String(i).padStart(10, '0');

/** Fills a list with `count` tickets, page by page; returns seconds. */
export async function fillList(folder: string, count: number): Promise<number> {
  const writer = await ListWriter.open(folder);
  const t = performance.now();
  for (let from = 0; from < count; from += 5000) {
    const items: PageItem[] = [];
    for (let i = from; i < Math.min(count, from + 5000); i++) {
      const container = i % 10 === 0 ? { container: `04${i.toString(16).toUpperCase().padStart(12, '0')}` } : {};
      items.push({
        kind: 'ticket',
        ticket: {
          barcode: barcodeOf(i),
          state: 'VALID',
          season: 'S26',
          product: 'P1',
          performance: 'PERF1',
          tariff: 'ADULT',
          ...container,
        },
      });
    }
    await writer.applyPage('bench', { items, cursor: String(from), counted: items.length }, null);
  }
  await writer.close();
  return (performance.now() - t) / 1000;
}

/** Look-up, usage and decision on random tickets, a tenth of them unknown. */
export async function benchDecision(folder: string, count: number, rounds: number): Promise<Quantiles> {
  const list = await TicketList.open(`${folder}/list`);
  const journal = await Journal.open(`${folder}/journal`, 'bench');
  const random = seededRandom(7);
  const rules = { lane: 'lane-1', direction: 'entry' as const, performances: ['PERF1'] };
  const samples: number[] = [];
  let admitted = 0;
  for (let n = 0; n < rounds; n++) {
    const i = Math.floor(random() * count);
    const code = n % 10 === 9 ? `9${barcodeOf(i).slice(1)}x` : barcodeOf(i);
    const t = performance.now();
    const found = list.find(code, 'barcode');
    const candidates = found.tickets.map((ticket) => ({ ticket, usage: journal.usage(ticket.barcode) }));
    const decision = decide({ via: found.via, candidates }, rules, { now: t });
    samples.push(performance.now() - t);
    if (decision.admitted) admitted++;
    // A visitor never comes in the same turn as the one before.
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await list.close();
  await journal.close();
  if (admitted < rounds * 0.89)
    throw new Error(`only ${admitted} of ${rounds} look-ups were admitted: the list is not what it should be`);
  return quantiles(samples);
}
