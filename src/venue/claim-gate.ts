import type { Answer } from './claim-types.js';

/** One claim at a gate, from the question to its end. Pure; the lane waits for `ended`, and never beyond the deadline. */
export type ClaimState = { phase: 'waiting'; sends: number } | { phase: 'ended'; verdict: Verdict };

export type Verdict =
  { kind: 'answered'; answer: Exclude<Answer, { result: 'unknown' }> } | { kind: 'unanswered'; why: string };

export type ClaimInput = { type: 'answer'; answer: Answer } | { type: 'resend' } | { type: 'deadline' };

export const ASKED: ClaimState = { phase: 'waiting', sends: 1 };

/**
 * A repeat is the same claim with the same ID. An answer after the end changes nothing: the lane has already decided without it,
 * and what the hub counted is told back (`endClaim`).
 */
export function claimStep(state: ClaimState, input: ClaimInput): { state: ClaimState; send: boolean } {
  if (state.phase === 'ended') return { state, send: false };
  switch (input.type) {
    case 'answer': {
      const { answer } = input;
      const verdict: Verdict =
        answer.result === 'unknown' ? { kind: 'unanswered', why: answer.why } : { kind: 'answered', answer };
      return { state: { phase: 'ended', verdict }, send: false };
    }
    case 'resend':
      return { state: { phase: 'waiting', sends: state.sends + 1 }, send: true };
    case 'deadline':
      return { state: { phase: 'ended', verdict: { kind: 'unanswered', why: 'no answer in time' } }, send: false };
  }
}

/** What a lane does when the hub does not say yes or no. */
export type Policy = { kind: 'refuse' } | { kind: 'home-only' } | { kind: 'budget'; max: number };

export interface AloneFacts {
  /** The gate belongs to the ticket's home group. What the hub has granted to others, it was told before they were. */
  home: boolean;
  /** Risk admissions of this budget since the gate was last in step with the hub, those in hand included. */
  made: number;
}

export function withoutHub(policy: Policy, facts: AloneFacts): 'refuse' | 'home' | 'budget' {
  switch (policy.kind) {
    case 'refuse':
      return 'refuse';
    case 'home-only':
      return facts.home ? 'home' : 'refuse';
    case 'budget':
      return facts.made < policy.max ? 'budget' : 'refuse';
  }
}
