/**
 * A process that is killed in the middle: `repair DATA` opens damaged databases, which makes them good; `rekey DATA OLD NEW` writes the journal anew
 * under another key. Says `begin` when it begins and `end` with the milliseconds it took.
 */
import path from 'node:path';
import { silentLog } from '../../src/log.js';
import { finishRekey, rekeyDatabase } from '../../src/store/rekey.js';
import { storeKeyOf } from '../../src/store/seal.js';
import { openStores } from '../../src/store/start.js';

const [what = '', data = '', from = '', to = ''] = process.argv.slice(2);
process.stdout.write('begin\n');
const began = performance.now();
if (what === 'repair') {
  const stores = await openStores({
    data,
    gate: 'g',
    storeKey: undefined,
    now: () => Date.UTC(2026, 10, 25),
    log: silentLog,
  });
  await stores.close();
} else {
  const journal = path.join(data, 'journal');
  finishRekey(journal);
  await rekeyDatabase(journal, 'journal', storeKeyOf(from), storeKeyOf(to));
}
process.stdout.write(`end ${performance.now() - began}\n`);
