import { statfsSync } from 'node:fs';
import type { Clock } from './clock.js';
import type { GateConfig } from './config/schema.js';
import type { Condition } from './diagnostics/reports.js';
import type { StoreModel, StoreReport } from './diagnostics/store-model.js';
import { describeError } from './errors.js';
import type { Log } from './log.js';
import { listAsides } from './store/aside.js';
import type { Journal } from './store/journal.js';
import type { TicketList } from './store/list.js';
import type { StoreKey } from './store/open.js';
import { Retention } from './store/retention.js';
import { storeKeyOf } from './store/seal.js';
import { openStores } from './store/start.js';
import { verifyJournal } from './store/verify.js';

const DAY = 24 * 3_600_000;
/** Milliseconds a look at the disk is good for. */
const LOOK_EVERY = 5_000;

export interface StoreRoom extends StoreModel {
  journal: Journal;
  list: TicketList;
  report(): StoreReport;
  conditions(): Condition[];
  /** Begins to forget what may be forgotten. */
  start(acknowledged: () => number, timeKnown: () => boolean): void;
  close(): Promise<void>;
}

/** The key of the configuration as the store wants it. */
export const storeKeyFrom = ({ store }: Pick<GateConfig, 'store'>): StoreKey =>
  store.secret === undefined ? undefined : storeKeyOf(store.secret);

/** Opens (and where needed makes good) what is on the disk, and looks after it. */
export async function openStoreRoom(config: GateConfig, parts: { clock: Clock; log: Log }): Promise<StoreRoom> {
  const { clock } = parts;
  const log = parts.log.child({ room: 'store' });
  const storeKey = storeKeyFrom(config);
  const now = (): number => clock.now();
  const stores = await openStores({
    data: config.data,
    gate: config.gate.id,
    storeKey,
    now,
    log,
    list: config.venue.role === 'gate' ? { followsHub: true } : config.secutix.barcode,
  });
  const { journal, list } = stores;
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let acknowledgedNow = (): number => 0;
  let timeKnownNow = (): boolean => false;
  const free = (): number => {
    const { bavail, bsize } = statfsSync(config.data);
    return bavail * bsize;
  };
  const retention = new Retention({
    journal,
    clock,
    acknowledged: () => acknowledgedNow(),
    keepChecks: config.store.keepChecks * DAY,
    keepUsage: config.store.keepUsage * DAY,
    free,
    timeKnown: () => timeKnownNow(),
  });
  let looked = { at: -Infinity, free: 0, asides: listAsides(config.data) };
  const look = (): typeof looked => {
    if (clock.monotonic() - looked.at > LOOK_EVERY)
      looked = { at: clock.monotonic(), free: free(), asides: listAsides(config.data) };
    return looked;
  };
  return {
    journal,
    list,
    report: () => ({
      sealed: storeKey !== undefined,
      head: journal.head,
      free: look().free,
      asides: look().asides,
      forgotten: { ...retention.counts },
    }),
    conditions: () => conditionsOf(look(), config.store.warnFree, retention.counts.early),
    verifyJournal: (known) => verifyJournal(journal.database, known),
    start: (acknowledged, timeKnown) => {
      acknowledgedNow = acknowledged;
      timeKnownNow = timeKnown;
      running = retention.run(stop.signal, (error) =>
        log.warn({ error: describeError(error) }, 'old records could not be forgotten; tried again'),
      );
    },
    close: async () => {
      stop.abort();
      await running;
      await stores.close();
    },
  };
}

function conditionsOf(
  { free, asides }: Pick<StoreReport, 'free' | 'asides'>,
  warnFree: number,
  early: boolean,
): Condition[] {
  const conditions: Condition[] = asides.map(({ kind, folder, at, why }) => ({
    severity: 'degraded',
    what: `the ${kind} was damaged on ${new Date(at).toISOString().slice(0, 16)}Z and is set aside in ${folder}: ${why}`,
    remedy: 'check the disk; send the folder to whoever looks after the gate, then move it away',
    kind: `damaged-${kind}`,
    facts: { folder },
  }));
  const megabytes = Math.floor(free / 1e6);
  if (free < warnFree * 1e6)
    conditions.push({
      severity: 'degraded',
      what: early
        ? `the disk is nearly full (${megabytes} MB free): acknowledged checks are forgotten before their time`
        : `${megabytes} MB are free on the volume of the data folder`,
      remedy: 'free space, or give the gate a larger volume',
      kind: early ? 'disk-forgets' : 'disk-space',
      facts: { megabytes },
    });
  return conditions;
}
