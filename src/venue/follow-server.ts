import { createHash } from 'node:crypto';
import type { Put, VenueStore } from '../store/venue-store.js';
import type { SettledCheck } from './hub-claims.js';
import type * as t from './topics.js';

/** Commits kept for a standby that follows; one that is further behind gets everything. */
const KEPT = 2_000;
const PIECE = 1_000;
const CHECKS = 200;
/** Milliseconds a hub that hands over waits for the one that takes over, before it goes on itself. */
const HAND_OVER_WITHIN = 15_000;
/** Milliseconds between two looks at the sync thread's state. */
const SYNC_EVERY = 3_000;
const REFUSED = 100;

interface Commit {
  n: number;
  puts: readonly Put[];
}

export interface FollowParts {
  store: VenueStore;
  session: string;
  now: () => number;
  state: () => { hub: string; box: string; epoch: number; commit: number; roster: unknown };
  /** Checks on their way to SecuTix from a sequence of this hub's journal on, and that journal's last sequence. */
  journal: (
    after: number,
    limit: number,
  ) => Promise<{ checks: readonly SettledCheck[]; scanned: number; last: number }>;
  /** Sequence up to which SecuTix has them; of the last one it refused; and behind which the day's first is. */
  pushed: () => number;
  lastRefused: () => number;
  countedFrom: () => number;
  refused: (after: number, limit: number) => Promise<readonly { seq: number; checkId: string }[]>;
  /** The sync thread's state; `hold`: it exchanges nothing with SecuTix from now on. Undefined = it cannot say. */
  sync: (hold?: boolean) => Promise<SyncFacts | undefined>;
  /** Stops counting; resolves when everything that was answered is written. */
  release: () => Promise<void>;
  /** Nobody took over: counts again. */
  resume: () => void;
  /** The other one counts from now on, on this person's word. */
  replaced: (by: string, who: string) => void;
}

interface SyncFacts {
  admitted: number;
  limiter: unknown;
  programme?: unknown;
}

/** The hub's side of a standby: its commits in order, and the checks that SecuTix does not have yet. */
export class FollowServer {
  readonly #p: FollowParts;
  readonly #commits: Commit[] = [];
  #heardAt = -Infinity;
  #releasedAt: number | undefined;
  #handBack: string | undefined;
  #sync: SyncFacts | undefined;
  #syncAt = -Infinity;
  #programme: { mark: string; value: unknown } | undefined;

  constructor(parts: FollowParts) {
    this.#p = parts;
  }

  add(n: number, puts: readonly Put[]): void {
    this.#commits.push({ n, puts });
    if (this.#commits.length > KEPT) this.#commits.shift();
  }

  /** A standby has asked within the last seconds. */
  get followed(): boolean {
    return this.#p.now() - this.#heardAt < 5_000;
  }

  /** The standby is asked to take over. False = nobody follows. */
  handBack(who: string): boolean {
    this.#handBack = this.followed ? who : undefined;
    return this.followed;
  }

  look(): void {
    if (this.#releasedAt === undefined || this.#p.now() - this.#releasedAt < HAND_OVER_WITHIN) return;
    this.#releasedAt = undefined;
    this.#handBack = undefined;
    void this.#p.sync(false);
    this.#p.resume();
  }

  async #lookAtSync(release: boolean): Promise<void> {
    const now = this.#p.now();
    if (!release && now - this.#syncAt < SYNC_EVERY) return;
    this.#syncAt = now;
    const facts = await this.#p.sync(release ? true : undefined);
    if (!facts) return;
    this.#sync = facts;
    if (facts.programme === undefined) return;
    const mark = createHash('sha256').update(JSON.stringify(facts.programme)).digest('base64url').slice(0, 16);
    this.#programme = { mark, value: facts.programme };
  }

  #covers(commit: number, last: number): boolean {
    return commit === last || (this.#commits[0]?.n ?? Infinity) <= commit + 1;
  }

  async answer(request: ReturnType<typeof t.followRequest.parse>): Promise<ReturnType<typeof t.followAnswer.parse>> {
    const { id, session, after, from, journal, release, done } = request;
    this.#heardAt = this.#p.now();
    if (release) {
      this.#releasedAt = this.#p.now();
      await this.#p.release();
    }
    await this.#lookAtSync(release);
    if (done && this.#releasedAt !== undefined) {
      this.#releasedAt = undefined;
      this.#p.replaced(request.gate, request.who ?? '?');
    }
    const state = this.#p.state();
    const pushed = this.#p.pushed();
    const followed = session === this.#p.session;
    const checks = await this.#p.journal(followed ? journal : pushed, CHECKS);
    const after0 = request.refused ?? 0;
    const refused = followed && this.#p.lastRefused() > after0 ? await this.#p.refused(after0, REFUSED) : [];
    const base = {
      id,
      session: this.#p.session,
      ...state,
      ...checks,
      checks: checks.checks.map(({ check, outcome }) => ({ check: { ...check }, ...(outcome && { outcome }) })),
      pushed,
      base: Math.min(pushed, this.#p.countedFrom()),
      released: this.#releasedAt !== undefined,
      takeOver: this.#handBack !== undefined,
      ...(this.#handBack !== undefined && { by: this.#handBack }),
      ...(this.#sync && { admitted: this.#sync.admitted, limiter: this.#sync.limiter }),
      ...(this.#programme && this.#programme.mark !== request.programme && { programme: this.#programme }),
      refused: refused.map((r) => ({ ...r })),
    };
    if (session === this.#p.session && this.#covers(request.commit, state.commit)) {
      const commits = this.#commits.filter((c) => c.n > request.commit).slice(0, 50);
      return {
        ...base,
        what: 'commits',
        puts: commits.flatMap((c) => c.puts.map((put) => ({ ...put }))),
        through: commits.at(-1)?.n ?? request.commit,
      };
    }
    // Without a frozen view: what changes meanwhile comes again with the commits after `from`.
    const going = from !== undefined && after !== undefined && request.snapshotOf === this.#p.session;
    const begins = !going || !this.#covers(from, state.commit);
    const at = begins ? state.commit : from;
    const rows = await this.#p.store.page(begins ? '' : after, PIECE);
    return {
      ...base,
      what: 'snapshot',
      puts: rows,
      through: at,
      begins,
      end: rows.length < PIECE,
      after: rows.at(-1)?.key ?? '',
    };
  }
}
