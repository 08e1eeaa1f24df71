/**
 * Every key of every database, and the one thread that may write it.
 *
 * | database | prefix | value | written by |
 * |---|---|---|---|
 * | journal | `r!` sequence | journal record | main |
 * | journal | `o!` sequence of the check | its outcome, once there is one | main |
 * | journal | `w!` sequence of the check | an admission whose outcome is still to come | main |
 * | journal | `k!` lane | the mode it was left in | main |
 * | journal | `k!` lane `!` what | another thing somebody set: performances, clock | main |
 * | journal | `u!` barcode | usage, the fold of the records | main |
 * | journal | `b!` barcode | its part from records that are gone (see `retention.ts`) | main |
 * | journal | `j!checkpoint`, `j!repair` | sequence of the newest record of that kind | main |
 * | list | `m!active` | the generation in force, pages applied, whether there is a black list, which index is whole | worker |
 * | list | `m!building` | the generation in the making | worker |
 * | list | `m!garbage` | generations that are being removed | worker |
 * | list | `m!purged` | when tickets of the past were last dropped | worker |
 * | list | `m!copy` | at a standby: how far the copy of the hub's list is that is being fetched | list worker |
 * | list | `m!resync` | what the last comparison with the server found | worker |
 * | list | `g!` generation `!t!` ticket | ticket and the tags of the scopes it came from | worker |
 * | list | `g!` generation `!c!` container | its barcodes, sorted | worker |
 * | list | `g!` generation `!n!` printed code | barcodes that end like that, sorted (`secutix.barcode.dropFirst`) | worker |
 * | list | `g!` generation `!s!` scope key | cursor and progress of a scope | worker |
 * | list | `g!` generation `!m` | its scopes, and the tags of those that are no more and whose tickets are being dropped | worker |
 * | list | `g!` generation `!x!` tag, page, index | a line that could not be read | worker |
 * | list | `n!` page | what a page changed, for the gates of a venue | worker |
 * | list | `h!` generation | sum over all tickets, at a gate of a venue | worker |
 * | list | `b!` barcode | black-listed by a file | worker |
 * | sync | `p!cursor` | highest sequence that SecuTix acknowledged or refused for good | worker |
 * | sync | `q!` sequence | a check SecuTix refused, with its words | worker |
 * | sync | `p!admitted` | highest sequence up to which all admissions are dealt with; never behind `p!cursor` in meaning | worker |
 * | sync | `l!limiter` | times of the last calls, use of the month | worker |
 * | sync | `g!programme` | the catalogue as last fetched | worker |
 * | all | `i!seal` | which key the database was written with; never sealed itself | whoever makes it |
 * | venue | `a!` claim | the hub's answer to it | main |
 * | venue | `e!` claim | it ended and admitted nobody | main |
 * | venue | `u!` barcode | admissions the hub counts | main |
 * | venue | `o!` gate, claim | granted, the check is still to come | main |
 * | venue | `g!` gate, journal | sequence up to which the hub has a gate's journal | main |
 * | venue | `n!` number | use of a ticket, for the gates | main |
 * | venue | `k!` number | two admissions of one entry right | main |
 * | venue | `r!` right | an entry this gate may admit on, counted in advance | main |
 * | venue | `f!` sequence | a check of the hub's journal that SecuTix does not have yet, at its standby | main |
 * | venue | `c!` check | one of the venue's day, for the counts of whoever takes over | main |
 * | venue | `x!` check | SecuTix has refused it, at the standby | main |
 * | venue | `t!` claim | at a home gate: it was written down as a use, and nothing was heard of it since | main |
 * | venue | `m!` name | identity, commits, a gate's position in the hub's log | main |
 *
 * The journal is precious; the list can be thrown away with its cursors and pulled again; the sync database says what
 * SecuTix already has, and losing it only repeats uploads. So none of them needs an invariant across databases.
 */
const SEQ_WIDTH = 12;
const seqText = (seq: number): string => String(seq).padStart(SEQ_WIDTH, '0');
const genText = (generation: number): string => String(generation).padStart(6, '0');

export const keys = {
  record: (seq: number): string => `r!${seqText(seq)}`,
  recordsEnd: 'r"',
  seqOf: (key: string): number => Number(key.slice(2)),
  outcome: (seq: number): string => `o!${seqText(seq)}`,
  awaiting: (seq: number): string => `w!${seqText(seq)}`,
  awaitingEnd: 'w"',
  mode: (lane: string): string => `k!${lane}`,
  setting: (lane: string, what: string): string => `k!${lane}!${what}`,
  usage: (barcode: string): string => `u!${barcode}`,
  baseUsage: (barcode: string): string => `b!${barcode}`,
  checkpoint: 'j!checkpoint',
  repair: 'j!repair',
  seal: 'i!seal',
  active: 'm!active',
  building: 'm!building',
  garbage: 'm!garbage',
  resync: 'm!resync',
  purged: 'm!purged',
  copy: 'm!copy',
  generation: (generation: number): string => `g!${genText(generation)}!`,
  generationEnd: (generation: number): string => `g!${genText(generation)}"`,
  ticket: (generation: number, barcode: string): string => `g!${genText(generation)}!t!${barcode}`,
  ticketsEnd: (generation: number): string => `g!${genText(generation)}!t"`,
  container: (generation: number, id: string): string => `g!${genText(generation)}!c!${id}`,
  printed: (generation: number, code: string): string => `g!${genText(generation)}!n!${code}`,
  printedEnd: (generation: number): string => `g!${genText(generation)}!n"`,
  scope: (generation: number, scopeKey: string): string => `g!${genText(generation)}!s!${scopeKey}`,
  scopes: (generation: number): string => `g!${genText(generation)}!m`,
  unreadable: (generation: number, tag: string, page: number, index: number): string =>
    `g!${genText(generation)}!x!${tag}!${seqText(page)}!${seqText(index)}`,
  /** The barcode of a ticket's key. */
  barcodeOf: (ticketKey: string): string => ticketKey.slice(CODE_AT),
  listLog: (position: number): string => `n!${seqText(position)}`,
  listHash: (generation: number): string => `h!${genText(generation)}`,
  black: (barcode: string): string => `b!${barcode}`,
  blackEnd: 'b"',
  pushCursor: 'p!cursor',
  admittedCursor: 'p!admitted',
  rejected: (seq: number): string => `q!${seqText(seq)}`,
  limiter: 'l!limiter',
  programme: 'g!programme',
} as const;

/** Prefixes whose rest is a code that admits somebody: a sealed database keeps a keyed hash in its place. */
const SECRET = ['u!', 'b!'];
/** The same inside a generation of the list. */
const SECRET_IN_LIST = ['!t!', '!c!', '!n!'];
const KIND_AT = 'g!000000'.length;
const CODE_AT = KIND_AT + 3;

/** Where the code begins in a key; undefined = there is none in it. */
export function secretAt(key: string): number | undefined {
  if (key.startsWith('g!')) return SECRET_IN_LIST.includes(key.slice(KIND_AT, CODE_AT)) ? CODE_AT : undefined;
  return SECRET.includes(key.slice(0, 2)) ? 2 : undefined;
}

/** The value under this key is barcodes that only the code in the key may open: a card's, a print's. */
export function isCarrier(key: string): boolean {
  const kind = key.slice(KIND_AT, CODE_AT);
  return key.startsWith('g!') && (kind === '!c!' || kind === '!n!');
}
