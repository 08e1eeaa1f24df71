import type { Barrier, Indicator, Read } from '../../drivers/contract.js';
import { DriverFault } from '../../drivers/contract.js';
import type { Clock } from '../clock.js';
import type { Credential } from '../domain/credential.js';
import { mask, normalise } from '../domain/credential.js';
import type { Decision } from '../domain/decide.js';
import { decide } from '../domain/decide.js';
import type { Language, Reason } from '../domain/reasons.js';
import { sentence } from '../domain/reasons.js';
import type { LaneRules } from '../domain/rules.js';
import type { Log } from '../log.js';
import { describeError } from '../errors.js';
import type { JournalRecord } from '../domain/records.js';
import type { Journal, NewRecord } from '../store/journal.js';
import type { Found, TicketList } from '../store/list.js';
import { createDebounce } from './debounce.js';
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
  barrier: Barrier;
  /** A reader's own lamp will do. */
  indicator: Pick<Indicator, 'show'> | undefined;
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
  message: string;
  /** Absent when nothing could be written. */
  checkId?: string;
  /** Milliseconds from the read to the decision, and to the grant. */
  decidedAfter: number;
  grantedAfter?: number;
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
  /** A read that came while the lane was busy: at most one waits, the newest. */
  #waiting: Read | undefined;
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
      { ...parts, emit: parts.incident },
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
  setMode(mode: Mode, who: string, why: string): Promise<void> {
    return this.passage.setMode(mode, who, why);
  }

  /** The mode it was left in, and what its display says at rest. Called once, when the barrier has been opened. */
  start(): void {
    const left = this.#p.journal.modeOf(this.id)?.mode;
    this.passage.start(left === 'free' || left === 'closed' ? left : 'controlled');
  }

  /** One pulse on a technician's word. Refused while somebody is served. */
  async pulse(who: string): Promise<void> {
    if (this.#serving) throw new DriverFault('busy', 'somebody is being served');
    await this.passage.pulse(who, this.#p.clock.monotonic() + this.#settings.grantExpiry);
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
    this.#running = this.#serve(read);
  }

  async #serve(first: Read): Promise<void> {
    this.#serving = true;
    for (let read: Read | undefined = first; read; read = this.#next()) {
      try {
        await this.#scan(read);
      } catch (error) {
        // Fails closed: nothing was granted after an error in here, and the lane goes on with the next visitor.
        this.#counters.faults++;
        this.#p.log.error({ error: describeError(error) }, 'a scan failed');
        this.#show('fault', 'unreadable');
      }
    }
    this.#serving = false;
  }

  #next(): Read | undefined {
    const read = this.#waiting;
    this.#waiting = undefined;
    return this.#closed ? undefined : read;
  }

  /** The way of a scan, in order. */
  async #scan(read: Read): Promise<void> {
    const { clock, list, journal, reservations, settlement, barrier } = this.#p;
    const { passage } = this;
    const normalised = normalise(read.text, read.medium);
    if (!normalised.ok) {
      this.#counters.unreadable++;
      this.#show('refuse', 'unreadable');
      return;
    }
    const { credential } = normalised;
    if (passage.mode === 'emergency') passage.recordRead(credential);
    if (passage.mode === 'emergency' || passage.mode === 'free') return passage.showRest();
    if (list.reopening) await list.settled();
    if (journal.failure) return this.#refuseUnwritten(read, credential);

    // From here to the reservation there is no await: this is the snapshot.
    const at = clock.now();
    const found = list.find(credential.code, credential.medium);
    let decision = this.#decide(found, at);
    if (decision.admitted && passage.mode === 'closed') decision = { ...without(decision), reason: 'lane-closed' };
    if (decision.admitted && barrier.status().state !== 'ready')
      decision = { ...without(decision), reason: 'barrier-unavailable' };
    const barcode = decision.ticket?.barcode ?? credential.code;
    const release =
      decision.admitted && decision.slot !== undefined
        ? reservations.take(barcode, { slot: decision.slot, at, lane: this.id })
        : () => {};
    const decidedAfter = clock.monotonic() - read.at;
    const expiresAt = clock.monotonic() + this.#settings.grantExpiry;

    // A refusal lights up without waiting for the disk.
    if (!decision.admitted) this.#show('refuse', decision.reason);
    const appended = journal.append(this.#record(at, credential, decision, found));
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
      return this.#refuseUnwritten(read, credential);
    }
    const checkId = record.kind === 'check' ? record.checkId : undefined;
    if (!decision.admitted) {
      settlement.settle(seq);
      this.#count(false);
      return this.#emit(at, credential, decision, decidedAfter, checkId);
    }
    // From here on the passage settles the check, whatever happens.
    const { granted, ended } = await passage.serve({ seq, barcode, slot: decision.slot }, expiresAt);
    if (granted) {
      const grantedAfter = clock.monotonic() - read.at;
      this.#show('admit', 'admitted');
      this.#count(true);
      this.#emit(at, credential, decision, decidedAfter, checkId, grantedAfter);
    } else {
      const reason = passage.mode === 'controlled' ? 'barrier-unavailable' : 'lane-closed';
      if (reason === 'barrier-unavailable') this.#counters.faults++;
      this.#show(reason === 'lane-closed' ? 'closed' : 'fault', reason);
      this.#count(false);
      this.#emit(at, credential, { ...without(decision), reason }, decidedAfter, checkId);
    }
    await ended;
    await barrier.idle();
  }

  #count(admitted: boolean): void {
    this.#counters[admitted ? 'admitted' : 'refused']++;
  }

  #decide(found: Found, at: number): Decision {
    const { journal, reservations } = this.#p;
    const candidates = found.tickets.map((ticket) => ({
      ticket,
      usage: reservations.over(ticket.barcode, journal.usage(ticket.barcode)),
    }));
    return decide({ via: found.via, candidates, listEmpty: found.position === 0 }, this.#settings.rules, at);
  }

  #record(at: number, credential: Credential, decision: Decision, found: Found): NewRecord {
    const { ticket } = decision;
    return {
      kind: 'check',
      at,
      lane: this.id,
      direction: this.#settings.rules.direction,
      credential,
      barcode: ticket?.barcode ?? credential.code,
      ...(found.via === 'container' && { container: credential.code }),
      admitted: decision.admitted,
      reason: decision.reason,
      ...(decision.slot !== undefined && { slot: decision.slot }),
      list: String(found.position),
      config: this.#settings.config,
      ...(this.#p.offline?.() && { offline: true as const }),
      ...(decision.admitted && this.passage.awaits && { awaits: true as const }),
    };
  }

  #refuseUnwritten(read: Read, credential: Credential): void {
    this.#counters.refused++;
    this.#counters.faults++;
    this.#show('fault', 'journal-unavailable');
    const decision: Decision = { admitted: false, reason: 'journal-unavailable' };
    this.#emit(this.#p.clock.now(), credential, decision, this.#p.clock.monotonic() - read.at);
  }

  #emit(
    at: number,
    credential: Credential,
    d: Decision,
    decidedAfter: number,
    checkId?: string,
    grantedAfter?: number,
  ): void {
    this.#p.emit({
      lane: this.id,
      at,
      code: mask(credential.code),
      admitted: d.admitted,
      reason: d.reason,
      message: sentence(d.reason, this.#settings.language),
      ...(checkId !== undefined && { checkId }),
      decidedAfter,
      ...(grantedAfter !== undefined && { grantedAfter }),
    });
  }

  #show(pattern: 'admit' | 'refuse' | 'fault' | 'closed', reason: Reason): void {
    this.#p.indicator?.show({ pattern, text: sentence(reason, this.#settings.language) });
  }

  /** Takes no more reads; resolves when the one in hand has ended, its passage included. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.passage.close();
  }
}

/** The decision turned into a refusal that uses nothing up. */
function without({ ticket }: Decision): Omit<Decision, 'reason'> {
  return { admitted: false, ...(ticket && { ticket }) };
}
