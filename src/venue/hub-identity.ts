import type { TakeOver } from './followed.js';
import type { HubState } from './topics.js';

/** What a hub knows of itself from its own disk. */
export interface HubSelf {
  /** Random name of this memory; a copy of the disk has the same. */
  hub: string;
  /** Random name of this process. */
  session: string;
  epoch: number;
  commit: number;
  /** The box it runs on. */
  by: string;
  /** A standby takes over on a person's word; `inOrder`: it has everything the other one had. */
  takeover?: TakeOver;
}

export type Start =
  { start: true; epoch: number; sure: boolean; why?: string } | { start: false; why: string; replaced?: true };

/**
 * May this hub run? `answered` are hubs that said they are here when asked; `retained` is what the broker remembers of the
 * last one. Two hubs would each count a ticket once: the younger, which is the one that asks, does not run. A hub whose
 * memory is older than what was said in its name runs, but counts nothing until every gate has told it what it forgot.
 */
export function mayStart(self: HubSelf, retained: HubState | undefined, answered: readonly HubState[]): Start {
  const other = answered.find((h) => h.session !== self.session);
  if (other) {
    if (other.hub === self.hub && other.by !== undefined && other.by !== self.by) return replacedBy(other);
    const same = other.hub === self.hub ? ', with a copy of this one’s memory' : '';
    return { start: false, why: `another hub of this venue is running (${other.hub}, epoch ${other.epoch}${same})` };
  }
  const epoch = Math.max(self.epoch, retained?.epoch ?? 0) + 1;
  if (self.takeover) {
    if (self.takeover.inOrder) return { start: true, epoch, sure: true };
    return { start: true, epoch, sure: false, why: 'taken over from a silent hub: the gates are asked what it knew' };
  }
  if (retained?.hub === self.hub && retained.by !== undefined && retained.by !== self.by && retained.epoch > self.epoch)
    return replacedBy(retained);
  if (retained === undefined) {
    if (self.commit === 0) return { start: true, epoch, sure: true };
    return {
      start: true,
      epoch,
      sure: false,
      why: 'the broker does not remember this hub: the gates are asked what it knew',
    };
  }
  if (retained.hub !== self.hub)
    return {
      start: true,
      epoch,
      sure: false,
      why: 'another hub counted here before: the gates are asked what it knew',
    };
  if (retained.commit > self.commit)
    return {
      start: true,
      epoch,
      sure: false,
      why: 'this hub has forgotten something: the gates are asked what it knew',
    };
  return { start: true, epoch, sure: true };
}

const replacedBy = ({ by, epoch }: HubState): Start => ({
  start: false,
  replaced: true,
  why: `${by ?? '?'} has taken over as the hub of this venue (epoch ${epoch}) and counts with what this one knew`,
});

/** Two hubs run and meet (the network between them was cut): the younger gives up. */
export function givesUp(mine: HubState, other: HubState): boolean {
  if (other.session === mine.session || !other.online) return false;
  // One took over from the other, which was cut off and comes back.
  if (isPair(mine, other)) return other.epoch > mine.epoch;
  if (other.epoch !== mine.epoch) return mine.epoch > other.epoch;
  return mine.session > other.session;
}

/** The same memory on two boxes: a hub and its standby. */
export const isPair = (a: HubState, b: HubState): boolean =>
  a.hub === b.hub && a.by !== undefined && b.by !== undefined && a.by !== b.by;

export interface GateWord {
  /** Last sequence of the gate's journal at its first word to this process of the hub. */
  barrier: number;
  /** Sequence up to which the hub has it. */
  cursor: number;
  /** Greatest commit of this hub the gate has seen; null = none. */
  seen: { hub: string; commit: number } | null;
  /** It has told this process which rights it holds. */
  told: boolean;
}

/**
 * A hub that may have forgotten something is sure again when every gate of the venue has spoken, and either none has seen
 * more of this hub than it knows, or everything their journals held when they spoke has arrived.
 */
export function sureAgain(
  self: { hub: string; commitAtStart: number; forgot: boolean },
  roster: readonly string[],
  words: ReadonlyMap<string, GateWord>,
): { sure: boolean; missing: string[] } {
  const missing = roster.filter((gate) => !words.has(gate));
  const behind = [...words].filter(([, w]) => w.cursor < w.barrier || !w.told).map(([gate]) => gate);
  const forgot =
    self.forgot ||
    [...words.values()].some((w) => w.seen !== null && (w.seen.hub !== self.hub || w.seen.commit > self.commitAtStart));
  if (missing.length > 0) return { sure: false, missing };
  return forgot ? { sure: behind.length === 0, missing: behind } : { sure: true, missing: [] };
}
