/** Code page 858 of the letters in English, French, German, Italian and Spanish; ASCII is itself. */
const CP858: Readonly<Record<string, number>> = {
  Ç: 0x80,
  ü: 0x81,
  é: 0x82,
  â: 0x83,
  ä: 0x84,
  à: 0x85,
  å: 0x86,
  ç: 0x87,
  ê: 0x88,
  ë: 0x89,
  è: 0x8a,
  ï: 0x8b,
  î: 0x8c,
  ì: 0x8d,
  Ä: 0x8e,
  Å: 0x8f,
  É: 0x90,
  æ: 0x91,
  Æ: 0x92,
  ô: 0x93,
  ö: 0x94,
  ò: 0x95,
  û: 0x96,
  ù: 0x97,
  ÿ: 0x98,
  Ö: 0x99,
  Ü: 0x9a,
  á: 0xa0,
  í: 0xa1,
  ó: 0xa2,
  ú: 0xa3,
  ñ: 0xa4,
  Ñ: 0xa5,
  '¿': 0xa8,
  '¡': 0xad,
  Á: 0xb5,
  Â: 0xb6,
  À: 0xb7,
  Ê: 0xd2,
  Ë: 0xd3,
  È: 0xd4,
  '€': 0xd5,
  Í: 0xd6,
  Î: 0xd7,
  Ï: 0xd8,
  Ì: 0xde,
  Ó: 0xe0,
  ß: 0xe1,
  Ô: 0xe2,
  Ò: 0xe3,
  Ú: 0xe9,
  Û: 0xea,
  Ù: 0xeb,
  '°': 0xf8,
};

/** What the code page lacks becomes its plain letter, or a question mark. */
export function encodeText(text: string): Uint8Array {
  return Uint8Array.from([...text], (c) => {
    const code = c.codePointAt(0) as number;
    if (code >= 0x20 && code <= 0x7e) return code;
    const own = CP858[c];
    if (own !== undefined) return own;
    const plain = c.normalize('NFD').codePointAt(0) as number;
    return plain >= 0x20 && plain <= 0x7e ? plain : 0x3f;
  });
}

const count = (text: string): number => [...text].length;

/** Breaks a text into lines without cutting words where that is possible, and centres each; what does not fit is left out. */
export function layOut(text: string, columns: number, lines: number): string[] {
  const broken: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    let rest = word;
    if (line !== '' && count(line) + 1 + count(rest) <= columns) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== '') broken.push(line);
    while (count(rest) > columns) {
      broken.push([...rest].slice(0, columns).join(''));
      rest = [...rest].slice(columns).join('');
    }
    line = rest;
  }
  if (line !== '') broken.push(line);
  return Array.from({ length: lines }, (_, i) => {
    const own = broken[i] ?? '';
    const left = Math.floor((columns - count(own)) / 2);
    return ' '.repeat(left) + own + ' '.repeat(columns - left - count(own));
  });
}

export interface DisplayCommands {
  init: string;
  clear: string;
  /** In front of each line's text, and behind it. */
  lines: readonly string[];
  end: string;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

export const encodeInit = (c: DisplayCommands): Uint8Array => Uint8Array.of(...bytesOf(c.init), ...bytesOf(c.clear));

export function encodeLines(lines: readonly string[], commands: DisplayCommands): Uint8Array {
  const out: number[] = [];
  for (const [i, line] of lines.entries()) {
    out.push(...bytesOf(commands.lines[i] ?? ''), ...encodeText(line), ...bytesOf(commands.end));
  }
  return Uint8Array.from(out);
}
