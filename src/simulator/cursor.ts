import { createHash } from 'node:crypto';
import type { ExportShape } from './model.js';

/**
 * A cursor looks like a date with a fraction, hides a sequence, and belongs to the shape of the list it came from: the
 * fraction is a fingerprint of it. Clients must send it back byte for byte and never read it.
 */
const EPOCH = Date.UTC(2026, 0, 1);

export function cursorOf(shape: ExportShape, sequence: number): string {
  return `${new Date(EPOCH + sequence).toISOString().replace('Z', '')}${fingerprint(shape)}`;
}

export function parseCursor(text: string): { sequence: number; fingerprint: string } | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{6})$/.exec(text);
  if (!match) return undefined;
  const sequence = Date.parse(`${match[1]}Z`) - EPOCH;
  return Number.isNaN(sequence) || sequence < 0 ? undefined : { sequence, fingerprint: match[2] as string };
}

export function fingerprint(shape: ExportShape): string {
  const text = JSON.stringify([
    shape.listType,
    shape.ticketType,
    shape.seasonCode,
    [...shape.productCodes].sort(),
    [...shape.performanceCodes].sort(),
    ...(shape.visible ? [[...shape.visible].sort()] : []),
  ]);
  return String(createHash('sha256').update(text).digest().readUInt32BE() % 1_000_000).padStart(6, '0');
}
