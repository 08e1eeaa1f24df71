import type { HoldersSaid, HomeSaid } from './claim-hub.js';
import type { Claim, Use } from './claim-types.js';
import type { Rpc } from './rpc.js';
import * as t from './topics.js';

interface Parts {
  rpc: Rpc;
  venue: string;
  session: string;
  /** Milliseconds a lane waits. */
  deadline: number;
  key: (gate: string) => string;
  /** Gates that are home to an entrance. */
  homes: (entrance: string) => string[];
}

/** Of the time a lane waits, what the gates that are asked have for their answer. */
const SHARE = 0.6;

type Answer = ReturnType<typeof t.noticeAnswer.parse>;

/** What the hub asks gates before it grants a claim of another one. Silence is an answer too, and never a good one. */
export class HubAsks {
  readonly #p: Parts;
  #n = 0;

  constructor(parts: Parts) {
    this.#p = parts;
  }

  /** Undefined = silent. */
  async #ask(to: string, claim: Claim, more: { rights?: string[] }): Promise<Answer | undefined> {
    const { rpc, venue, session, key, deadline } = this.#p;
    const { id, barcode, slot, at, gate, lane } = claim;
    const topic = t.topics.notice(venue, to);
    const body = { id: `${session}.a${++this.#n}`, claim: id, barcode, slot, at, gate, lane, ...more };
    const request = { topic, replyTo: t.topics.noticed(venue, to), key: key(to), body };
    try {
      return await rpc.call(request, t.noticeAnswer, deadline * SHARE);
    } catch {
      return undefined;
    }
  }

  /** All home gates write down that the ticket is used. */
  async home(claim: Claim): Promise<HomeSaid> {
    const homes = this.#p.homes(claim.entrance as string).filter((name) => name !== claim.gate);
    const said = await Promise.all(
      homes.map(async (home): Promise<HomeSaid> => {
        const answer = await this.#ask(home, claim, {});
        if (answer?.said !== 'used') return { said: answer ? 'agreed' : 'silent' };
        return { said: 'used', at: answer.at ?? claim.at, gate: home, lane: answer.lane ?? '?' };
      }),
    );
    return said.find((s) => s.said === 'used') ?? said.find((s) => s.said === 'silent') ?? { said: 'agreed' };
  }

  /** The gates that hold these rights give them back, or say that they were spent. */
  async holders(claim: Claim, rights: readonly Use[]): Promise<HoldersSaid> {
    const holders = [...new Set(rights.map((r) => r.gate))];
    const said = await Promise.all(
      holders.map((holder) =>
        this.#ask(holder, claim, { rights: rights.filter((r) => r.gate === holder).map((r) => r.id) }),
      ),
    );
    return { returned: said.flatMap((s) => s?.returned ?? []), spent: said.flatMap((s) => s?.spent ?? []) };
  }
}
