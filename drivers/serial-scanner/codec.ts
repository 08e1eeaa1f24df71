import type { SerialScannerOptions } from './options.js';

export type Decoded = { ok: true; text: string; symbology?: string } | { ok: false; why: string };

const GS = 0x1d;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** One frame, without its terminator, to text. Bad bytes are data about the line, not exceptions. */
export function decodeFrame(
  frame: Uint8Array,
  options: Pick<SerialScannerOptions, 'prefix' | 'aimId' | 'minLength' | 'maxLength'>,
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
  if (text.length < options.minLength) return { ok: false, why: `shorter than ${options.minLength} characters` };
  if (text.length > options.maxLength) return { ok: false, why: `longer than ${options.maxLength} characters` };
  return { ok: true, text, ...(symbology !== undefined && { symbology }) };
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
