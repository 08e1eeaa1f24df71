export type Medium = 'barcode' | 'rfid';

/** What a reader delivered, normalised: the text that is looked up, and where it came from. */
export interface Credential {
  code: string;
  medium: Medium;
}

/** SecuTix barcodes are opaque text of up to 50 characters; others' may be longer, but no key grows without bound. */
export const MAX_CODE_LENGTH = 256;

export type NormalisedRead = { ok: true; credential: Credential } | { ok: false; why: string };

/**
 * Trims what scanners put around a code, never what is inside: leading zeros, dashes and case stay.
 * The space characters at both ends go; anything below a space inside the text means a garbled read.
 */
export function normalise(text: string, medium: Medium): NormalisedRead {
  const code = text.trim();
  if (code === '') return { ok: false, why: 'empty' };
  if (code.length > MAX_CODE_LENGTH) return { ok: false, why: `longer than ${MAX_CODE_LENGTH} characters` };
  for (let i = 0; i < code.length; i++) {
    const c = code.charCodeAt(i);
    // GS (1D) separates fields of GS1 data and is allowed.
    if ((c < 0x20 && c !== 0x1d) || c === 0x7f || c === 0xfffd)
      return { ok: false, why: 'control or broken characters' };
  }
  return { ok: true, credential: { code, medium } };
}

/** A code as logs and screens show it: enough to compare with the paper in a hand, not enough to print a ticket. */
export function mask(code: string): string {
  if (code.length <= 6) return '*'.repeat(code.length);
  return `${code.slice(0, 2)}${'*'.repeat(Math.min(code.length - 6, 8))}${code.slice(-4)}`;
}
