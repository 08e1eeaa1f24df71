const decoder = new TextDecoder('utf-8', { fatal: true });
const GS = 0x1d;

/** Bytes of a code to text, or why not. A trailing CR or LF is the scanner's suffix; other control bytes mean garbage or a binary payload. */
export function cleanText(
  bytes: Uint8Array,
  limits: { minLength: number; maxLength: number },
): { text: string } | { why: string } {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0d || bytes[end - 1] === 0x0a)) end--;
  const body = bytes.subarray(0, end);
  if (body.some((b) => (b < 0x20 && b !== GS) || b === 0x7f)) return { why: 'control bytes in the code' };
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    return { why: 'not text' };
  }
  if (text.length < limits.minLength) return { why: `shorter than ${limits.minLength} characters` };
  if (text.length > limits.maxLength) return { why: `longer than ${limits.maxLength} characters` };
  return { text };
}
