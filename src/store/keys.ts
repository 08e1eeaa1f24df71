/**
 * Every key of every database, and the one thread that may write it.
 *
 * | database | prefix | value | written by |
 * |---|---|---|---|
 * | journal | `r!` sequence | journal record | main |
 * | journal | `o!` sequence of the check | its outcome, once there is one | main |
 * | journal | `w!` sequence of the check | an admission whose outcome is still to come | main |
 * | journal | `k!` lane | the mode it was left in | main |
 * | journal | `u!` barcode | usage, the fold of the records | main |
 * | journal | `b!` barcode | its part from records that are gone (see `retention.ts`) | main |
 * | journal | `j!checkpoint` | sequence of the newest checkpoint | main |
 * | list | `t!` barcode | ticket | worker |
 * | list | `c!` container ID | its barcodes, sorted | worker |
 * | list | `s!` scope key | cursor and progress of a scope | worker |
 * | list | `x!` position, index | a line that could not be read | worker |
 * | list | `m!position` | number of pages ever applied | worker |
 * | sync | `p!cursor` | highest sequence that SecuTix acknowledged or refused for good | worker |
 * | sync | `q!` sequence | a check SecuTix refused, with its words | worker |
 * | sync | `l!limiter` | times of the last calls | worker |
 * | all | `i!seal` | which key the database was written with; never sealed itself | whoever makes it |
 *
 * The journal is precious; the list can be thrown away with its cursors and pulled again; the sync database says what
 * SecuTix already has, and losing it only repeats uploads. So none of them needs an invariant across databases.
 */
const SEQ_WIDTH = 12;
const seqText = (seq: number): string => String(seq).padStart(SEQ_WIDTH, '0');

export const keys = {
  record: (seq: number): string => `r!${seqText(seq)}`,
  recordsEnd: 'r"',
  seqOf: (key: string): number => Number(key.slice(2)),
  outcome: (seq: number): string => `o!${seqText(seq)}`,
  awaiting: (seq: number): string => `w!${seqText(seq)}`,
  awaitingEnd: 'w"',
  mode: (lane: string): string => `k!${lane}`,
  usage: (barcode: string): string => `u!${barcode}`,
  baseUsage: (barcode: string): string => `b!${barcode}`,
  checkpoint: 'j!checkpoint',
  seal: 'i!seal',
  ticket: (barcode: string): string => `t!${barcode}`,
  container: (id: string): string => `c!${id}`,
  scope: (scopeKey: string): string => `s!${scopeKey}`,
  unreadable: (position: number, index: number): string => `x!${seqText(position)}!${seqText(index)}`,
  position: 'm!position',
  pushCursor: 'p!cursor',
  rejected: (seq: number): string => `q!${seqText(seq)}`,
  limiter: 'l!limiter',
} as const;

/** Prefixes whose rest is a code that admits somebody: a sealed database keeps a keyed hash in its place. */
const SECRET = ['t!', 'c!', 'u!', 'b!'];

/** Where the code begins in a key; undefined = there is none in it. */
export function secretAt(key: string): number | undefined {
  return SECRET.includes(key.slice(0, 2)) ? 2 : undefined;
}
