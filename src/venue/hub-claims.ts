import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { CheckRecord, OutcomeRecord } from '../domain/records.js';
import { parseCheckId } from '../domain/records.js';
import type { Put, VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { Held, HoldersSaid, HomeSaid, HubView } from './claim-hub.js';
import { answerClaim, endClaim, takeCheck, takeExit, takeRight } from './claim-hub.js';
import type { Answer, Claim, Conflict, ReportedCheck, Use } from './claim-types.js';
import { GroupMemory } from './hub-memory.js';
import type { ClockOff } from './hub-time.js';
import type { UsageEntry } from './topics.js';

/** Inputs in one disk write, at most. */
const GROUP = 1_000;
/** Entries of the use log kept in memory: what gates that are in touch ask for. */
const RECENT = 2_000;
/** Milliseconds until the files are opened again after a failed write. */
const REOPEN_EVERY = 1_000;

export interface SettledCheck {
  check: CheckRecord;
  outcome: OutcomeRecord['outcome'] | undefined;
}

/** An entry of the ledger: both checks, with what is known of their times. */
export type LedgerEntry = Conflict & {
  n: number;
  foundAt: number;
  /** The gates' clocks against this one, when it was found; absent in entries of before. */
  clocks?: { first: ClockOff | null; second: ClockOff | null };
};

/** A claim whose entry never was. */
type Forgotten = Pick<Claim, 'id' | 'barcode' | 'lane' | 'at'> & { slot?: string };

interface Job {
  /** Undefined = it has to wait for another job of its ticket. */
  compute: (memory: GroupMemory) => (() => void) | undefined;
  failed: () => void;
}

interface Parts {
  clock: Clock;
  log: Log;
  /** Asks the home gates of an entrance, all of them. */
  askHome: (claim: Claim) => Promise<HomeSaid>;
  /** Asks the gates that hold these rights to give them back. */
  askHolders: (claim: Claim, rights: readonly Use[]) => Promise<HoldersSaid>;
  /** A gate's clock against this one, for the ledger. */
  clockOf?: (gate: string) => ClockOff | null;
  /** On the disk. */
  onCommit?: (n: number, puts: readonly Put[]) => void;
  /** A ticket's use has changed: the gates may fetch it. */
  onUsage: () => void;
}

/**
 * The owner of usage. Inputs are computed one after the other, a group's changes are one synced batch, and answers leave behind it.
 *
 * Invariants: nothing is answered that is not on the disk; inputs of one ticket never overlap (a ticket whose home gates are
 * being asked is held, and what comes for it waits); after a failed write nothing is answered until the files were
 * reopened. Nothing here waits for anything that waits for this.
 */
export class HubClaims {
  readonly #store: VenueStore;
  readonly #p: Parts;
  #queue: Job[] = [];
  #running: Promise<void> | undefined;
  readonly #held = new Map<string, Job[]>();
  #usage = 0;
  #conflicts = 0;
  #commits = 0;
  #failed = false;
  /** The end of the use log, without a gap, and what the group in hand adds to it. */
  #recent: UsageEntry[] = [];
  #noted: UsageEntry[] = [];
  /** See `HubView.sure`. */
  sure = false;
  readonly counters = {
    claims: 0,
    granted: 0,
    used: 0,
    inside: 0,
    unknown: 0,
    rights: 0,
    recalled: 0,
    checks: 0,
    groups: 0,
  };

  private constructor(store: VenueStore, parts: Parts) {
    this.#store = store;
    this.#p = parts;
  }

  static async open(store: VenueStore, parts: Parts): Promise<HubClaims> {
    const hub = new HubClaims(store, parts);
    hub.#usage = await store.lastNumber('n!');
    hub.#conflicts = await store.lastNumber('k!');
    hub.#commits = (store.get(venueKeys.named('commits')) as number | undefined) ?? 0;
    return hub;
  }

  /** Grows with every write: who has seen a greater one knows that this hub has forgotten something. */
  get commits(): number {
    return this.#commits;
  }
  get lastUsage(): number {
    return this.#usage;
  }
  get conflicts(): number {
    return this.#conflicts;
  }

  claim(claim: Claim): Promise<Answer> {
    this.counters.claims++;
    return new Promise((resolve) => this.#submit(this.#claimJob(claim, {}, this.#count(resolve))));
  }

  #count(resolve: (answer: Answer) => void): (answer: Answer) => void {
    return (answer) => {
      this.counters[answer.result]++;
      if (answer.result === 'granted') this.counters.rights += answer.rights ?? 0;
      resolve(answer);
    };
  }

  /** `said`: what the gates said that were asked; while they are, the ticket is held. */
  #claimJob(claim: Claim, said: Omit<HubView, 'sure'>, resolve: (answer: Answer) => void): Job {
    const asked = said.home !== undefined || said.holders !== undefined;
    const again = (more: Omit<HubView, 'sure'>): void =>
      this.#submit(this.#claimJob(claim, { ...said, ...more }, resolve));
    const job: Job = {
      failed: () => resolve({ result: 'unknown', why: 'failed' }),
      compute: (memory) => {
        if (!asked && this.#wait(claim.barcode, job)) return undefined;
        const result = answerClaim(memory, claim, { sure: this.sure, ...said });
        if ('ask' in result) {
          if (!asked) this.#held.set(claim.barcode, []);
          if (result.ask === 'home')
            void this.#p
              .askHome(claim)
              .catch((): HomeSaid => ({ said: 'silent' }))
              .then((home) => again({ home }));
          else
            void this.#p
              .askHolders(claim, result.rights)
              .catch((): HoldersSaid => ({ returned: [], spent: [] }))
              .then((holders) => again({ holders }));
          return undefined;
        }
        const { answer, change } = result;
        memory.apply(change);
        this.counters.recalled += change.ended?.length ?? 0;
        if (said.home && answer.result !== 'granted') this.#forget(memory, claim);
        return () => {
          if (asked) this.#release(claim.barcode);
          resolve(answer);
        };
      },
    };
    return job;
  }

  /** Home gates may have written the ticket down as used for a claim that was not granted after all; one that is silent may have, too. */
  #forget(memory: GroupMemory, { id, barcode, slot, lane, at }: Forgotten): void {
    const facts = { barcode, checkId: id, lane, checkedAt: at, ...(slot !== undefined && { slot }) };
    this.#note(memory, { what: 'given-back', direction: 'entry', ...facts });
  }

  #wait(barcode: string, job: Job): boolean {
    const held = this.#held.get(barcode);
    held?.push(job);
    return held !== undefined;
  }

  #release(barcode: string): void {
    const held = this.#held.get(barcode) ?? [];
    this.#held.delete(barcode);
    for (const job of held) this.#submit(job);
  }

  /** Claims that ended and admitted nobody. */
  end(gate: string, claims: readonly { id: string; barcode: string }[]): Promise<void> {
    return this.#do((memory) => {
      for (const { id, barcode } of claims) this.#endOne(memory, gate, id, barcode);
    });
  }

  /**
   * Claims that home gates have written down as uses, and of which they have heard nothing since: the question's answer was lost, or this
   * hub's process was. One that counts nothing never will, and that is said; nobody is refused for an entry that never was.
   */
  noted(claims: readonly { id: string; barcode: string }[]): Promise<void> {
    return this.#do((memory) => {
      if (!this.sure) return;
      for (const { id, barcode } of claims) {
        if (memory.uses(barcode).some((u) => u.id === id)) continue;
        if (!memory.ended(id)) memory.apply({ ended: [id] });
        this.#forget(memory, { id, barcode, lane: '?', at: this.#p.clock.now() });
      }
    });
  }

  #endOne(memory: GroupMemory, gate: string, id: string, barcode: string): void {
    const open = memory.uses(barcode).find((u) => u.id === id && u.checkId === undefined);
    memory.apply(endClaim(memory, id, barcode));
    memory.close(gate, id);
    // Home gates were told of it before it was granted.
    if (open && !open.right) this.#forget(memory, { ...open, barcode });
  }

  /** Sequence up to which a gate's journal is here. */
  cursor(gate: string, journal: string): number {
    return (this.#store.get(venueKeys.cursor(gate, journal)) as number | undefined) ?? 0;
  }

  /** Checks of one gate's journal, in order; those below the cursor were taken before. */
  take(gate: string, journal: string, checks: readonly SettledCheck[], scanned: number): Promise<void> {
    return this.#do((memory) => {
      for (const { check, outcome } of checks) this.#takeOne(memory, gate, check, outcome);
      memory.put(venueKeys.cursor(gate, journal), scanned);
    });
  }

  #takeOne(memory: GroupMemory, gate: string, check: CheckRecord, outcome: SettledCheck['outcome']): void {
    this.counters.checks++;
    const counts = check.admitted && outcome !== 'not-passed';
    const reported = reportOf(gate, check, counts);
    const before = memory.uses(check.barcode);
    const conflicts = memory.apply(takeCheck(memory, reported));
    if (reported.claim !== undefined) memory.close(gate, reported.claim);
    for (const conflict of conflicts) this.#ledger(memory, conflict);
    if (counts && check.direction === 'exit') memory.apply(takeExit(memory, check.barcode, check.sector));
    const { barcode, checkId, lane, direction, at, slot, sector, reason } = check;
    if (check.givesBack !== undefined) {
      memory.put(
        venueKeys.uses(barcode),
        before.filter((u) => u.checkId !== check.givesBack),
      );
      this.#note(memory, {
        what: 'given-back',
        barcode,
        checkId: check.givesBack,
        lane,
        direction: 'entry',
        checkedAt: at,
      });
      return;
    }
    if (!counts || (direction === 'entry' && slot === undefined)) return;
    if (before.some((u) => u.checkId === checkId)) return;
    this.#note(memory, {
      what: 'admitted',
      barcode,
      checkId,
      lane,
      direction,
      checkedAt: at,
      ...(reported.claim !== undefined && { claim: reported.claim }),
      ...(slot !== undefined && { slot }),
      ...(sector !== undefined && { sector }),
      reason,
    });
  }

  #ledger(memory: GroupMemory, conflict: Conflict): void {
    const n = ++this.#conflicts;
    const { first, second } = conflict;
    const clockOf = (gate: string): ClockOff | null => this.#p.clockOf?.(gate) ?? null;
    const clocks = { first: clockOf(first.gate), second: clockOf(second.gate) };
    const entry: LedgerEntry = { ...conflict, n, foundAt: this.#p.clock.now(), clocks };
    memory.put(venueKeys.conflict(n), entry);
    this.#p.log.error(
      { first: first.checkId, second: second.checkId, gates: [first.gate, second.gate] },
      'a ticket was admitted twice',
    );
  }

  #note(memory: GroupMemory, entry: Omit<UsageEntry, 'n'>): void {
    const n = ++this.#usage;
    const noted = { n, ...entry };
    memory.put(venueKeys.usage(n), noted);
    this.#noted.push(noted);
  }

  /** Rights a gate holds. Returns those it must not spend. */
  async takeRights(gate: string, rights: readonly Omit<Held, 'gate'>[]): Promise<string[]> {
    const gone: string[] = [];
    await this.#do((memory) => {
      for (const right of rights) {
        const taken = takeRight(memory, { ...right, gate });
        memory.apply(taken.change);
        if (taken.gone) gone.push(right.id);
      }
    });
    return gone;
  }

  /**
   * Promises of a process of the gate that is over, and whose journal is here to its end: they admitted nobody. `held` are rights that
   * outlived it.
   */
  async endOld(gate: string, session: string, held: ReadonlySet<string>): Promise<number> {
    const prefix = `${gate}.${session}.`;
    const keys = await this.#store.keys(venueKeys.openOf(gate));
    const old = keys
      .map((key) => key.slice(`o!${gate}!`.length))
      .filter((id) => !id.startsWith(prefix) && !held.has(id));
    if (old.length > 0)
      await this.end(
        gate,
        old.map((id) => ({ id, barcode: (this.#store.get(venueKeys.open(gate, id)) as string | undefined) ?? '' })),
      );
    return old.length;
  }

  async usageAfter(after: number, limit: number): Promise<UsageEntry[]> {
    const first = this.#recent[0];
    if (first && after >= first.n - 1) return this.#recent.slice(after - first.n + 1, after - first.n + 1 + limit);
    const range = { gt: venueKeys.usage(after), lt: 'n"', limit };
    return (await this.#store.values(range)) as UsageEntry[];
  }

  async ledger(limit: number): Promise<LedgerEntry[]> {
    return (await this.#store.values({ gt: 'k!', lt: 'k"', limit, reverse: true })) as LedgerEntry[];
  }

  uses(barcode: string): readonly Use[] {
    return new GroupMemory(this.#store).uses(barcode);
  }

  #do(compute: (memory: GroupMemory) => void): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#submit({
        compute: (memory) => {
          compute(memory);
          return resolve;
        },
        failed: () => reject(new Error('the hub cannot write')),
      }),
    );
  }

  #submit(job: Job): void {
    if (this.#failed) return job.failed();
    this.#queue.push(job);
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // What arrived with the same packet belongs to the same group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const jobs = this.#queue.splice(0, GROUP);
      const usage = this.#usage;
      const memory = new GroupMemory(this.#store);
      const done = jobs.map((job) => job.compute(memory)).filter((f) => f !== undefined);
      try {
        const puts = memory.puts;
        if (puts.length > 0) {
          memory.put(venueKeys.named('commits'), this.#commits + 1);
          await this.#store.commit(memory.puts);
          this.#commits++;
          this.#p.onCommit?.(this.#commits, puts);
          this.counters.groups++;
          this.#recent.push(...this.#noted.splice(0));
          if (this.#recent.length > 2 * RECENT) this.#recent = this.#recent.slice(-RECENT);
        }
        for (const f of done) f();
        if (this.#usage > usage) this.#p.onUsage();
      } catch (error) {
        await this.#fail(error, jobs);
      }
    }
    this.#running = undefined;
  }

  async #fail(error: unknown, jobs: Job[]): Promise<void> {
    this.#failed = true;
    this.#noted = [];
    this.#recent = [];
    this.#p.log.error({ error: describeError(error) }, 'the hub cannot write: nothing is granted');
    for (const job of [...jobs, ...[...this.#held.values()].flat(), ...this.#queue.splice(0)]) job.failed();
    this.#held.clear();
    for (;;) {
      await this.#p.clock.sleep(REOPEN_EVERY);
      try {
        await this.#store.reopen();
        break;
      } catch (again) {
        this.#p.log.error({ error: describeError(again) }, 'the hub still cannot write');
      }
    }
    this.#usage = await this.#store.lastNumber('n!');
    this.#conflicts = await this.#store.lastNumber('k!');
    this.#failed = false;
  }

  /** Waits for what is in hand. */
  async close(): Promise<void> {
    await this.#running;
  }
}

function reportOf(gate: string, check: CheckRecord, counts: boolean): ReportedCheck {
  const { checkId, lane, barcode, slot, at, claim, sector } = check;
  const risk = claim?.how === 'budget' || claim?.how === 'home' ? claim.how : undefined;
  return {
    checkId,
    ...(claim && { claim: claim.id }),
    gate: parseCheckId(checkId).gate || gate,
    lane,
    barcode,
    ...(slot !== undefined && check.direction === 'entry' && { slot }),
    at,
    counts,
    ...(sector !== undefined && { sector }),
    ...(claim?.day !== undefined && { day: claim.day }),
    ...limitsOf(claim, slot),
    ...(risk && { risk }),
    ...(check.doubtful && { doubtful: true as const }),
  };
}

function limitsOf(claim: CheckRecord['claim'], slot: string | undefined): Pick<ReportedCheck, 'limits'> {
  if (claim?.limits) return { limits: claim.limits };
  return claim?.max === undefined || slot === undefined ? {} : { limits: [{ max: claim.max, slot }] };
}
