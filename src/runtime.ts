import path from 'node:path';
import type { Clock, Random } from './clock.js';
import type { GateConfig } from './config/schema.js';
import { createApi, serveApi } from './diagnostics/api.js';
import type { FleetReport } from './diagnostics/fleet-report.js';
import { conditionsOf, healthOf } from './diagnostics/health.js';
import type { DeskModel } from './diagnostics/desk-model.js';
import type { Live } from './diagnostics/live.js';
import { Tally } from './diagnostics/tally.js';
import type { LogRing } from './diagnostics/log-ring.js';
import type {
  GateEvent,
  ReadEvent,
  ReadModel,
  SelfTestReport,
  StatusReport,
  TicketReport,
} from './diagnostics/read-model.js';
import type { Programme } from './domain/programme.js';
import type { JournalRecord } from './domain/records.js';
import type { Read } from '../drivers/contract.js';
import { readings } from '../drivers/framing/card-id.js';
import { summarise } from './domain/usage.js';
import { describeError } from './errors.js';
import type { LaneEvent } from './lane/lane.js';
import type { Mode } from './lane/machine.js';
import { Reservations, Settlement } from './lane/reservations.js';
import type { Log } from './log.js';
import type { LaneSet } from './runtime-lanes.js';
import { buildLanes } from './runtime-lanes.js';
import type { DeskSet } from './runtime-desk.js';
import { buildDesk } from './runtime-desk.js';
import { rulesHash } from './runtime-rules.js';
import { createLive, startMetrics, startPage } from './runtime-page.js';
import { syncOptions } from './runtime-settings.js';
import type { Venue } from './runtime-venue-parts.js';
import type { StoreRoom } from './runtime-store.js';
import { openStoreRoom } from './runtime-store.js';
import type { Journal } from './store/journal.js';
import type { Head } from './store/head.js';
import type { TicketList } from './store/list.js';
import type { Verification } from './store/verify.js';
import { SyncHandle } from './sync/handle.js';
import { Transfers } from './sync/transfer.js';
import { isOffline } from './sync/contact.js';
import type { QuestionKind, Questions, SyncStatus, SyncWhat } from './sync/messages.js';
import { VERSION } from './version.js';
import { createYoungGarbage } from './young-garbage.js';

type SyncSide = NonNullable<Venue['sync']>;

/** Milliseconds between two attempts to write the journal again after a failure. */
const RECOVER_EVERY = 2_000;

export interface RuntimeParts {
  clock: Clock;
  random: Random;
  log: Log;
  /** The last lines of the log, and every key of the configuration without secrets: for the page and the bundle. */
  logs?: LogRing;
  configuration?: readonly object[];
  /** Ends this process in order, for whoever supervises it to start it again. */
  startAnew?: () => void;
  setLogLevel?: (level: 'debug' | 'info' | 'warn' | 'error') => void;
}

/** The composition root: what is built, in which order it starts and in which it stops. */
export class Gate implements ReadModel {
  readonly #young = createYoungGarbage();
  readonly #config: GateConfig;
  readonly #p: RuntimeParts;
  readonly #listeners = new Set<(event: GateEvent) => void>();
  readonly #startedAt: number;
  readonly tally = new Tally();
  #store: StoreRoom | undefined;
  #journal!: Journal;
  #list!: TicketList;
  #sync!: SyncSide;
  #venue: Venue | undefined;
  #transfers!: Transfers;
  #lanes!: LaneSet;
  #api: { close(): Promise<void> } | undefined;
  #desk!: DeskSet;
  #live!: Live;
  #metrics: ReturnType<typeof startMetrics> | undefined;
  #page: Awaited<ReturnType<typeof startPage>>;
  #settlement!: Settlement;
  #readyAfter = 0;
  #lastCheckAt = 0;
  #stop = new AbortController();
  #recovering: Promise<void> = Promise.resolve();

  /** What the machine around the gate says; set by whoever watches over it. */
  fleet: (() => FleetReport) | undefined;

  /** The socket of the local API. */
  static socketPath(dataFolder: string): string {
    return path.join(dataFolder, 'portillon.sock');
  }

  static async start(config: GateConfig, parts: RuntimeParts): Promise<Gate> {
    const gate = new Gate(config, parts);
    try {
      await gate.#start();
    } catch (error) {
      await gate.stop();
      throw error;
    }
    return gate;
  }

  private constructor(config: GateConfig, parts: RuntimeParts) {
    this.#config = config;
    this.#p = parts;
    this.#startedAt = parts.clock.now();
  }

