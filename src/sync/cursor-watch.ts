import { createHash } from 'node:crypto';
import type { Page } from '../domain/ticket.js';

/** Cursors remembered per scope. */
const TRAIL = 16;

/**
 * SecuTix: one and only one client per product. A second one cannot be seen directly; but a cursor that does what a single
 * reader never makes it do is worth a warning. The cursor stays opaque: it is compared, never read.
 */
export function watchCursor(
  trail: readonly string[],
  sent: string | null,
  { cursor, items }: Pick<Page, 'cursor' | 'items'>,
): { trail: string[]; what: string | undefined } {
  if (cursor === null) return { trail: [...trail], what: undefined };
  if (cursor === sent) {
    const what = items.length > 0 ? 'tickets came, and the cursor did not move' : undefined;
    return { trail: [...trail], what };
  }
  const print = createHash('sha256').update(cursor).digest('base64url').slice(0, 12);
  if (trail.includes(print)) return { trail: [...trail], what: 'the cursor went back to a place it had left' };
  const what =
    sent !== null && sent.length === cursor.length && cursor < sent ? 'the cursor went backwards' : undefined;
  return { trail: [...trail, print].slice(-TRAIL), what };
}
