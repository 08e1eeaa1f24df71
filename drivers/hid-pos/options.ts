import { z } from 'zod';
import { durationSchema } from '../contract-options.js';
import { usbId } from '../kit/usb-options.js';

export const hidPosOptions = z.strictObject({
  driver: z.literal('hid-pos').describe('USB scanner in HID POS mode (usage page 8C).'),
  vendorId: usbId.optional().describe('USB vendor (0x0c2e Honeywell, 0x05e0 Zebra, 0x05f9 Datalogic); left out: any.'),
  productId: usbId.optional().describe('USB product; left out: any.'),
  serial: z.string().min(1).optional().describe('Serial number, when several are plugged in.'),
  path: z.string().min(1).optional().describe('Device node, when several without a serial number are plugged in.'),
  joinTimeout: durationSchema('50ms', '5s')
    .default(300)
    .describe('A long code comes in several reports; after this silence it is dropped.'),
  enableByFeature: z
    .boolean()
    .default(false)
    .describe('Honeywell and Youjie: switch the scanner into HID POS mode at start.'),
  lamp: z.enum(['none', 'access-is']).default('none').describe('access-is: good and bad lamps by output report 4.'),
  minLength: z.int().min(1).max(256).default(1).describe('Shortest code, characters.'),
  maxLength: z.int().min(1).max(256).default(256).describe('Longest code, characters.'),
});
export type HidPosOptions = z.output<typeof hidPosOptions>;
