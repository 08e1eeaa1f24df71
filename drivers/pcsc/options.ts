import { z } from 'zod';
import { cardIdOptions, durationSchema } from '../contract-options.js';

export const pcscOptions = z.strictObject({
  driver: z
    .literal('pcsc')
    .describe('Contactless PC/SC reader (ACR122U, ACR1252U); needs pcscd and libpcsclite1 on the machine.'),
  reader: z
    .string()
    .max(128)
    .default('')
    .describe("Part of the reader's name, when there are several (`portillon ports`); left out: the first."),
  cardId: cardIdOptions.describe('How the UID becomes the text that is looked up.'),
  ping: durationSchema('200ms', '30s')
    .default(1000)
    .describe('The helper process reports this often; after three silent times it is restarted.'),
  buzzer: z.boolean().default(true).describe('The reader beeps at every card; false switches that off (ACR122U).'),
});
export type PcscOptions = z.output<typeof pcscOptions>;
