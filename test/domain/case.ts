/**
 * What a ticketing manager expects, case by case: the venue is in Zurich, the match PERF1 starts on Saturday 4 July 2026 at 20:00 (doors 18:30,
 * end 22:00); a ticket of product P1 for it is held to the lane at the time given. `rules` are written as in `gate.yaml`.
 */
export interface Case {
  name: string;
  /** On the venue's clock; 2026-07-04 18:45 when left out. */
  at?: string;
  rules?: Record<string, unknown>;
  ticket?: Record<string, unknown>;
  lane?: Record<string, unknown>;
  /** `in 2026-07-04 12:00`, `out ...`, with a sector or performance behind it if it matters. */
  past?: string[];
  facts?: Record<string, unknown>;
  dayStartsAt?: string;
  then: string;
  notices?: string[];
}

export const both = (name: string, common: Omit<Case, 'name' | 'then' | 'at'>, points: [string, string][]): Case[] =>
  points.map(([at, then]) => ({ name: `${name}: ${at}`, ...common, at, then }));
