import { z } from 'zod';
import { cardIdOptions, durationSchema } from '../contract-options.js';
import { backendOption, inputLine } from '../kit/line-options.js';

export const wiegandOptions = z.strictObject({
  driver: z
    .literal('wiegand')
    .describe('Experimental: Wiegand reader on two GPIO lines. Prefer OSDP, or a Wiegand-to-serial converter.'),
  backend: backendOption,
  d0: inputLine.describe('Line D0 (green); idle high, a low pulse is a 0.'),
  d1: inputLine.describe('Line D1 (white); idle high, a low pulse is a 1.'),
  formats: z
    .array(z.union([z.literal(26), z.literal(34), z.literal(37)]))
    .min(1)
    .default([26, 34, 37])
    .describe('Accepted numbers of bits.'),
  gap: durationSchema('10ms', '500ms').default(40).describe('Silence that ends a card.'),
  wiegand: z
    .enum(['data', 'facility-number'])
    .default('data')
    .describe('The data bits as one number, or facility and number in decimal (123-45678).'),
  cardId: cardIdOptions.describe('How the data bits become the text that is looked up.'),
});
export type WiegandOptions = z.output<typeof wiegandOptions>;
