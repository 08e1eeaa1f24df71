import type { Barrier, Indicator, Read } from '../../drivers/contract.js';
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
import type { Journal, NewRecord } from '../store/journal.js';
import type { Found, TicketList } from '../store/list.js';
import { createDebounce } from './debounce.js';
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
}

export interface LaneParts {
  clock: Clock;
  log: Log;
  list: Pick<TicketList, 'find' | 'reopening' | 'settled'>;
  journal: Pick<Journal, 'append' | 'usage' | 'failure' | 'lastSeq'>;
  reservations: Reservations;
  settlement: Settlement;
  barrier: Barrier;
  indicator: Indicator | undefined;
  emit: (event: LaneEvent) => void;
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

export type Phase = 'ready' | 'deciding' | 'granted';

/** One passage: the way of a scan. */
export class Lane {
  readonly id: string;
  readonly counters = { reads: 0, admitted: 0, refused: 0, repeats: 0, busy: 0, unreadable: 0, faults: 0 };
  readonly #settings: LaneSettings;
  readonly #p: LaneParts;
  readonly #isRepeat: (code: string, at: number) => boolean;
  #phase: Phase = 'ready';
  /** A read that came while the lane was busy: at most one waits, the newest. */
  #waiting: Read | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(settings: LaneSettings, parts: LaneParts) {
    this.id = settings.rules.lane;
    this.#settings = settings;
    this.#p = parts;
    this.#isRepeat = createDebounce(settings.debounce);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Takes what a reader delivered. Never throws. */
  onRead(read: Read): void {
    if (this.#closed) return;
    this.counters.reads++;
    if (this.#isRepeat(read.text, read.at)) {
      this.counters.repeats++;
      return;
    }
    if (this.#phase !== 'ready') {
      if (this.#waiting) this.counters.busy++;
      this.#waiting = read;
      return;
    }
    this.#running = this.#serve(read);
  }

  async #serve(first: Read): Promise<void> {
    for (let read: Read | undefined = first; read; read = this.#next()) {
      try {
        await this.#scan(read);
      } catch (error) {
        // Fails closed: nothing was granted after an error in here, and the lane goes on with the next visitor.
        this.counters.faults++;
        this.#p.log.error({ error: describeError(error) }, 'a scan failed');
        this.#show('fault', 'unreadable');
      }
    }
    this.#phase = 'ready';
  }

  #next(): Read | undefined {
    const read = this.#waiting;
    this.#waiting = undefined;
    return this.#closed ? undefined : read;
  }

  /** The way of a scan, in order. */
  async #scan(read: Read): Promise<void> {
    this.#phase = 'deciding';
    const { clock, list, journal, reservations, settlement, barrier } = this.#p;
    const normalised = normalise(read.text, read.medium);
    if (!normalised.ok) {
      this.counters.unreadable++;
      this.#show('refuse', 'unreadable');
      return;
    }
    const { credential } = normalised;
    if (list.reopening) await list.settled();
    if (journal.failure) return this.#refuseUnwritten(read, credential);

    // From here to the reservation there is no await: this is the snapshot.
    const at = clock.now();
    const found = list.find(credential.code, credential.medium);
    let decision = this.#decide(found, at);
    if (decision.admitted && barrier.status().state !== 'ready')
      decision = { ...without(decision), reason: 'barrier-unavailable' };
    const barcode = decision.ticket?.barcode ?? credential.code;
    const release =
      decision.admitted && decision.slot !== undefined
        ? reservations.take(barcode, decision.slot, at, this.id)
        : () => {};
    const decidedAfter = clock.monotonic() - read.at;
    const expiresAt = clock.monotonic() + this.#settings.grantExpiry;

    // A refusal lights up without waiting for the disk.
    if (!decision.admitted) this.#show('refuse', decision.reason);
    const appended = journal.append(this.#record(at, credential, decision, found));
    const seq = journal.lastSeq;
    settlement.hold(seq);
    let grantedAfter: number | undefined;
    let checkId: string | undefined;
    try {
      const record = await appended;
      if (record.kind === 'check') checkId = record.checkId;
      release();
      if (decision.admitted) {
        grantedAfter = await this.#grant(decision, barcode, seq, expiresAt, read.at);
        if (grantedAfter === undefined) decision = { ...without(decision), reason: 'barrier-unavailable' };
      }
    } catch (error) {
      if (checkId !== undefined) throw error;
      this.#p.log.error({ error: describeError(error) }, 'a check could not be written: nobody is admitted');
      return this.#refuseUnwritten(read, credential);
    } finally {
      release();
      settlement.settle(seq);
    }
    this.counters[decision.admitted ? 'admitted' : 'refused']++;
    this.#emit(at, credential, decision, decidedAfter, checkId, grantedAfter);
    if (decision.admitted) await barrier.idle();
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
    };
  }

  /** Milliseconds from read to grant; undefined when the barrier was not told: then the entry is given back. */
  async #grant(
    d: Decision,
    barcode: string,
    seq: number,
    expiresAt: number,
    readAt: number,
  ): Promise<number | undefined> {
    const { barrier, journal, clock, log } = this.#p;
    this.#phase = 'granted';
    try {
      await barrier.grant({ direction: this.#settings.rules.direction, expiresAt });
    } catch (error) {
      this.counters.faults++;
      log.error({ error: describeError(error) }, 'the barrier did not take the grant: the entry is given back');
      this.#show('fault', 'barrier-unavailable');
      const slot = d.slot === undefined ? {} : { slot: d.slot };
      await journal.append({
        kind: 'outcome',
        at: clock.now(),
        of: seq,
        outcome: 'not-passed',
        barcode,
        ...slot,
        why: 'barrier',
      });
      return undefined;
    }
    const grantedAfter = clock.monotonic() - readAt;
    this.#show('admit', 'admitted');
    return grantedAfter;
  }

  #refuseUnwritten(read: Read, credential: Credential): void {
    this.counters.refused++;
    this.counters.faults++;
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

  #show(pattern: 'admit' | 'refuse' | 'fault', reason: Reason): void {
    this.#p.indicator?.show({ pattern, text: sentence(reason, this.#settings.language) });
  }

  /** Takes no more reads; resolves when the one in hand has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}

/** The decision turned into a refusal that uses nothing up. */
function without({ ticket }: Decision): Omit<Decision, 'reason'> {
  return { admitted: false, ...(ticket && { ticket }) };
}
