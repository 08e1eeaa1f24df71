import type { CheckpointRecord, RepairRecord } from '../domain/records.js';
import type { Database } from './database.js';
import { keys } from './keys.js';
import { decodeNumber, decodeRecord } from './records.js';
import { EMPTY_DIGEST } from './usage-digest.js';

/** What the kept base usage (`b!`) stands for. */
export interface Base {
  /** Records up to this one are folded into it. */
  folded: number;
  /** Records up to this one may be gone; the one behind refers to `hash`. Undefined = none is. */
  checkpoint: CheckpointRecord | undefined;
  repair: RepairRecord | undefined;
  /** Sum over the base usage. */
  digest: string;
}

/** Reads it from the newest checkpoint and the newest repair. */
export async function readBase(db: Database): Promise<Base> {
  const record = async (key: string): Promise<unknown> => {
    const at = db.getSync(key);
    const text = at === undefined ? undefined : await db.get(keys.record(decodeNumber(at, key)));
    return text === undefined ? undefined : decodeRecord(text);
  };
  const checkpoint = (await record(keys.checkpoint)) as CheckpointRecord | undefined;
  const repair = (await record(keys.repair)) as RepairRecord | undefined;
  const newest = (checkpoint?.seq ?? 0) > (repair?.seq ?? 0) ? checkpoint : repair;
  return {
    folded: Math.max(checkpoint?.through ?? 0, repair?.seq ?? 0),
    checkpoint,
    repair,
    digest: newest?.usage ?? EMPTY_DIGEST,
  };
}
