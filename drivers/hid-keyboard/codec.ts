import type { Layout } from './layouts.js';

const SHIFT = 0x22;
const ALT = 0x04;
const ALT_GR = 0x40;
/** Ctrl and GUI: a hostile code can make a typing scanner press any key. */
const COMMAND_KEYS = 0x11 | 0x88;
const ROLL_OVER = 0x01;
export const END_KEYS = { enter: 0x28, tab: 0x2b, keypadEnter: 0x58 } as const;
const KEYPAD_DIGITS = new Map(
  [...Array(9).keys()].map((i) => [0x59 + i, String(i + 1)] as const).concat([[0x62, '0']]),
);

export type KeyOutput = { kind: 'end' } | { kind: 'text'; text: string } | { kind: 'bad'; why: string };

/**
 * Boot keyboard reports (8 bytes: modifiers, 0, up to six usages) to text. Emits on the press of a usage that the report before had not;
 * also the ALT + keypad digits way of typing a character. Pure, and it keeps one report only.
 */
export class KeyboardDecoder {
  readonly #layout: Layout;
  #before: readonly number[] = [];
  #altDigits = '';
  #altHeld = false;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  push(report: Uint8Array): KeyOutput[] {
    // Some keyboards put a report ID in front.
    const bytes = report.length === 9 ? report.subarray(1) : report;
    if (bytes.length < 3) return [{ kind: 'bad', why: 'not a keyboard report' }];
    const modifiers = bytes[0] as number;
    const keys = [...bytes.subarray(2, 8)].filter((k) => k !== 0);
    const out: KeyOutput[] = [];
    if (this.#altHeld && (modifiers & ALT) === 0) out.push(...this.#altReleased());
    this.#altHeld = (modifiers & ALT) !== 0;
    if (keys.length > 0 && keys.every((k) => k === ROLL_OVER)) return out;
    for (const key of keys) if (!this.#before.includes(key)) out.push(...this.#press(key, modifiers));
    this.#before = keys;
    return out;
  }

  #press(key: number, modifiers: number): KeyOutput[] {
    if ((modifiers & COMMAND_KEYS) !== 0) return [{ kind: 'bad', why: 'a command key in the code: refused' }];
    if ((modifiers & ALT) !== 0) {
      const digit = KEYPAD_DIGITS.get(key);
      if (digit === undefined || this.#altDigits.length >= 4)
        return [{ kind: 'bad', why: 'an Alt combination that is no character' }];
      this.#altDigits += digit;
      return [];
    }
    if (Object.values(END_KEYS).includes(key as 0x28)) return [{ kind: 'end' }];
    const { plain, shift, altGr } = this.#layout;
    // The keypad types digits whatever Shift says.
    const map = (modifiers & ALT_GR) !== 0 ? altGr : (modifiers & SHIFT) !== 0 && key < 0x54 ? shift : plain;
    const text = map.get(key) ?? (key >= 0x54 && key <= 0x63 ? plain.get(key) : undefined);
    return text === undefined
      ? [{ kind: 'bad', why: `key ${key.toString(16)} is no character: wrong \`layout\`?` }]
      : [{ kind: 'text', text }];
  }

  #altReleased(): KeyOutput[] {
    const code = Number(this.#altDigits);
    const none = this.#altDigits === '';
    this.#altDigits = '';
    if (none) return [];
    if (code < 0x20 || code > 0x7e) return [{ kind: 'bad', why: 'an Alt combination that is no printable character' }];
    return [{ kind: 'text', text: String.fromCharCode(code) }];
  }

  reset(): void {
    this.#before = [];
    this.#altDigits = '';
    this.#altHeld = false;
  }
}

/** The scanner's side: text and Enter as reports, each press followed by its release. Throws for what the layout cannot type. */
export function typeText(text: string, layout: Layout, end: readonly number[] = [END_KEYS.enter]): Uint8Array[] {
  const find = (map: ReadonlyMap<number, string>, c: string): number | undefined =>
    [...map].find(([k, v]) => v === c && k < 0x54)?.[0];
  const press = (modifiers: number, key: number): Uint8Array[] => [
    Uint8Array.of(modifiers, 0, key, 0, 0, 0, 0, 0),
    new Uint8Array(8),
  ];
  return [
    ...[...text].flatMap((c) => {
      for (const [map, modifiers] of [
        [layout.plain, 0],
        [layout.shift, 0x02],
        [layout.altGr, ALT_GR],
      ] as const) {
        const key = find(map, c);
        if (key !== undefined) return press(modifiers, key);
      }
      throw new Error(`this layout cannot type ${JSON.stringify(c)}`);
    }),
    ...end.flatMap((key) => press(0, key)),
  ];
}
