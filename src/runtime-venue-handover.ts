import { HANDOVER_NOTE, parseCheckId } from './domain/records.js';
import type { RemoteRecord } from './domain/records.js';
import { describeError } from './errors.js';
import { SyncState } from './store/sync-state.js';
import type { RejectedCheck } from './store/sync-state.js';
import { venueKeys } from './store/venue-store.js';
import type { Handover } from './sync/messages.js';
import type { FollowedProgramme, FollowedSync, TakeOver } from './venue/followed.js';
import type { SettledCheck } from './venue/hub-claims.js';
import type { VenueBasics, VenueParts } from './runtime-venue-parts.js';

/** From now on this box stands by for another one; the journal says for which. */
export async function standBy({ store }: Pick<VenueBasics, 'store'>, parts: VenueParts, why: string): Promise<void> {
  const { journal, clock } = parts;
  await journal.append({ kind: 'note', at: clock.now(), what: `${HANDOVER_NOTE}${why}; this one stands by` });
  await store.commit([
    { key: venueKeys.named('part'), value: 'standby' },
    { key: venueKeys.named('followed'), value: '' },
    { key: venueKeys.named('taken'), value: undefined },
  ]);
}

/**
 * A standby that has taken over: what the hub had not yet told SecuTix goes there from here, under the same check IDs; its refused checks,
 * its budget of calls and its catalogue are this one's. Done anew when it is cut off: a check sent twice does no harm.
 */
export async function takeFollowed(basics: VenueBasics, parts: VenueParts): Promise<void> {
  const { store, gate } = basics;
  const { journal, clock } = parts;
  const taken = store.get(venueKeys.named('takeover')) as TakeOver | undefined;
  if (!taken) return;
  const named = (name: string): unknown => store.get(venueKeys.named(name));
  const sync = named('followedSync') as FollowedSync | undefined;
  const programme = named('followedProgramme') as FollowedProgramme | undefined;
  const rows = await store.entries(venueKeys.followedChecks);
  // Of a backlog the admissions go first: these are there.
  const checks = (rows.map(([, value]) => value) as SettledCheck[]).filter(
    ({ check }) => !(check.admitted && check.seq <= (sync?.admitted ?? 0)),
  );
  await Promise.all(checks.map((c) => journal.append(remote(parts, parseCheckId(c.check.checkId).gate, c))));
  const { inOrder, who = '?', from = '?' } = taken;
  const how = inOrder ? 'in order' : 'from a silent hub';
  const commit = (named('commits') as number | undefined) ?? 0;
  await journal.append({
    kind: 'note',
    at: clock.now(),
    what: `${HANDOVER_NOTE}${gate} has taken over from ${from}, ${how}, on the word of ${who}; commit ${commit}, ${checks.length} checks on their way to SecuTix`,
  });
  const refusedRows = await store.entries(venueKeys.refusals);
  await takeSyncState(basics, parts, {
    limiter: sync?.limiter,
    programme: programme?.value,
    refused: refusedRows.map(([, value]) => value) as RejectedCheck[],
  });
  const usage = await store.lastNumber('n!');
  await store.commit([
    ...[...rows, ...refusedRows].map(([key]) => ({ key, value: undefined })),
    { key: venueKeys.named('taken'), value: taken },
    // A hub without lanes has nothing to learn from what was before.
    { key: venueKeys.named('usage'), value: usage },
  ]);
}

/** Before the sync thread opens it. A refused check gets a number of this journal, which says where it comes from. */
async function takeSyncState(
  { storeKey }: VenueBasics,
  { folder, journal, clock }: VenueParts,
  from: { limiter?: unknown; programme?: unknown; refused: RejectedCheck[] },
): Promise<void> {
  const state = await SyncState.open(folder('sync'), storeKey);
  try {
    const known = new Set((await state.rejectedAfter(0, Number.MAX_SAFE_INTEGER)).map((r) => r.checkId));
    const refused: RejectedCheck[] = [];
    for (const r of from.refused.filter(({ checkId }) => !known.has(checkId))) {
      const what = `${HANDOVER_NOTE}SecuTix had refused ${r.checkId} before`;
      refused.push({ ...r, seq: (await journal.append({ kind: 'note', at: clock.now(), what })).seq });
    }
    await state.takeOver({ ...from, refused });
  } finally {
    await state.close();
  }
}

/** Undefined = the sync thread is being started again. */
export async function syncFacts(parts: VenueParts, hold: boolean | undefined): Promise<Handover | undefined> {
  try {
    return await parts.model.platform('handover', hold === undefined ? {} : { hold });
  } catch (error) {
    parts.log.debug({ error: describeError(error) }, 'the state of the sync thread is not known');
    return undefined;
  }
}

export function remote(
  { clock }: VenueParts,
  gate: string,
  { check, outcome }: SettledCheck,
): Omit<RemoteRecord, 'seq'> {
  return { kind: 'remote', at: clock.now(), gate, check, ...(outcome !== undefined && { outcome }) };
}
