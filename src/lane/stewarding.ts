import type { Clock } from '../clock.js';
import type { Explanation } from '../domain/explain.js';
import { explain } from '../domain/explain.js';
import type { CheckRecord } from '../domain/records.js';
import { checkIdOf } from '../domain/records.js';
import type { Movement } from '../domain/usage.js';
import { movements } from '../domain/usage.js';
import { PortillonError } from '../errors.js';
import type { Journal, NewRecord } from '../store/journal.js';
import type { Found } from '../store/list.js';
import { basisOf } from './desk.js';
import type { Desk } from './desk.js';
import type { Steward } from './lane.js';
import type { Settlement } from './reservations.js';

export interface StewardingParts {
  desk: Desk;
  clock: Pick<Clock, 'now'>;
  journal: Pick<Journal, 'append' | 'usage' | 'lastSeq'>;
  settlement: Settlement;
  /** Short hash of the configuration in force. */
  config: string;
}

/** What was given back, and by which check. */
export interface GivenBack {
  barcode: string;
  movement: Movement;
  checkId: string;
}

/** What a steward may do beside letting somebody in: every one is a check in the journal with its actor, and is reported. */
export class Stewarding {
  readonly #p: StewardingParts;
  constructor(parts: StewardingParts) {
    this.#p = parts;
  }

  /** Looks without using anything up, and says so in the journal. */
  async look(lane: string, code: string, by: Steward): Promise<Explanation & { checkId: string }> {
    const { desk } = this.#p;
    const found = desk.find(code);
    const facts = desk.facts(lane, this.#p.clock.now(), found.position);
    const candidates = desk.candidates(found);
    const explanation = explain(candidates, desk.rules(lane), facts, desk.lanes);
    const { ticket } = explanation.decision;
    const { checkId } = await this.#append({
      ...this.#check(lane, code, found, by),
      at: facts.now,
      barcode: ticket?.barcode ?? code,
      reason: 'looked',
      basis: { ...basisOf(candidates, facts), ruled: explanation.decision.reason },
    });
    return { ...explanation, checkId };
  }

  /**
   * Gives the newest entry of a code back, or the one of a check. Rejects with `NOTHING_TO_GIVE_BACK` when there is none that counts.
   */
  async giveBack(code: string, checkId: string | undefined, by: Steward): Promise<GivenBack> {
    const found = this.#p.desk.find(code);
    const barcodes = found.tickets.length > 0 ? found.tickets.map((t) => t.barcode) : [code];
    let newest: { barcode: string; movement: Movement } | undefined;
    for (const barcode of barcodes) {
      for (const movement of movements(this.#p.journal.usage(barcode))) {
        if (movement.void || movement.direction === 'exit' || movement.seq === 0) continue;
        if (checkId !== undefined && checkIdOf(movement.gate, movement.seq) !== checkId) continue;
        if (!newest || movement.at >= newest.movement.at) newest = { barcode, movement };
      }
    }
    if (!newest)
      throw new PortillonError('NOTHING_TO_GIVE_BACK', 'no entry of this code counts, so there is none to give back', {
        hint: '`portillon ticket CODE` shows its entries',
      });
    const { barcode, movement } = newest;
    const lanes = this.#p.desk.lanes;
    const lane = lanes.find((l) => l.lane === movement.lane) ?? lanes[0];
    const check = await this.#append({
      ...this.#check(lane?.lane ?? movement.lane, code, found, by),
      at: this.#p.clock.now(),
      barcode,
      reason: 'given-back',
      givesBack: checkIdOf(movement.gate, movement.seq),
    });
    return { barcode, movement, checkId: check.checkId };
  }

  /** Puts a ticket on this gate's black list, or takes it off. A card's tickets all. On the disk when it resolves. */
  async block(code: string, blocked: boolean, by: Steward): Promise<string[]> {
    const found = this.#p.desk.find(code);
    const barcodes = found.tickets.length > 0 ? found.tickets.map((t) => t.barcode) : [code];
    const at = this.#p.clock.now();
    await Promise.all(
      barcodes.map((barcode) => this.#p.journal.append({ kind: 'block', at, barcode, blocked, ...by })),
    );
    return barcodes;
  }

  #check(lane: string, code: string, found: Found, by: Steward) {
    const { direction } = this.#p.desk.rules(lane);
    const medium = found.via === 'container' ? ('rfid' as const) : ('barcode' as const);
    return {
      kind: 'check' as const,
      lane,
      direction,
      credential: { code, medium },
      ...(found.via === 'container' && { container: code }),
      admitted: false,
      list: String(found.position),
      config: this.#p.config,
      ...by,
    };
  }

  /** Reported once it is on the disk. */
  async #append(record: Extract<NewRecord, { kind: 'check' }>): Promise<CheckRecord> {
    const appended = this.#p.journal.append(record);
    const seq = this.#p.journal.lastSeq;
    this.#p.settlement.hold(seq);
    try {
      return (await appended) as CheckRecord;
    } finally {
      this.#p.settlement.settle(seq);
    }
  }
}
