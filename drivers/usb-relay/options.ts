import { z } from 'zod';
import { outputsSchema } from '../kit/outputs.js';
import { turnstileOptions } from '../kit/turnstile-options.js';

const relay = z.int().min(1).max(8);

export const usbRelayOptions = z.strictObject({
  driver: z.literal('usb-relay').describe('USB HID relay board 16c0:05df with 1 to 8 relays.'),
  path: z
    .string()
    .min(1)
    .optional()
    .describe('Device node, when several alike boards are plugged in; left out: the only one.'),
  boardSerial: z
    .string()
    .length(5)
    .optional()
    .describe("The board's own five-letter serial (`portillon selftest` shows it)."),
  outputs: outputsSchema(relay).describe('Numbers of the relays.'),
  ...turnstileOptions,
});
export type UsbRelayOptions = z.output<typeof usbRelayOptions>;
