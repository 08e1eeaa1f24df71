import type { Condition, GateEvent } from './reports.js';

/** A passage belongs to a grant for this long, milliseconds: the longest a turnstile waits for a person, and some. */
const TOGETHER = 15_000;
/** So often a thing must repeat before it is said: one visitor who turns back or one who jumps proves nothing. */
const TWICE = 2;
const NOBODY = 4;

interface LaneStory {
  /** UTC milliseconds of the grant that waits for somebody. */
  grantedAt: number;
  /** Grants in a row without a passage. */
  unused: number;
  /** How often somebody went through elsewhere, or the other way, while this lane had opened. */
  elsewhere: Map<string, number>;
  otherWay: number;
}

interface Passage {
  lane: string;
  at: number;
  way: 'forced' | 'other';
}

/**
 * Reads wiring faults out of what the lanes see: a relay on the wrong channel opens another turnstile, or none. Nothing but passages can tell,
 * for most relay boards answer nothing.
 */
export class WiringWatch {
  readonly #lanes = new Map<string, LaneStory>();
  #passages: Passage[] = [];

  onEvent({ event, data }: GateEvent): void {
    if (event === 'decision') {
      if (data.admitted) this.#lane(data.lane).grantedAt = data.at;
    } else if (event === 'incident') {
      if (data.what === 'forced' || data.what === 'tailgating') this.#passage(data.lane, data.at, 'forced');
      else if (data.what === 'passage') this.#passage(data.lane, data.at, 'other');
      else if (data.what === 'mode') this.#lanes.delete(data.lane);
    } else if (event === 'outcome') {
      this.#ended(data.lane, data.outcome);
    }
  }

  #lane(id: string): LaneStory {
    let story = this.#lanes.get(id);
    if (!story) this.#lanes.set(id, (story = { grantedAt: 0, unused: 0, elsewhere: new Map(), otherWay: 0 }));
    return story;
  }

  #passage(lane: string, at: number, way: Passage['way']): void {
    this.#passages = [...this.#passages.filter((p) => at - p.at < TOGETHER), { lane, at, way }];
  }

  #ended(lane: string, outcome: string): void {
    const story = this.#lane(lane);
    if (outcome === 'passed') {
      this.#lanes.delete(lane);
      return;
    }
    if (outcome !== 'not-passed' && outcome !== 'kept') return;
    story.unused++;
    const during = this.#passages.filter((p) => p.at >= story.grantedAt && p.at - story.grantedAt < TOGETHER);
    for (const other of new Set(during.filter((p) => p.lane !== lane && p.way === 'forced').map((p) => p.lane)))
      story.elsewhere.set(other, (story.elsewhere.get(other) ?? 0) + 1);
    if (during.some((p) => p.lane === lane)) story.otherWay++;
  }

  conditions(): Condition[] {
    const out: Condition[] = [];
    for (const [lane, story] of this.#lanes) {
      const [other, times] = [...story.elsewhere].sort((a, b) => b[1] - a[1])[0] ?? ['', 0];
      if (times >= TWICE) {
        out.push({
          severity: 'down',
          kind: 'relay-crossed',
          lane,
          facts: { other, times },
          what: `when ${lane} opens, people walk through ${other}: the relays look swapped`,
          remedy: `compare the wires and \`channel\` (or \`outputs\`) of ${lane} and ${other}; the guided self-test tells which relay opens which turnstile`,
        });
      } else if (story.otherWay >= TWICE) {
        out.push({
          severity: 'degraded',
          kind: 'passage-other-way',
          lane,
          facts: { times: story.otherWay },
          what: `${lane} opens and people are seen walking the other way`,
          remedy:
            'the pass contacts or the two directions are swapped: set `entry` to the other of A and B, or swap `passA` and `passB`',
        });
      } else if (story.unused >= NOBODY) {
        out.push({
          severity: 'degraded',
          kind: 'nobody-passes',
          lane,
          facts: { times: story.unused },
          what: `${lane} was opened ${story.unused} times in a row and nobody was seen walking through`,
          remedy:
            'pulse it and look: if it does not open, the relay sits on another `channel` or the wire is off; if it opens, look at the pass contact',
        });
      }
    }
    return out;
  }
}
