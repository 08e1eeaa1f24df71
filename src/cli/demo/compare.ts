import { mask } from '../../domain/credential.js';
import type { Visitor } from './crowd.js';

/** What of a reported check is compared. */
export interface Reported {
  acIdentifier: string;
  barcode: string;
  controlResult: string;
}

/** Differences between what the crowd did and what was reported, in the order of the checks. Empty = equal. */
export function compare(visitors: readonly Visitor[], reported: readonly Reported[]): string[] {
  const sorted = [...reported].sort((a, b) => (a.acIdentifier < b.acIdentifier ? -1 : 1));
  const differences: string[] = [];
  for (let i = 0; i < Math.max(visitors.length, sorted.length); i++) {
    const visitor = visitors[i];
    const check = sorted[i];
    if (!visitor) differences.push(`reported but never presented: ${mask(check?.barcode ?? '')}`);
    else if (!check) differences.push(`visitor ${i + 1} (${visitor.kind}) was never reported`);
    else {
      const expected = visitor.expected.admitted ? 'OK' : 'FAIL';
      if (check.barcode !== visitor.expected.barcode || check.controlResult !== expected) {
        differences.push(
          `visitor ${i + 1} (${visitor.kind}): expected ${expected} of ${mask(visitor.expected.barcode)}, reported ${check.controlResult} of ${mask(check.barcode)}`,
        );
      }
    }
  }
  return differences;
}
