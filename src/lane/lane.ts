import type { Barrier, Indicator, Pattern, Read } from '../../drivers/contract.js';
import { DriverFault } from '../../drivers/contract.js';
import type { Clock } from '../clock.js';
import type { Credential } from '../domain/credential.js';
import { mask, normalise } from '../domain/credential.js';
import type { Decision, Notice } from '../domain/decide.js';
import { noticeText } from '../domain/explain.js';
import { isGivenBack } from '../domain/fold.js';
import type { Place } from '../domain/phrases.js';
import type { Language, Reason } from '../domain/reasons.js';
import { sentence } from '../domain/reasons.js';
import type { Facts, LaneRules } from '../domain/rulebook.js';
import { PLAIN_BOOK } from '../domain/rulebook.js';
import { slotOf } from '../domain/usage.js';
import type { Log } from '../log.js';
import { describeError } from '../errors.js';
import type { JournalRecord } from '../domain/records.js';
import type { Journal, NewRecord } from '../store/journal.js';
import type { Found, TicketList } from '../store/list.js';
import { createDebounce } from './debounce.js';
import type { ClaimPort, ClaimResult } from './claims.js';
import type { Desk, Judged } from './desk.js';
import type { LaneIncident, LaneOutcome } from './passage.js';
import { Passage } from './passage.js';
import type { EffectiveMode, Mode } from './machine.js';
import type { Reservations, Settlement } from './reservations.js';

export interface LaneSettings {
  rules: LaneRules;
  language: Language;
  /** Milliseconds. */
  debounce: number;
  /** Milliseconds from the decision until a grant must not reach the barrier any more. */
  grantExpiry: number;
  /** Short hash of the configuration in force. */
  config: string;
  /** Milliseconds; see `PassageSettings`. */
  passageTimeout: number;
  tailgateWindow: number;
  otherDirection: 'free' | 'controlled';
  burn: 'grant' | 'passage';
}

export interface LaneParts {
  clock: Clock;
  log: Log;
  list: Pick<TicketList, 'find' | 'reopening' | 'settled'>;
  journal: Pick<Journal, 'append' | 'usage' | 'failure' | 'lastSeq' | 'modeOf'>;
  reservations: Reservations;
  settlement: Settlement;
  /** Absent where the gate stands alone. */
  claims?: ClaimPort | undefined;
  barrier: Barrier;
  /** A reader's own lamp will do. */
  indicator: Pick<Indicator, 'show'> | undefined;
  desk: Pick<Desk, 'decide' | 'unarmed' | 'rules'>;
  emit: (event: LaneEvent) => void;
  incident: (incident: LaneIncident) => void;
  outcome?: (outcome: LaneOutcome) => void;
  /** SecuTix is out of reach: the check says so. */
  offline?: () => boolean;
}

/** What the outside sees of a scan. The code is masked. */
export interface LaneEvent {
  lane: string;
  at: number;
  code: string;
  admitted: boolean;
  reason: Reason;
  /** The rule that refused. */
  rule?: string;
  message: string;
  /** What would let the person in, in a sentence. */
  hint?: string;
  notices?: readonly Notice[];
  /** Absent when nothing could be written. */
  checkId?: string;
  /** Milliseconds from the read to the decision, and to the grant. */
  decidedAfter: number;
  grantedAfter?: number;
}

/** Whose word an action is. */
export interface Steward {
  who: string;
  why: string;
}

export type Phase = 'ready' | 'deciding' | 'granting' | 'waiting';

