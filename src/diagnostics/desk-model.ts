import type { Explanation } from '../domain/explain.js';
import type { LaneEvent, Steward } from '../lane/lane.js';
import type { GivenBack } from '../lane/stewarding.js';

/** An explanation with its sentences. */
export interface ExplanationReport extends Explanation {
  /** In the order a person reads them: the verdict, why, what would help, what to look at. */
  words: string[];
  /** The time of the question on the venue's clock, and the zone. */
  localTime: string;
  timeZone: string;
}

export interface DecideQuery {
  code: string;
  lane: string;
  /** UTC milliseconds; absent = now. */
  at?: number;
  language?: string;
}

/** What the API asks of the place where decisions are made. */
export interface DeskModel {
  explain(query: DecideQuery): ExplanationReport;
  /** Looks without using anything up; journalled. */
  look(query: DecideQuery, by: Steward): Promise<ExplanationReport & { checkId: string }>;
  /** Opens for the holder of a code whatever the rules say; `block` puts it on the black list as well. */
  force(lane: string, code: string, medium: 'barcode' | 'rfid', by: Steward, block: boolean): Promise<LaneEvent>;
  giveBack(code: string, checkId: string | undefined, by: Steward): Promise<GivenBack>;
  block(code: string, blocked: boolean, by: Steward): Promise<string[]>;
  /** Undefined = by the configuration again. */
  choose(lane: string, performances: readonly string[] | undefined, by: Steward): Promise<void>;
  /** What each lane admits now. */
  programme(): { lane: string; by: 'configuration' | 'programme' | 'choice'; performances: readonly string[] | null }[];
  /** Lanes of this gate, in order. */
  readonly lanes: readonly string[];
}