  async #start(): Promise<void> {
    const { clock, random, log } = this.#p;
    const config = this.#config;
    const folder = (name: string): string => path.join(config.data, name);
    this.#store = await openStoreRoom(config, { clock, log });
    this.#journal = this.#store.journal;
    this.#list = this.#store.list;
    // Before anything is reported: what the process before left open can never be known any more.
    const unknown = await this.#journal.settleUnknown(clock.now());
    if (unknown > 0)
      log.warn({ checks: unknown }, 'admissions of before the restart: nobody knows whether they passed');
    this.#live = createLive({
      ...this.#p,
      logs: this.#p.logs,
      configuration: this.#p.configuration,
      config,
      journal: this.#journal,
      lanes: () => this.#lanes,
      status: () => this.status(),
    });
    const reservations = new Reservations();
    const settledThrough = (): number => this.#settlement.through(this.#journal.lastSeq);
    // Not there yet while the venue starts.
    const announce = (): void => (this.#sync as SyncSide | undefined)?.announce();
    this.#settlement = new Settlement(() => {
      announce();
      this.#venue?.announce();
    });
    // A gate that stands alone does not carry the venue's rooms and its MQTT client.
    const { startVenue } = config.venue.role === 'standalone' ? ALONE : await import('./runtime-venue.js');
    this.#venue = await startVenue(config, {
      ...this.#p,
      journal: this.#journal,
      folder,
      reservations,
      settledThrough,
      announce,
      synced: () => (this.#sync as SyncSide | undefined)?.status,
      startAnew: () => this.#p.startAnew?.(),
      model: this,
    });
    const worker = (): SyncHandle =>
      new SyncHandle(syncOptions(config, folder), {
        clock,
        log: log.child({ room: 'sync' }),
        journal: this.#journal,
        list: this.#list,
        settledThrough,
        onStatus: () => {},
        onLog: (line) => this.#live.logs.add(line),
        onProgramme: (programme) => this.#desk?.setCatalogue(programme),
      });
    this.#sync = this.#venue?.sync ?? worker();
    this.#desk = await buildDesk({
      config,
      clock,
      log: log.child({ room: 'desk' }),
      journal: this.#journal,
      list: this.#list,
      reservations,
      settlement: this.#settlement,
      sync: () => this.#sync.status,
      lanes: () => this.#lanes,
    });
    this.#transfers = new Transfers(config.data, this.#sync);
    this.#lanes = await buildLanes(config, {
      clock,
      random,
      log,
      configHash: rulesHash(config),
      share: sharing(),
      trace: (device) => this.#live.trace.of(device),
      onRead: (device, read) => this.#onRead(device, read),
      shared: {
        list: this.#list,
        journal: this.#journal,
        reservations,
        desk: this.#desk.desk,
        claims: this.#venue?.claims,
        settlement: this.#settlement,
        emit: (event) => this.#emit(event),
        offline: () => this.#offline(),
        incident: (data) => this.#tell({ event: 'incident', data }),
        outcome: (data) => this.#tell({ event: 'outcome', data }),
      },
    });
    const api = createApi(this, () => this.#page);
    this.#api = await serveApi(api, Gate.socketPath(config.data), log.child({ room: 'api' }));
    this.#readyAfter = Math.round(process.uptime() * 1000);
    log.info({ gate: config.gate.id, version: VERSION, readyAfter: this.#readyAfter }, 'ready to decide');
    this.#sync.start();
    this.#store.start(
      () => Math.min(this.#sync.status?.push.cursor ?? 0, this.#settlement.through(this.#journal.lastSeq)),
      () => this.#desk.timeKnown(),
    );
    this.#recovering = this.#recoverLoop();
    await this.#live.start();
    this.#metrics = startMetrics({ ...this.#p, config, model: this });
    this.#page = await startPage({ ...this.#p, config, model: this, door: () => this.#page, lanes: this.#lanes });
  }

  /** UTC milliseconds of the last decision; 0 = none since the start. */
  get lastCheckAt(): number {
    return this.#lastCheckAt;
  }

  /** A performance that a lane admits now by the programme; undefined = none. */
  admitting(): string | undefined {
    return this.#desk.admitting();
  }

  #emit(event: LaneEvent): void {
    this.#lastCheckAt = event.at;
    this.#venue?.onDecision(event);
    this.#p.log.info({ ...event }, event.admitted ? 'admitted' : 'refused');
    this.#tell({ event: 'decision', data: event });
    this.#young.answered();
  }

  #tell(event: GateEvent): void {
    if (event.event === 'incident') this.#p.log.warn({ ...event.data }, event.data.what);
    this.#live.onEvent(event);
    this.tally.onEvent(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Costs look-ups only while somebody listens. */
  #onRead(device: string, read: Read): void {
    if (this.#listeners.size === 0) return;
    const known = (text: string): boolean => this.#list.find(text, read.medium).via !== 'none';
    const data: ReadEvent = {
      device,
      at: this.#p.clock.now(),
      text: read.text,
      medium: read.medium,
      ...(read.symbology !== undefined && { symbology: read.symbology }),
      ...(read.uid && { uid: Buffer.from(read.uid).toString('hex').toUpperCase() }),
      readings: (read.uid ? readings(read.uid) : []).map((r) => ({ ...r, known: known(r.text) })),
      known: known(read.text),
    };
    this.#tell({ event: 'read', data });
  }

  /** A journal that cannot be written closes the lanes; this opens them again when the cause is gone. */
  async #recoverLoop(): Promise<void> {
    const { clock, log } = this.#p;
    for (;;) {
      await clock.sleep(RECOVER_EVERY, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      await this.#desk.look().catch((error: unknown) => log.warn({ error: describeError(error) }, 'desk'));
      if (!this.#journal.failure) continue;
      try {
        await this.#journal.recover(clock.now());
        log.info({}, 'the journal is written again: the lanes admit');
      } catch (error) {
        log.error({ error: describeError(error) }, 'the journal still cannot be written: nobody is admitted');
      }
    }
  }

  status(): StatusReport {
    const lanes = this.#lanes.report();
    const store = this.#store as StoreRoom;
    const journalFailure = this.#journal.failure ? describeError(this.#journal.failure) : null;
    const sync: SyncStatus | null = this.#sync.status ?? null;
    const now = this.#p.clock.now();
    const conditions = conditionsOf({
      lanes,
      journalFailure,
      sync,
      now,
      pullEvery: this.#config.secutix.pull.every,
      more: [
        ...store.conditions(),
        ...this.#desk.conditions(),
        ...this.#live.conditions(),
        ...(this.#venue?.conditions() ?? []),
      ],
    });
    return {
      gate: this.#config.gate.id,
      version: VERSION,
      pid: process.pid,
      at: now,
      startedAt: this.#startedAt,
      readyAfter: this.#readyAfter,
      health: healthOf(conditions),
      conditions,
      lanes,
      journal: {
        lastSeq: this.#journal.lastSeq,
        waiting: Math.max(0, this.#journal.lastSeq - (sync?.push.cursor ?? 0)),
        failure: journalFailure,
      },
      store: store.report(),
      sync,
      memory: process.memoryUsage.rss(),
      fleet: this.fleet?.() ?? null,
    };
  }

  ticket(code: string): TicketReport {
    const { desk } = this.#desk;
    const found = desk.find(code);
    const tickets = desk.candidates(found).candidates.map(({ ticket, usage }) => ({ ticket, usage: summarise(usage) }));
    const decisions = desk.lanes.map(({ lane }) => ({ lane, decision: desk.decide(lane, found).decision }));
    return { code, via: found.via, tickets, decisions };
  }

  async journal(query: { after?: number; limit: number }): Promise<JournalRecord[]> {
    if (query.after !== undefined) return this.#journal.readAfter(query.after, query.limit);
    return (await this.#journal.latest(query.limit)).reverse();
  }

  verifyJournal(known: Head | undefined): Promise<Verification> {
    return (this.#store as StoreRoom).verifyJournal(known);
  }

  syncNow(what: SyncWhat): Promise<{ ok: boolean; error?: string }> {
    return this.#sync.syncNow(what);
  }

  importList: Transfers['importList'] = (options, body) => this.#transfers.importList(options, body);
  exportList: Transfers['exportList'] = (kind) => this.#transfers.exportList(kind);
  programme(): Programme {
    return this.#sync.programme;
  }
  platform<K extends QuestionKind>(kind: K, ask: Questions[K]['ask']): Promise<Questions[K]['answer']> {
    return this.#sync.ask(kind, ask);
  }

  #offline(): boolean {
    const { offline, offlineAfter } = this.#config.secutix.report;
    return offline === 'auto' && isOffline(this.#sync.status, this.#p.clock.now(), offlineAfter);
  }

  present(lane: string, reader: number, text: string): boolean {
    return this.#lanes.present(lane, reader, text);
  }

  pass(lane: string, direction: 'entry' | 'exit'): Promise<boolean> {
    return this.#lanes.pass(lane, direction);
  }
  setMode(lane: string, mode: Mode, who: string, why: string): Promise<void> {
    return this.#lanes.setMode(lane, mode, who, why);
  }
  pulse(lane: string, who: string): Promise<void> {
    return this.#lanes.pulse(lane, who);
  }
  selfTest(lane: string | undefined): Promise<SelfTestReport[]> {
    return this.#lanes.selfTest(lane);
  }

  get desk(): DeskModel {
    return this.#desk.model;
  }
  get venue(): Venue | undefined {
    return this.#venue;
  }
  get live(): Live {
    return this.#live;
  }

  onEvent(listener: (event: GateEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stop order: no new reads, the check in hand ends, the worker ends its call, then the files close. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#metrics?.close();
    await this.#page?.close();
    await this.#lanes?.close();
    await this.#recovering;
    await this.#sync?.stop();
    await this.#venue?.close();
    await this.#api?.close();
    this.#live?.close();
    await this.#store?.close();
  }
}

/** In place of the venue's rooms. */
const ALONE = { startVenue: (): Promise<Venue | undefined> => Promise.resolve(undefined) };

/** Buses by key: several devices on one port share it. */
function sharing(): <T>(key: string, make: () => T) => T {
  const shared = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    if (!shared.has(key)) shared.set(key, make());
    return shared.get(key) as T;
  };
}