/** One passage: the way of a scan. */
export class Lane {
  readonly id: string;
  readonly passage: Passage;
  readonly #counters = { reads: 0, admitted: 0, refused: 0, repeats: 0, busy: 0, unreadable: 0, faults: 0 };
  readonly #settings: LaneSettings;
  readonly #p: LaneParts;
  readonly #isRepeat: (code: string, at: number) => boolean;
  #serving = false;
  /** Told as soon as the barrier was, for a forced entry. */
  #forcing: ((event: LaneEvent) => void) | undefined;
  /** A read that came while the lane was busy: at most one waits, the newest. */
  #waiting: Read | undefined;
  #unarmed: boolean | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(settings: LaneSettings, parts: LaneParts) {
    this.id = settings.rules.lane;
    this.#settings = settings;
    this.#p = parts;
    this.#isRepeat = createDebounce(settings.debounce);
    const { rules, language, passageTimeout, tailgateWindow, otherDirection, burn } = settings;
    this.passage = new Passage(
      { lane: rules.lane, direction: rules.direction, language, passageTimeout, tailgateWindow, otherDirection, burn },
      { ...parts, emit: parts.incident, unarmed: () => this.#isUnarmed() },
    );
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, ...this.passage.counters };
  }
  get mode(): EffectiveMode {
    return this.passage.mode;
  }
  get phase(): Phase {
    const { phase } = this.passage;
    return phase !== 'idle' ? phase : this.#serving ? 'deciding' : 'ready';
  }
  #isUnarmed(): boolean {
    return this.#p.desk.unarmed(this.id, this.#p.list.find('', 'barcode').position) !== undefined;
  }
  /** Shows what it says at rest again when it has become ready, or no longer is. */
  refresh(): void {
    const unarmed = this.#isUnarmed();
    if (unarmed === this.#unarmed || this.phase !== 'ready') return;
    this.#unarmed = unarmed;
    this.passage.showRest();
  }

  setMode(mode: Mode, who: string, why: string): Promise<void> {
    return this.passage.setMode(mode, who, why);
  }

  /** The mode it was left in, and what its display says at rest. Called once, when the barrier has been opened. */
  start(): void {
    this.#unarmed = this.#isUnarmed();
    const left = this.#p.journal.modeOf(this.id)?.mode;
    this.passage.start(left === 'free' || left === 'closed' ? left : 'controlled');
  }

  /** One pulse on a technician's word. Refused while somebody is served. */
  async pulse(who: string): Promise<void> {
    if (this.#serving) throw new DriverFault('busy', 'somebody is being served');
    await this.passage.pulse(who, this.#p.clock.monotonic() + this.#settings.grantExpiry);
  }

  /**
   * A steward lets the holder of a code in, whatever the rules say. Rejects while somebody is served or the lane is not in service.
   * Resolves with what happened once the barrier was told.
   */
  async force(code: string, medium: Read['medium'], by: Steward): Promise<LaneEvent> {
    if (this.#serving || this.#closed) throw new DriverFault('busy', 'somebody is being served');
    if (this.mode !== 'controlled') throw new DriverFault('busy', `the lane is ${this.mode}`);
    this.#serving = true;
    let told: (event: LaneEvent | undefined) => void = () => {};
    const event = new Promise<LaneEvent | undefined>((resolve) => (told = resolve));
    const read: Read = { text: code, medium, at: this.#p.clock.monotonic() };
    this.#forcing = told;
    this.#running = this.#scan(read, by)
      .then((served) => told(served.event))
      .catch((error: unknown) => {
        this.#counters.faults++;
        this.#p.log.error({ error: describeError(error) }, 'a forced entry failed');
        told(undefined);
      })
      .then(() => {
        this.#forcing = undefined;
        const next = this.#next();
        if (next) return this.#serve(next);
        this.#serving = false;
      });
    const done = await event;
    if (!done) throw new DriverFault('unsupported', 'this code cannot be read');
    return done;
  }

  /** Takes what a reader delivered. Never throws. */
  onRead(read: Read): void {
    if (this.#closed) return;
    this.#counters.reads++;
    if (this.#isRepeat(read.text, read.at)) {
      this.#counters.repeats++;
      return;
    }
    if (this.#serving) {
      if (this.#waiting) this.#counters.busy++;
      this.#waiting = read;
      return;
    }
    // The list may have come since the last look: a lane that lets people in must not go back to "not ready" after them.
    if (this.#unarmed) this.refresh();
    this.#running = this.#serve(read);
  }

  async #serve(first: Read): Promise<void> {
    this.#serving = true;
    for (let read: Read | undefined = first; read; read = this.#next()) {
      try {
        let { following } = await this.#scan(read);
        // A group goes through one by one, each with a check of its own; another visitor's code ends it.
        for (; following > 0 && !this.#waiting && !this.#closed; following--)
          if ((await this.#scan(read)).event?.admitted !== true) break;
      } catch (error) {
        // Fails closed: nothing was granted after an error in here, and the lane goes on with the next visitor.
        this.#counters.faults++;
        this.#p.log.error({ error: describeError(error) }, 'a scan failed');
        this.#show('fault', sentence('unreadable', this.#settings.language));
      }
    }
    this.#serving = false;
  }

  #next(): Read | undefined {
    const read = this.#waiting;
    this.#waiting = undefined;
    return this.#closed ? undefined : read;
  }

  /** The way of a scan, in order. Returns how many persons may follow on the same code. */
  async #scan(read: Read, by?: Steward): Promise<Served> {
    const { clock, list, journal, reservations, settlement, barrier, desk } = this.#p;
    const { passage } = this;
    const normalised = normalise(read.text, read.medium);
    if (!normalised.ok) {
      this.#counters.unreadable++;
      this.#show('refuse', sentence('unreadable', this.#settings.language));
      return NOBODY;
    }
    const { credential } = normalised;
    if (passage.mode === 'emergency') passage.recordRead(credential);
    if (passage.mode === 'emergency' || passage.mode === 'free') {
      passage.showRest();
      return NOBODY;
    }
    if (list.reopening) await list.settled();
    if (journal.failure) return this.#refuseUnwritten(read, credential);

    // From here to the reservation there is no await: this is the snapshot.
    const found = list.find(credential.code, credential.medium);
    const judged = desk.decide(this.id, found);
    const at = judged.facts.now;
    let decision = by ? forced(judged.decision, judged.facts, this.#settings.rules) : judged.decision;
    if (decision.admitted && passage.mode === 'closed') decision = refusal(decision, 'lane-closed');
    if (decision.admitted && barrier.status().state !== 'ready') decision = refusal(decision, 'barrier-unavailable');
    const barcode = decision.ticket?.barcode ?? credential.code;
    const { sector } = this.#settings.rules;
    const release =
      decision.admitted && decision.slot !== undefined
        ? reservations.take(barcode, {
            slot: decision.slot,
            at,
            lane: this.id,
            ...(sector !== undefined && { sector }),
          })
        : () => {};
    const decidedAfter = clock.monotonic() - read.at;
    // Bounded by the claim's deadline; the reservation holds the ticket meanwhile. A steward's word needs no claim.
    const claimed = this.#p.claims && !by ? await this.#claim(decision, barcode, at) : undefined;
    if (claimed && !claimed.admit) decision = refusal(decision, claimed.reason);
    const expiresAt = clock.monotonic() + this.#settings.grantExpiry;

    // A refusal lights up without waiting for the disk.
    if (!decision.admitted) this.#show('refuse', sentence(decision.reason, this.#settings.language));
    const appended = journal.append(this.#record(credential, decision, found, judged, { by, claimed }));
    // The journal's usage has it from here on.
    release();
    const seq = journal.lastSeq;
    settlement.hold(seq);
    let record: JournalRecord;
    try {
      record = await appended;
    } catch (error) {
      this.#p.log.error({ error: describeError(error) }, 'a check could not be written: nobody is admitted');
      settlement.settle(seq);
      if (claimed) this.#p.claims?.giveUp(claimed.note, barcode);
      return this.#refuseUnwritten(read, credential);
    }
    const checkId = record.kind === 'check' ? { checkId: record.checkId } : {};
    if (!decision.admitted) {
      settlement.settle(seq);
      return { event: this.#emit(credential, decision, judged, { decidedAfter, ...checkId }), following: 0 };
    }
    // From here on the passage settles the check, whatever happens.
    const givenBack = claimed && (() => this.#p.claims?.giveUp(claimed.note, barcode));
    const { granted, ended } = await passage.serve(
      { seq, barcode, slot: decision.slot, ...(givenBack && { givenBack }) },
      expiresAt,
    );
    let event: LaneEvent;
    if (granted) {
      const grantedAfter = clock.monotonic() - read.at;
      const notice = noticeText(decision, judged.facts, this.#settings.language, this.#place(at));
      this.#show(notice ? 'attend' : 'admit', notice ?? sentence('admitted', this.#settings.language));
      event = this.#emit(credential, decision, judged, { decidedAfter, grantedAfter, ...checkId });
    } else {
      const reason = passage.mode === 'controlled' ? 'barrier-unavailable' : 'lane-closed';
      if (reason === 'barrier-unavailable') this.#counters.faults++;
      this.#show(reason === 'lane-closed' ? 'closed' : 'fault', sentence(reason, this.#settings.language));
      event = this.#emit(credential, refusal(decision, reason), judged, { decidedAfter, ...checkId });
    }
    await ended;
    await barrier.idle();
    // Whoever did not go through ends the group: the rest shows the code again.
    const { following = 0 } = decision;
    return { event, following: granted && following > 0 && !isGivenBack(journal.usage(barcode), seq) ? following : 0 };
  }

  async #claim(decision: Decision, barcode: string, at: number): Promise<ClaimResult | undefined> {
    const { slot, ticket, shared } = decision;
    if (!this.#p.claims || !decision.admitted || slot === undefined || !shared) return undefined;
    return this.#p.claims.claim({ lane: this.id, barcode, slot, at, ticket, shared });
  }

  #record(
    credential: Credential,
    decision: Decision,
    found: Found,
    { facts, basis, decision: ruled }: Judged,
    { by, claimed }: { by: Steward | undefined; claimed: ClaimResult | undefined },
  ): NewRecord {
    const { ticket } = decision;
    const { direction, sector } = this.#settings.rules;
    return {
      kind: 'check',
      at: facts.now,
      lane: this.id,
      direction,
      credential,
      barcode: ticket?.barcode ?? credential.code,
      ...(found.via === 'container' && { container: credential.code }),
      admitted: decision.admitted,
      reason: decision.reason,
      ...(decision.slot !== undefined && { slot: decision.slot }),
      ...(sector !== undefined && { sector }),
      list: String(found.position),
      config: this.#settings.config,
      ...(this.#p.offline?.() && { offline: true as const }),
      basis: ruled.reason === decision.reason ? basis : { ...basis, ruled: ruled.reason },
      ...(facts.doubtful && { doubtful: true as const }),
      ...(by && { who: by.who, why: by.why }),
      ...(decision.admitted && this.passage.awaits && { awaits: true as const }),
      ...(claimed && { claim: claimed.note }),
    };
  }

  #refuseUnwritten(read: Read, credential: Credential): Served {
    const { clock } = this.#p;
    this.#counters.faults++;
    this.#show('fault', sentence('journal-unavailable', this.#settings.language));
    const decision: Decision = { admitted: false, reason: 'journal-unavailable' };
    const judged = { decision, facts: { now: clock.now() } };
    return {
      event: this.#emit(credential, decision, judged, { decidedAfter: clock.monotonic() - read.at }),
      following: 0,
    };
  }

  #emit(
    credential: Credential,
    d: Decision,
    { facts, hint }: Pick<Judged, 'facts'> & { hint?: Judged['hint'] },
    times: Pick<LaneEvent, 'decidedAfter' | 'grantedAfter' | 'checkId'>,
  ): LaneEvent {
    this.#counters[d.admitted ? 'admitted' : 'refused']++;
    const { language } = this.#settings;
    const help = d.admitted ? undefined : hint?.(language);
    const event: LaneEvent = {
      lane: this.id,
      at: facts.now,
      code: mask(credential.code),
      admitted: d.admitted,
      reason: d.reason,
      message: sentence(d.reason, language),
      ...(d.rule && { rule: d.rule }),
      ...(d.notices && { notices: d.notices }),
      ...(help !== undefined && { hint: help }),
      ...times,
    };
    this.#p.emit(event);
    this.#forcing?.(event);
    return event;
  }

  #place(now: number): Place {
    return { days: (this.#settings.rules.book ?? PLAIN_BOOK).days, now };
  }

  #show(pattern: Pattern, text: string): void {
    this.#p.indicator?.show({ pattern, text });
  }

  /** Takes no more reads; resolves when the one in hand has ended, its passage included. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.passage.close();
  }
}

interface Served {
  event?: LaneEvent;
  following: number;
}
const NOBODY: Served = { following: 0 };

/** The decision turned into a refusal that uses nothing up. */
function refusal({ ticket }: Decision, reason: Reason): Decision {
  return { admitted: false, reason, ...(ticket && { ticket }) };
}

/** A steward's word stands above the rules; what it uses up is what an admission would. */
function forced(decision: Decision, { chosen }: Facts, rules: LaneRules): Decision {
  if (decision.admitted) return decision;
  const admitted = chosen ?? (rules.performances === 'auto' ? undefined : rules.performances);
  return {
    admitted: true,
    reason: 'forced',
    ...(decision.ticket && { ticket: decision.ticket }),
    ...(rules.direction === 'entry' && { slot: slotOf(decision.ticket?.performance, admitted) }),
  };
}
