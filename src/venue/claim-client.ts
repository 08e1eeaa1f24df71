import type { Clock } from '../clock.js';
import type { ClaimNote } from '../domain/records.js';
import type { ClaimPort, ClaimResult, WantedClaim } from '../lane/claims.js';
import type { ClaimInput, ClaimState, Policy, Verdict } from './claim-gate.js';
import type { Rights } from './rights.js';
import { ASKED, claimStep, withoutHub } from './claim-gate.js';
import type { Answer, Claim } from './claim-types.js';
import { rightId } from './claim-types.js';

export interface LanePolicy {
  lane?: string;
  product?: string;
  policy: Policy;
}

export interface ClaimSettings {
  gate: string;
  /** Random name of this process. */
  session: string;
  /** Milliseconds. */
  deadline: number;
  /** The first that fits counts; the last fits everything. */
  policies: readonly LanePolicy[];
  /** Entrances whose tickets are at home here. */
  homes: readonly string[];
  /** Entries of one ticket this gate holds in advance, at most; 0 = none. */
  rights: number;
}

interface Parts {
  clock: Clock;
  /** False = the hub is not there: nobody waits for it. */
  joined: () => boolean;
  /** Sends or repeats a claim; answers come by `take`. */
  send: (claim: Claim) => void;
  /** Keeps saying it until the hub has it. */
  end: (claim: { id: string; barcode: string }) => void;
  /** Absent: this gate never holds any (the hub's own lanes). */
  rights?: Rights;
  /** A claim was answered, or not. */
  heard: (answered: boolean) => void;
}

interface Open {
  claim: Claim;
  state: ClaimState;
  ended: AbortController;
}

/** A claim is sent this often within its deadline. */
const SENDS = 3;

/** A lane's side of the claims: asks, repeats, waits no longer than the deadline, goes by the policy when there is no word. */
export class ClaimClient implements ClaimPort {
  readonly #s: ClaimSettings;
  readonly #p: Parts;
  readonly #open = new Map<string, Open>();
  /** Risk admissions by policy, until the hub knows them all. */
  readonly #made: number[];
  #n = 0;
  readonly counters = { granted: 0, used: 0, right: 0, free: 0, refused: 0, home: 0, budget: 0 };
  #spending = 0;
  /** Milliseconds the longest claim took, since the start. */
  longest = 0;

  constructor(settings: ClaimSettings, parts: Parts) {
    this.#s = settings;
    this.#p = parts;
    this.#made = settings.policies.map(() => 0);
  }

