/** Positions of a keyboard (HID usages) to characters. The layout is the one that the *scanner* is set to; hidraw gives positions only. */
export type LayoutName = 'us' | 'de' | 'ch' | 'fr';

export interface Layout {
  plain: ReadonlyMap<number, string>;
  shift: ReadonlyMap<number, string>;
  altGr: ReadonlyMap<number, string>;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const row = (first: number, text: string): [number, string][] => [...text].map((c, i) => [first + i, c]);
/** Keypad: `/ * - +`, digits 1 to 9, 0 and the dot. */
const KEYPAD: [number, string][] = [...row(0x54, '/*-+'), ...row(0x59, '1234567890.')];

function layout(parts: {
  letters?: string;
  digits: string;
  digitsShift: string;
  /** 2D 2E 2F 30 31 33 34 35 36 37 38 64, in this order; a space = nothing. */
  rest: string;
  restShift: string;
  altGr?: [number, string][];
}): Layout {
  const keys = [0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x64];
  const zip = (text: string): [number, string][] =>
    [...text].flatMap((c, i): [number, string][] => (c === ' ' ? [] : [[keys[i] as number, c]]));
  const letters = parts.letters ?? LETTERS;
  const plain = new Map([
    ...KEYPAD,
    ...row(0x04, letters),
    ...row(0x1e, parts.digits),
    ...zip(parts.rest),
    [0x2c, ' '],
  ] as [number, string][]);
  const shift = new Map([
    ...row(0x04, letters.toUpperCase()),
    ...row(0x1e, parts.digitsShift),
    ...zip(parts.restShift),
    [0x2c, ' '],
  ] as [number, string][]);
  // 32 is the ISO key beside Enter: the same as 31 on keyboards that have it.
  for (const map of [plain, shift]) if (map.has(0x31)) map.set(0x32, map.get(0x31) as string);
  return { plain, shift, altGr: new Map(parts.altGr ?? []) };
}

const YZ = 'abcdefghijklmnopqrstuvwxzy';

export const LAYOUTS: Readonly<Record<LayoutName, Layout>> = {
  us: layout({ digits: '1234567890', digitsShift: '!@#$%^&*()', rest: "-=[]\\;'`,./\\", restShift: '_+{}|:"~<>?|' }),
  de: layout({
    letters: YZ,
    digits: '1234567890',
    digitsShift: '!"§$%&/()=',
    rest: 'ß´ü+#öä^,.-<',
    restShift: "?`Ü*'ÖÄ°;:_>",
    altGr: [
      [0x14, '@'],
      [0x24, '{'],
      [0x25, '['],
      [0x26, ']'],
      [0x27, '}'],
      [0x2d, '\\'],
      [0x30, '~'],
      [0x64, '|'],
      [0x08, '€'],
    ],
  }),
  ch: layout({
    letters: YZ,
    digits: '1234567890',
    digitsShift: '+"*ç%&/()=',
    rest: "'^ü¨$öä§,.-<",
    restShift: '?`è!£éà°;:_>',
    altGr: [
      [0x1e, '¦'],
      [0x1f, '@'],
      [0x20, '#'],
      [0x24, '|'],
      [0x2f, '['],
      [0x30, ']'],
      [0x31, '}'],
      [0x34, '{'],
      [0x64, '\\'],
    ],
  }),
  fr: layout({
    // A and Q, W and Z change places; M sits right of L; its US place is the comma.
    letters: 'qbcdefghijkl,noparstuvzxyw',
    digits: '&é"\'(-è_çà',
    digitsShift: '1234567890',
    rest: ')=^$*mù²;:!<',
    restShift: '°+¨£µM% ./§>',
    altGr: [
      [0x20, '#'],
      [0x21, '{'],
      [0x22, '['],
      [0x23, '|'],
      [0x25, '\\'],
      [0x27, '@'],
      [0x2d, ']'],
      [0x2e, '}'],
    ],
  }),
};
// The French comma key gives a question mark with Shift; upper-casing cannot know.
(LAYOUTS.fr.shift as Map<number, string>).set(0x10, '?');
