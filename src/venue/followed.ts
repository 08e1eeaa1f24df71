import { parseCheckId } from '../domain/records.js';
import type { RemoteRecord } from '../domain/records.js';
import type { Put, VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { RejectedCheck } from '../store/sync-state.js';
import type { SettledCheck } from './hub-claims.js';
import type * as t from './topics.js';

/** A check of the venue's day as the counts want it, at a standby. */
export interface CountedCheck {
  record: RemoteRecord;
}

/** The sync thread's state at the hub, as a standby keeps it. */
export interface FollowedSync {
  admitted: number;
  limiter?: unknown;
}
export interface FollowedProgramme {
  mark: string;
  value: unknown;
}
/** Who has asked for the take-over, of which box, and whether that one had said everything. */
export interface TakeOver {
  inOrder: boolean;
  who?: string;
  from?: string;
  at?: number;
}

/** Milliseconds a check is kept for the counts: longer than any day. */
const COUNTED_FOR = 48 * 3_600_000;

type Answer = ReturnType<typeof t.followAnswer.parse>;

/** What an answer of the hub says of the checks and of the sync thread, beside its commits. */
export function putsOf(answer: Answer, now: number): Put[] {
  const puts: Put[] = [];
  for (const settled of answer.checks as unknown as SettledCheck[]) {
    const { seq, checkId, at } = settled.check;
    if (seq > answer.pushed) puts.push({ key: venueKeys.followed(seq), value: settled });
    if (Math.abs(now - at) < COUNTED_FOR)
      puts.push({ key: venueKeys.counted(checkId), value: { record: countedOf(settled, now) } satisfies CountedCheck });
  }
  const named = (name: string, value: unknown): unknown => puts.push({ key: venueKeys.named(name), value });
  for (const refused of (answer.refused ?? []) as unknown as RejectedCheck[]) {
    puts.push({ key: venueKeys.refused(refused.checkId), value: refused });
    named('followedRefused', refused.seq);
  }
  const { admitted, limiter } = answer;
  if (admitted !== undefined) named('followedSync', { admitted, limiter } satisfies FollowedSync);
  if (answer.programme) named('followedProgramme', answer.programme);
  return puts;
}

/** Only what is counted: a season of a hundred thousand a day is not kept whole. */
function countedOf({ check, outcome }: SettledCheck, now: number): RemoteRecord {
  const { seq, checkId, at, lane, direction, barcode, admitted, reason, sector, givesBack } = check;
  const gate = parseCheckId(checkId).gate;
  const kept = { kind: 'check' as const, seq, checkId, at, lane, direction, barcode, admitted, reason };
  const credential = { code: '', medium: check.credential.medium };
  const more = { ...(sector !== undefined && { sector }), ...(givesBack !== undefined && { givesBack }) };
  return {
    kind: 'remote',
    seq,
    at: now,
    gate,
    check: { ...kept, ...more, credential, list: '', config: '' },
    ...(outcome && { outcome }),
  };
}

/** Checks of the days before are counted no more. */
export async function forgetCounted(store: VenueStore, now: number): Promise<void> {
  const rows = (await store.entries(venueKeys.counts)) as [string, CountedCheck][];
  const old = rows.filter(([, { record }]) => now - record.check.at > COUNTED_FOR);
  if (old.length > 0) await store.commit(old.map(([key]) => ({ key, value: undefined })));
}