  async claim(wanted: WantedClaim): Promise<ClaimResult> {
    const { clock } = this.#p;
    const started = clock.monotonic();
    const { gate, session } = this.#s;
    const { lane, barcode, slot, at, ticket, shared } = wanted;
    const { limits, day, sector, outside } = shared;
    const index = this.#s.policies.findIndex(
      (p) => (p.lane ?? lane) === lane && (p.product === undefined || p.product === ticket?.product),
    );
    const { policy } = this.#s.policies[index] as LanePolicy;
    const entrance = ticket?.entrance;
    const home = entrance !== undefined && this.#s.homes.includes(entrance);
    const asksHome = policy.kind === 'home-only' && entrance !== undefined && !home;
    const one = limits.length === 1 && limits[0]?.max === 1 && limits[0].sector === undefined && !limits[0].days;
    // Home gates admit on their own word: a share of the quota would be none.
    const rights = this.#p.rights && policy.kind !== 'home-only' ? this.#s.rights : 0;
    const claim: Claim = {
      id: `${gate}.${session}.${++this.#n}`,
      gate,
      lane,
      barcode,
      slot,
      at,
      day,
      ...(sector !== undefined && { sector }),
      ...(!one && { limits }),
      ...(outside && { outside }),
      ...(rights > 0 && !one && { rights }),
      ...(asksHome && { entrance }),
    };
    const noteOf = (id: string, how: ClaimNote['how'], rest: { ms?: number; why?: string }): ClaimNote => {
      this.counters[how]++;
      return { id, how, ...rest, day, ...(!one && { limits }) };
    };
    if (shared.free) return { admit: true, note: noteOf(claim.id, 'free', {}) };
    const right = await this.#spend(claim);
    if (right !== undefined) return { admit: true, note: noteOf(right, 'right', {}) };
    const asked = this.#p.joined();
    const verdict: Verdict = asked ? await this.#ask(claim) : { kind: 'unanswered', why: 'cut off from the hub' };
    const ms = Math.round((clock.monotonic() - started) * 10) / 10;
    this.longest = Math.max(this.longest, ms);
    const note = (how: ClaimNote['how'], why?: string): ClaimNote =>
      noteOf(claim.id, how, { ms, ...(why !== undefined && { why }) });
    if (verdict.kind === 'answered') {
      const { answer } = verdict;
      if (answer.result === 'granted') {
        if (answer.rights) void this.#p.rights?.take(claim, answer.rights);
        return { admit: true, note: note('granted') };
      }
      const used = { at: answer.at, where: `${answer.gate} ${answer.lane}` };
      return {
        admit: false,
        note: note('used'),
        reason: answer.result === 'inside' ? 'not-exited' : 'already-used',
        used,
      };
    }
    // It may have been granted all the same, and rights with it.
    const ends = [claim.id, ...Array.from({ length: claim.rights ?? 0 }, (_, i) => rightId(claim.id, i + 1))];
    const alone = withoutHub(policy, { home, made: this.#made[index] as number });
    if (alone === 'refuse') {
      if (asked) for (const id of ends) this.#p.end({ id, barcode });
      return { admit: false, note: note('refused', verdict.why), reason: 'claim-unavailable' };
    }
    if (alone === 'budget') (this.#made[index] as number)++;
    // The check itself tells the hub of the claim.
    if (asked) for (const id of ends.slice(1)) this.#p.end({ id, barcode });
    return { admit: true, note: note(alone, verdict.why) };
  }

  async #spend(claim: Claim): Promise<string | undefined> {
    this.#spending++;
    try {
      return await this.#p.rights?.spend(claim);
    } finally {
      this.#spending--;
    }
  }

  async #ask(claim: Claim): Promise<Verdict> {
    const { clock } = this.#p;
    const mine: Open = { claim, state: ASKED, ended: new AbortController() };
    this.#open.set(claim.id, mine);
    this.#p.send(claim);
    const share = this.#s.deadline / SENDS;
    const began = clock.monotonic();
    for (let part = 1; mine.state.phase === 'waiting'; part++) {
      // By the clock, not by the sleeps: one that is late does not put off the deadline.
      await clock.sleep(began + share * part - clock.monotonic(), mine.ended.signal);
      this.#step(mine, part < SENDS ? { type: 'resend' } : { type: 'deadline' });
    }
    this.#open.delete(claim.id);
    const { verdict } = mine.state;
    this.#p.heard(verdict.kind === 'answered' || verdict.why !== 'no answer in time');
    return verdict;
  }

  #step(open: Open, input: ClaimInput): void {
    const { state, send } = claimStep(open.state, input);
    open.state = state;
    if (send) this.#p.send(open.claim);
    if (state.phase === 'ended') open.ended.abort();
  }

  take(id: string, answer: Answer): void {
    const open = this.#open.get(id);
    if (open) this.#step(open, { type: 'answer', answer });
  }

  /** Another hub answers from now on: it has not heard what is being asked. */
  askAgain(): void {
    for (const open of this.#open.values()) this.#step(open, { type: 'resend' });
  }

  giveUp(note: ClaimNote, barcode: string): void {
    this.#p.end({ id: note.id, barcode });
  }

  /** Claims that are being asked now. */
  get waiting(): number {
    return this.#open.size + this.#spending;
  }

  /** Every risk admission is known to the hub: the budgets are whole again. */
  inStep(): void {
    this.#made.fill(0);
    this.#p.rights?.inStep();
  }

  /** Risk admissions that the gate has made without the hub knowing, found in the journal at the start. */
  restore(made: number): void {
    const budgets = this.#s.policies.findIndex((p) => p.policy.kind === 'budget');
    if (budgets >= 0) this.#made[budgets] = (this.#made[budgets] as number) + made;
  }

  /** `bound`: double entries that this gate can cause, at most, until it is in step with the hub again. */
  get risk(): { made: number; bound: number } {
    const made = this.#made.reduce((sum, n) => sum + n, 0);
    const most = this.#s.policies.map(({ policy }, i) =>
      policy.kind === 'budget' ? Math.max(policy.max, this.#made[i] as number) : 0,
    );
    return { made, bound: most.reduce((sum, n) => sum + n, 0) };
  }
}
