/** What can be made to go wrong. Counters count down with every call of the service. */
export interface Faults {
  /** Milliseconds before every answer. */
  latencyMs: number;
  /** This many calls answer with `statusCode` HTTP. */
  errors: number;
  errorStatus: number;
  /** This many calls are cut before anything is done. */
  cut: number;
  /** This many calls are done, and cut before the answer: proves that a repeat does no harm. */
  cutAfterCommit: number;
  /** This many calls answer a web page. */
  html: number;
  /** This many calls answer half a JSON text. */
  malformed: number;
  /** This many exportList calls answer a cursor that is a number. */
  badCursor: number;
  /** This many exportList calls answer the page of the call before once more. */
  duplicatePage: number;
  /** This many exportList calls answer no item and the cursor they got. */
  emptyPage: number;
  /** This many exportList calls answer their items with the cursor they got. */
  sameCursor: number;
  /** Item of this index in every page gets a number list as its barcode; -1 = none. */
  wrongItemAt: number;
  /** Milliseconds the server's clock is ahead. */
  skewMs: number;
}

export const NO_FAULTS: Faults = {
  latencyMs: 0,
  errors: 0,
  errorStatus: 503,
  cut: 0,
  cutAfterCommit: 0,
  html: 0,
  malformed: 0,
  badCursor: 0,
  duplicatePage: 0,
  emptyPage: 0,
  sameCursor: 0,
  wrongItemAt: -1,
  skewMs: 0,
};

type Counter = Exclude<keyof Faults, 'latencyMs' | 'errorStatus' | 'wrongItemAt' | 'skewMs'>;

/** True once for each that is left. */
export function spend(faults: Faults, counter: Counter): boolean {
  if (faults[counter] <= 0) return false;
  faults[counter]--;
  return true;
}
