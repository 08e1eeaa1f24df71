import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../../src/clock.js';
import { describeError } from '../../../src/errors.js';
import { silentLog } from '../../../src/log.js';
import { listAsides } from '../../../src/store/aside.js';
import { ListWriter } from '../../../src/store/list-writer.js';
import { storeKeyOf } from '../../../src/store/seal.js';
import { openStores } from '../../../src/store/start.js';
import { verifyJournal } from '../../../src/store/verify.js';
import { check } from '../../support/records.js';
import { buildRecorder } from '../recorder.js';
import type { Operation } from './disk.js';
import { Disk, LOSSES, parseOperations, putFiles } from './disk.js';

/** `dist`: built files, for the writer is a program of its own. */
const dist = fileURLToPath(new URL('../../../dist/', import.meta.url)).replace('/dist/dist/', '/dist/');

export interface ReplayResult {
  operations: number;
  flushes: number;
  /** Different disks that were opened. */
  disks: number;
  acknowledged: number;
  problems: string[];
}

export interface ReplayOptions {
  seed: number;
  rounds: number;
  /** Disks to open, at most. */
  limit: number;
  sealed: boolean;
  /** Flushes do nothing: then acknowledged records must be missing, or this test could not fail. */
  withoutSync?: boolean;
}

/** Records a run of the writer, then opens what a power cut would leave at every operation, in every way. */
export async function replay(o: ReplayOptions): Promise<ReplayResult> {
  // In memory where there is such a folder: the recorded flushes are what counts, not this disk's.
  const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'portillon-barriers-'));
  try {
    const root = path.join(folder, 'recorded');
    const secret = o.sealed ? 'the key of the recorded databases, of this test' : '';
    const operations = record(folder, root, o, secret);
    return await openAll(folder, root, operations, o, secret === '' ? undefined : storeKeyOf(secret));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function record(folder: string, root: string, o: ReplayOptions, secret: string): Operation[] {
  const recorder = buildRecorder(folder);
  const log = path.join(folder, 'log');
  mkdirSync(root);
  const writer = path.join(dist, 'test/power-cut/barriers/writer.js');
  execFileSync(process.execPath, [writer, root, String(o.seed), String(o.rounds), secret], {
    env: {
      ...process.env,
      LD_PRELOAD: recorder,
      RECORD_ROOT: root,
      RECORD_LOG: log,
      ...(o.withoutSync && { WITHOUT_SYNC: '1' }),
    },
    stdio: 'pipe',
  });
  return parseOperations(readFileSync(log));
}

interface Acknowledged {
  records: number;
  pages: number;
}

async function openAll(
  folder: string,
  root: string,
  operations: readonly Operation[],
  o: ReplayOptions,
  storeKey: Uint8Array | undefined,
): Promise<ReplayResult> {
  const random = seededRandom(o.seed);
  const disk = new Disk();
  const acknowledged: Acknowledged = { records: 0, pages: 0 };
  const seen = new Set<string>();
  const result: ReplayResult = { operations: operations.length, flushes: 0, disks: 0, acknowledged: 0, problems: [] };
  // Names and flushes are where things go wrong: all of those, and as many of the plain writes as the limit allows.
  const special = operations.filter((op) => isSpecial(op)).length;
  const share = Math.min(1, Math.max(0.02, (o.limit / LOSSES.length - special) / operations.length));
  for (const [index, operation] of operations.entries()) {
    const ack = /\/ack-([rp])-(\d+)$/.exec(operation.path);
    if (ack) acknowledged[ack[1] === 'r' ? 'records' : 'pages'] = Number(ack[2]);
    disk.apply(operation);
    if (operation.kind === 'sync') result.flushes++;
    const chosen = (isSpecial(operation) && random() < o.limit / (special * LOSSES.length)) || random() < share;
    if (!chosen) continue;
    for (const loss of disk.pending ? LOSSES : (['none'] as const)) {
      const files = disk.after(loss, random);
      const hash = createHash('sha1');
      for (const [name, bytes] of files) hash.update(name).update(bytes);
      const key = hash.digest('base64');
      if (seen.has(key)) continue;
      seen.add(key);
      result.disks++;
      const target = path.join(folder, 'cut');
      putFiles(files, root, target);
      const wrong = await openOne(target, acknowledged, storeKey);
      rmSync(target, { recursive: true, force: true });
      for (const text of wrong)
        result.problems.push(
          `operation ${index} (${operation.kind} ${path.basename(operation.path)}), lost: ${loss}: ${text}`,
        );
      if (result.problems.length > 10) return result;
    }
  }
  result.acknowledged = acknowledged.records;
  return result;
}

const isSpecial = ({ kind, path: name }: Operation): boolean =>
  !name.includes('/ack-') &&
  (kind !== 'write' || name.includes('MANIFEST')) &&
  !(kind === 'sync' && name.endsWith('.log'));

/** What must hold after every power cut. */
async function openOne(data: string, acknowledged: Acknowledged, storeKey: Uint8Array | undefined): Promise<string[]> {
  const wrong: string[] = [];
  mkdirSync(data, { recursive: true });
  try {
    const stores = await openStores({ data, gate: 'g', storeKey, now: () => 1, log: silentLog });
    const { journal } = stores;
    for (const aside of listAsides(data)) wrong.push(`${aside.folder} was set aside: ${aside.why}`);
    if (journal.lastSeq < acknowledged.records)
      wrong.push(`record ${acknowledged.records} was acknowledged, ${journal.lastSeq} is the last`);
    const proof = await verifyJournal(journal.database);
    wrong.push(...proof.problems);
    const next = await journal.append(check('after the cut'));
    if (next.seq !== proof.head.seq + 1) wrong.push(`the next record is ${next.seq} after ${proof.head.seq}`);
    const writer = await ListWriter.open(path.join(data, 'list'), { ...(storeKey && { storeKey }) });
    const { pages, cursor } = writer.scope('k');
    await writer.close();
    if (pages < acknowledged.pages) wrong.push(`page ${acknowledged.pages} was acknowledged, ${pages} are there`);
    if (pages > 0 && cursor !== String(pages)) wrong.push(`the cursor is ${cursor} after ${pages} pages`);
    for (let page = 1; page <= pages + 1; page++)
      for (let i = 0; i < 12; i++)
        if ((stores.list.find(`t-${page}-${i}`, 'barcode').tickets.length === 1) !== page <= pages)
          wrong.push(`ticket ${i} of page ${page} of ${pages} is ${page <= pages ? 'missing' : 'there'}`);
    await stores.close();
  } catch (error) {
    wrong.push(`it does not open: ${describeError(error)}`);
  }
  return wrong;
}
