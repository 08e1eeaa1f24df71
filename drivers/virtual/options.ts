import { z } from 'zod';
import { turnstileOptions } from '../kit/turnstile-options.js';

export const virtualReaderOptions = z.strictObject({
  driver: z.literal('virtual').describe('No wire: codes come from the local API.'),
  medium: z.enum(['barcode', 'rfid']).default('barcode').describe('What the codes are.'),
});
export type VirtualReaderOptions = z.output<typeof virtualReaderOptions>;

export const virtualBarrierOptions = z.strictObject({
  driver: z.literal('virtual').describe('No wire: grants are counted.'),
  ...turnstileOptions,
  sensor: z.boolean().default(false).describe('Reports passages, which come from the local API.'),
});
export type VirtualBarrierOptions = z.output<typeof virtualBarrierOptions>;

export const virtualIndicatorOptions = z.strictObject({
  driver: z.literal('virtual').describe('No wire: the last signal is kept.'),
});
export type VirtualIndicatorOptions = z.output<typeof virtualIndicatorOptions>;
