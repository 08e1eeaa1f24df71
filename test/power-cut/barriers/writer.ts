/**
 * The program whose writes are recorded: a journal and a list as a gate writes them, with LevelDB's buffer so small that it sorts all the time. What was
 * acknowledged is said by folders, which the recorder sees in their place: `ack-r-SEQ`, `ack-p-PAGE`.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { seededRandom, systemClock } from '../../../src/clock.js';
import type { JournalRecord } from '../../../src/domain/records.js';
import { Journal } from '../../../src/store/journal.js';
import { ListWriter } from '../../../src/store/list-writer.js';
import { Retention } from '../../../src/store/retention.js';
import { storeKeyOf } from '../../../src/store/seal.js';
import { check } from '../../support/records.js';

const [root = '', seed = '1', rounds = '60', secret] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const storeKey = secret ? storeKeyOf(secret) : undefined;
const acknowledge = (what: string): void => mkdirSync(path.join(root, `ack-${what}`));
let n = 0;

for (let life = 0; life < 3; life++) {
  const journal = await Journal.open(path.join(root, 'journal'), 'g', storeKey, { writeBufferSize: 65_536 });
  const list = await ListWriter.open(path.join(root, 'list'), { ...(storeKey && { storeKey }) });
  const retention = new Retention({
    journal,
    clock: systemClock,
    acknowledged: () => journal.lastSeq,
    // Everything is old at once in the second life.
    keepChecks: life === 1 ? -1_000 : 9e12,
    keepUsage: 9e12,
    timeKnown: () => true,
    free: () => 1e12,
  });
  const acknowledged = async (append: Promise<JournalRecord>): Promise<JournalRecord> => {
    const record = await append;
    acknowledge(`r-${record.seq}`);
    return record;
  };
  for (let round = 0; round < Number(rounds); round++) {
    // Several lanes at once share a flush.
    const lanes = Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
      const barcode = `code-${n++}`;
      return { barcode, append: acknowledged(journal.append(check(barcode, random() < 0.8, systemClock.now()))) };
    });
    for (const { barcode, append } of lanes) {
      const record = await append;
      if (record.kind !== 'check' || !record.admitted || random() > 0.3) continue;
      const outcome = random() < 0.5 ? ('passed' as const) : ('not-passed' as const);
      await acknowledged(
        journal.append({ kind: 'outcome', at: systemClock.now(), of: record.seq, outcome, barcode, slot: 'PERF1' }),
      );
    }
    if (round % 6 === 0) {
      const page = list.scope('k').pages + 1;
      const items = Array.from({ length: 12 }, (_, i) => ({
        kind: 'ticket' as const,
        ticket: { barcode: `t-${page}-${i}`, state: 'VALID' as const, season: 'S26' },
      }));
      await list.applyPage('k', { items, cursor: String(page), counted: 12 }, null);
      acknowledge(`p-${page}`);
    }
    if (round % 9 === 0) await retention.piece();
  }
  await list.close();
  await journal.close();
}
