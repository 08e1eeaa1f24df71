/** PC/SC part 3: the UID of a contactless card. */
export const GET_UID = Uint8Array.of(0xff, 0xca, 0x00, 0x00, 0x00);
/** ACR122U: no beep at every card. */
export const BUZZER_OFF = Uint8Array.of(0xff, 0x00, 0x52, 0x00, 0x00);

/** UID of an answer, or why there is none. */
export function decodeUid(answer: Uint8Array): { uid: Uint8Array } | { why: string } {
  if (answer.length < 2) return { why: 'the reader gave no status' };
  const status = ((answer.at(-2) as number) << 8) | (answer.at(-1) as number);
  const uid = answer.slice(0, -2);
  if (status === 0x9000 && uid.length >= 4 && uid.length <= 10) return { uid };
  if (status === 0x9000) return { why: `a UID of ${uid.length} bytes` };
  if (status === 0x6a81) return { why: 'this card has no UID (function not supported)' };
  return { why: `status ${status.toString(16).padStart(4, '0')}` };
}

/** What the helper process says. `uid` is hexadecimal. */
export type FromHelper =
  | { type: 'alive' }
  | { type: 'readers'; names: string[]; using: string | null }
  | { type: 'trouble'; why: string }
  | { type: 'card'; uid: string; atr: string }
  | { type: 'unreadable'; why: string };
