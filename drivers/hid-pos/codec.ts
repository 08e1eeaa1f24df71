/** One input report of a HID POS scanner (usage page 8C, usage 02). */
export interface PosReport {
  symbology?: string;
  data: Uint8Array;
  /** More reports follow for this code. */
  more: boolean;
}

export const REPORT_ID = 2;
const DATA_MAX = 56;

/** Undefined = not a report of scanned data. Some devices put everything one byte later (seen at makers of clones). */
export function decodeReport(report: Uint8Array): PosReport | undefined {
  if (report.length < 8 || report[0] !== REPORT_ID) return undefined;
  const at = report[2] === 0x5d || report[3] !== 0x5d ? 2 : 3;
  const length = report[1] as number;
  if (length > DATA_MAX || at + 3 + length > report.length) return undefined;
  const aim = Buffer.from(report.subarray(at, at + 3)).toString('latin1');
  return {
    ...(/^\][A-Za-z][0-9A-Za-z]$/.test(aim) && { symbology: aim }),
    data: report.slice(at + 3, at + 3 + length),
    more: ((report.at(-1) as number) & 1) === 1 && report.length >= 64,
  };
}

/** The scanner's side: a code as reports of 64 bytes. */
export function encodeReports(data: Uint8Array, symbology = ']Q1', makerByte = 0x73): Uint8Array[] {
  const reports: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < data.length; at += DATA_MAX) {
    const part = data.subarray(at, at + DATA_MAX);
    const report = new Uint8Array(64);
    report.set([REPORT_ID, part.length, ...Buffer.from(symbology, 'latin1')], 0);
    report.set(part, 5);
    report[61] = makerByte;
    report[63] = at + DATA_MAX < data.length ? 1 : 0;
    reports.push(report);
  }
  return reports;
}

/** Joins the reports of one code; bounded. */
export class PosJoiner {
  #parts: Uint8Array[] = [];
  #length = 0;
  readonly #maxBytes: number;
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }
  get pending(): number {
    return this.#length;
  }
  /** `drop`: these bytes were no code. */
  push(report: PosReport): { bytes: Uint8Array; symbology?: string } | { drop: number } | undefined {
    this.#parts.push(report.data);
    this.#length += report.data.length;
    if (this.#length > this.#maxBytes) return { drop: this.reset() };
    if (report.more) return undefined;
    const bytes = Buffer.concat(this.#parts);
    this.reset();
    return { bytes, ...(report.symbology !== undefined && { symbology: report.symbology }) };
  }
  /** Drops the unfinished code; returns its bytes. */
  reset(): number {
    const dropped = this.#length;
    this.#parts = [];
    this.#length = 0;
    return dropped;
  }
}
