import { z } from 'zod';
import { cardIdOptions, durationSchema } from '../contract-options.js';

const mask = z.string().regex(/^[0-9a-fA-F]{8}$/, { error: 'expected a mask of 8 hexadecimal digits, like FFFFFFFF' });

export const twn4Options = z.strictObject({
  driver: z
    .literal('twn4')
    .describe('Elatec TWN4 card reader with the Simple Protocol firmware, on USB (CDC) or RS-232.'),
  path: z.string().min(1).describe('Serial port; prefer the stable names below /dev/serial/by-id.'),
  baudRate: z
    .int()
    .min(300)
    .max(4_000_000)
    .default(9600)
    .describe('Speed of the line, bits per second; USB ignores it.'),
  poll: durationSchema('20ms', '2s').default(80).describe('A card is looked for this often.'),
  absentCount: z
    .int()
    .min(1)
    .max(50)
    .default(2)
    .describe('So many polls without a card, one after another, before the same card counts again.'),
  replyTimeout: durationSchema('50ms', '10s').default(2_000).describe('The reader answers a command within this time.'),
  tagTypes: z
    .strictObject({
      lf: mask.default('FFFFFFFF').describe('125 kHz kinds: bit n stands for type 40 + n (hexadecimal).'),
      hf: mask.default('FFFFFFFF').describe('13.56 MHz kinds: bit n stands for type 80 + n (hexadecimal).'),
    })
    .optional()
    .describe('Kinds of cards that are looked for; left out: as the reader is set.'),
  cardId: cardIdOptions.describe('How a UID becomes the text that is looked up.'),
});
export type Twn4Options = z.output<typeof twn4Options>;
