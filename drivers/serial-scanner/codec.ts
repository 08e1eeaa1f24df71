import { formatCardId, isRandomUid, parseUid } from '../framing/card-id.js';
import type { SerialScannerOptions } from './options.js';

export type Decoded = { ok: true; text: string; symbology?: string; uid?: Uint8Array } | { ok: false; why: string };

const GS = 0x1d;
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Takes out ECI flags (a backslash and six digits, AIM ITS/04-001): they say which alphabet follows and belong to no code. A doubled backslash
 * is how such a scanner sends a real one.
 */
export function withoutEci(text: string): string {
  if (!/\\\d{6}/.test(text)) return text;
  return text.replaceAll(/\\(\\|\d{6})/g, (_, what: string) => (what === '\\' ? '\\' : ''));
}

/** One frame, without its terminator, to text. Bad bytes are data about the line, not exceptions. */
export function decodeFrame(
  frame: Uint8Array,
  options: Pick<SerialScannerOptions, 'prefix' | 'aimId' | 'minLength' | 'maxLength'> &
    Partial<Pick<SerialScannerOptions, 'eciFlags' | 'cardId'>>,
): Decoded {
  for (const byte of frame) {
    if ((byte < 0x20 && byte !== GS) || byte === 0x7f) return { ok: false, why: 'control bytes in the code' };
  }
  let text: string;
  try {
    text = decoder.decode(frame);
  } catch {
    return { ok: false, why: 'not text: check baud rate and parity' };
  }
  if (options.prefix !== '') {
    if (!text.startsWith(options.prefix)) return { ok: false, why: 'the configured prefix is missing' };
    text = text.slice(options.prefix.length);
  }
  let symbology: string | undefined;
  if (options.aimId === 'strip') {
    // ISO/IEC 15424: ], a letter, a modifier.
    if (!/^\][A-Za-z][0-9A-Za-z]/.test(text)) return { ok: false, why: 'the AIM identifier is missing' };
    symbology = text.slice(0, 3);
    text = text.slice(3);
  }
  if (options.eciFlags === 'strip') text = withoutEci(text);
  let uid: Uint8Array | undefined;
  if (options.cardId) {
    uid = parseUid(text);
    if (!uid) return { ok: false, why: 'not a UID in hexadecimal digits' };
    if (isRandomUid(uid)) return { ok: false, why: 'a random UID (phone, or card in privacy mode) identifies nobody' };
    text = formatCardId(uid, options.cardId);
  }
  if (text.length < options.minLength) return { ok: false, why: `shorter than ${options.minLength} characters` };
  if (text.length > options.maxLength) return { ok: false, why: `longer than ${options.maxLength} characters` };
  return { ok: true, text, ...(symbology !== undefined && { symbology }), ...(uid && { uid }) };
}

/** The same the other way round, for the twin. */
export function encodeCode(
  text: string,
  options: Pick<SerialScannerOptions, 'prefix'>,
  terminator: Uint8Array,
  aim = '',
): Uint8Array {
  return Buffer.concat([Buffer.from(options.prefix + aim + text, 'utf8'), terminator]);
}
