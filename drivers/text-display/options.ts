import { z } from 'zod';

const hex = z.string().regex(/^([0-9a-fA-F]{2} ?)*$/, { error: 'expected bytes in hexadecimal digits, like 1B 40' });

export const textDisplayOptions = z.strictObject({
  driver: z
    .literal('text-display')
    .describe('Customer display with two lines of text on a serial port (CD5220 class).'),
  path: z.string().min(1).describe('Serial port; prefer the stable names below /dev/serial/by-id.'),
  baudRate: z.int().min(300).max(4_000_000).default(9600).describe('Speed of the line, bits per second.'),
  columns: z.int().min(8).max(80).default(20).describe('Characters in a line.'),
  commands: z
    .strictObject({
      init: hex.default('1B 40').describe('Sent at opening.'),
      clear: hex.default('0C').describe('Empties the display.'),
      lines: z
        .array(hex)
        .min(1)
        .max(4)
        .default(['1B 51 41', '1B 51 42'])
        .describe('In front of the text of each line.'),
      end: hex.default('0D').describe('Behind the text of each line.'),
    })
    .prefault({})
    .describe('Commands of the display, bytes in hexadecimal digits; its manual has them.'),
});
export type TextDisplayOptions = z.output<typeof textDisplayOptions>;
