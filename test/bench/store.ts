import { rmSync } from 'node:fs';
import { Journal } from '../../src/store/journal.js';
import { storeKeyOf } from '../../src/store/seal.js';
import { check } from '../support/records.js';
import type { Quantiles } from './measure.js';
import { DiskFloor, quantiles } from './measure.js';

const KEY = storeKeyOf('the key of a benchmark, which protects nothing at all');

export interface StoreFigures {
  floor: Quantiles;
  /** A check with its usage, durable. */
  append: Quantiles;
  sealed: Quantiles;
  /** The same for the reading of a ticket's usage. */
  usage: Quantiles;
  usageSealed: Quantiles;
}

/** Floor, open and sealed by turns, so that all three see the disk in the same mood. Microseconds. */
export async function benchStore(folder: string, rounds: number): Promise<StoreFigures> {
  const open = await Journal.open(`${folder}/open`, 'bench');
  const sealed = await Journal.open(`${folder}/sealed`, 'bench', KEY);
  const disk = new DiskFloor(folder);
  const samples = {
    append: [] as number[],
    sealed: [] as number[],
    usage: [] as number[],
    usageSealed: [] as number[],
  };
  const timed = async (to: number[], what: () => unknown): Promise<void> => {
    const t = performance.now();
    await what();
    to.push(performance.now() - t);
  };
  const warmUp = Math.min(200, rounds);
  for (let n = 0; n < rounds + warmUp; n++) {
    if (n === warmUp) for (const list of Object.values(samples)) list.length = 0;
    if (n === warmUp) disk.samples.length = 0;
    const barcode = String(n).padStart(20, '0');
    const record = check(barcode, true, n);
    disk.sample();
    await timed(samples.append, () => open.append(record));
    disk.sample();
    await timed(samples.sealed, () => sealed.append(record));
    await timed(samples.usage, () => open.usage(String(n >> 1).padStart(20, '0')));
    await timed(samples.usageSealed, () => sealed.usage(String(n >> 1).padStart(20, '0')));
  }
  await open.close();
  await sealed.close();
  const floor = disk.close();
  for (const name of ['open', 'sealed']) rmSync(`${folder}/${name}`, { recursive: true });
  return {
    floor,
    append: quantiles(samples.append),
    sealed: quantiles(samples.sealed),
    usage: quantiles(samples.usage),
    usageSealed: quantiles(samples.usageSealed),
  };
}
