import { z } from 'zod';
import { cardIdOptions, durationSchema } from '../contract-options.js';

export const osdpOptions = z.strictObject({
  driver: z.literal('osdp').describe('Card reader with OSDP v2 on an RS-485 line.'),
  path: z.string().min(1).describe('Serial port; prefer the stable names below /dev/serial/by-id.'),
  baudRate: z.int().min(9600).max(230_400).default(9600).describe('Speed of the line, bits per second.'),
  address: z.int().min(0).max(126).default(0).describe('Address of the reader on its line.'),
  poll: durationSchema('20ms', '5s').default(50).describe('The reader is asked this often.'),
  replyTimeout: durationSchema('50ms', '2s').default(200).describe('Wait for an answer.'),
  offlineAfter: durationSchema('1s', '60s').default(8_000).describe('Without an answer for so long it is off line.'),
  key: z
    .string()
    .regex(/^[0-9a-fA-F]{32}$/, { error: 'expected 32 hexadecimal digits' })
    .optional()
    .meta({ secret: true, example: '${OSDP_KEY}' })
    .describe(
      'Key of the secure channel (SCBK), 32 hexadecimal digits. With it nothing is ever sent or accepted plain.',
    ),
  installMode: z
    .boolean()
    .default(false)
    .describe(
      'Without `key`: use the default key that every new reader has. It protects nothing; for installation only.',
    ),
  cardId: cardIdOptions.describe('How a UID becomes the text that is looked up.'),
  wiegand: z
    .enum(['data', 'facility-number'])
    .default('data')
    .describe('Formats with parity: the data bits as one number, or facility and number in decimal (123-45678).'),
  keypad: z
    .enum(['ignore', 'read'])
    .default('ignore')
    .describe('read: keys up to # are a read, as if a barcode had been shown.'),
});
export type OsdpOptions = z.output<typeof osdpOptions>;
