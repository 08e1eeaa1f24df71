import type { Clock } from '../clock.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { Held } from './claim-hub.js';
import type { HubClaims } from './hub-claims.js';
import type { GateWord } from './hub-identity.js';
import { sureAgain } from './hub-identity.js';
import type { ClockOff } from './hub-time.js';
import type * as t from './topics.js';

/** Milliseconds without a word after which a gate counts as cut off. */
const CUT_OFF_AFTER = 3_000;

export interface GateView {
  gate: string;
  joined: boolean;
  /** UTC milliseconds of its last word; 0 = none to this process. */
  heardAt: number;
  cursor: number;
  lastSeq: number;
  risk: { made: number; bound: number };
  list: { position: number; hash: string } | null;
}

interface Known extends GateWord {
  heard: number;
  session: string;
  journal: string;
  /** Rights it holds from its processes before, as far as it has told. */
  held: Set<string>;
  /** Of this process or of one before. */
  clock: ClockOff | null;
  view: GateView;
}

type Roster = Record<string, { homes: readonly string[] }>;

interface Parts {
  clock: Clock;
  store: VenueStore;
  claims: HubClaims;
  /** The hub's own. */
  gate: string;
  /** Gates the configuration names. */
  named: readonly string[];
}

/** What this process of the hub has heard of its gates, and which gates the venue has. */
export class HubGates {
  readonly #p: Parts;
  readonly #gates = new Map<string, Known>();
  #roster: Roster;

  constructor(parts: Parts) {
    this.#p = parts;
    this.#roster = (parts.store.get(venueKeys.named('roster')) as Roster | undefined) ?? {};
  }

  get roster(): Roster {
    return this.#roster;
  }
  /** Gates that are home to an entrance. */
  homes(entrance: string): string[] {
    return Object.keys(this.#roster).filter((name) => this.#roster[name]?.homes.includes(entrance));
  }

  /** Returns the sequence up to which the gate's journal is here. */
  async ping(gate: string, ping: ReturnType<typeof t.pingRequest.parse>): Promise<number> {
    const { clock, claims, store } = this.#p;
    const cursor = claims.cursor(gate, ping.journal);
    const before = this.#gates.get(gate);
    const same = before?.session === ping.session;
    const { lastSeq, risk, list } = ping;
    const known: Known = {
      heard: clock.monotonic(),
      session: ping.session,
      journal: ping.journal,
      barrier: same ? before.barrier : lastSeq,
      cursor,
      seen: same ? before.seen : ping.seen,
      told: same && before.told,
      held: same ? before.held : new Set(),
      clock: ping.clock ?? before?.clock ?? null,
      view: { gate, joined: true, heardAt: clock.now(), cursor, lastSeq, risk, list },
    };
    this.#gates.set(gate, known);
    if (this.#roster[gate]?.homes.join('\n') !== ping.homes.join('\n')) {
      this.#roster = { ...this.#roster, [gate]: { homes: ping.homes } };
      await store.commit([{ key: venueKeys.named('roster'), value: this.#roster }]);
    }
    if (known.told && cursor >= ping.oldSeq) await claims.endOld(gate, ping.session, known.held);
    return cursor;
  }

  async takeRights(
    gate: string,
    { id, session, end, held }: ReturnType<typeof t.rightsRequest.parse>,
  ): Promise<{ id: string }> {
    const gone = await this.#p.claims.takeRights(gate, held as Omit<Held, 'gate'>[]);
    const known = this.#gates.get(gate);
    if (known?.session === session) {
      for (const right of held) known.held.add(right.id);
      known.told ||= end;
    }
    const answer = { id, gone };
    return answer;
  }

  /** How a gate's clock was last seen to differ from this one; null = nobody has measured. */
  clockOf(gate: string): ClockOff | null {
    return gate === this.#p.gate ? { by: 0, within: 0 } : (this.#gates.get(gate)?.clock ?? null);
  }

  /** Whether a hub that has forgotten something knows everything again; `missing`: gates it waits for. */
  sure(self: Parameters<typeof sureAgain>[0]): { sure: boolean; missing: string[] } {
    const { claims, gate: own, named } = this.#p;
    const roster = [...new Set([...Object.keys(this.#roster), ...named])].filter((g) => g !== own);
    for (const [gate, known] of this.#gates) known.cursor = claims.cursor(gate, known.journal);
    return sureAgain(self, roster, this.#gates);
  }

  views(): GateView[] {
    const now = this.#p.clock.monotonic();
    const names = [...new Set([...Object.keys(this.#roster), ...this.#p.named, ...this.#gates.keys()])].sort();
    return names.map((gate) => {
      const known = this.#gates.get(gate);
      const nothing = {
        gate,
        joined: false,
        heardAt: 0,
        cursor: 0,
        lastSeq: 0,
        risk: { made: 0, bound: 0 },
        list: null,
      };
      return known ? { ...known.view, joined: now - known.heard < CUT_OFF_AFTER } : nothing;
    });
  }
}
