/** A barcode that a file black-listed. */
export interface BlackEntry {
  /** SecuTix's black list files: CANCELLED, TECHNICAL or STOLEN; others are kept as they came. */
  reason: string;
  season?: string;
  product?: string;
  /** As the file had it. */
  date?: string;
}
