import { z } from 'zod';
import { cardIdShape, durationSchema } from '../contract-options.js';
import { usbId } from '../kit/usb-options.js';

export const hidKeyboardOptions = z.strictObject({
  driver: z.literal('hid-keyboard').describe('USB scanner or card reader that types like a keyboard.'),
  vendorId: usbId.optional().describe('USB vendor; name vendor and product, or a real keyboard may be taken.'),
  productId: usbId.optional().describe('USB product.'),
  serial: z.string().min(1).optional().describe('Serial number, when several are plugged in.'),
  path: z.string().min(1).optional().describe('Device node, when several without a serial number are plugged in.'),
  medium: z.enum(['barcode', 'rfid']).default('barcode').describe('What the codes are: barcodes, or IDs of cards.'),
  layout: z
    .enum(['us', 'de', 'ch', 'fr'])
    .default('us')
    .describe('Country setting of the scanner; set the scanner to us if you can.'),
  end: z.enum(['key', 'silence']).default('key').describe('What ends a code: Enter or Tab, or just silence.'),
  frameGap: durationSchema('20ms', '2s')
    .default(80)
    .describe('Silence after which a code ends, or its unfinished rest is dropped.'),
  prefix: z.string().max(16).default('').describe('Text the device types in front; a code without it is noise.'),
  suffix: z.string().max(16).default('').describe('Text the device types behind, before the end key.'),
  grab: z
    .boolean()
    .default(true)
    .describe('Takes the device away from the consoles, where its codes would be typed too.'),
  cardId: cardIdShape
    .optional()
    .describe('For card readers: the text is a UID in hexadecimal digits, turned into this form.'),
  minLength: z.int().min(1).max(256).default(4).describe('Shortest code, characters.'),
  maxLength: z.int().min(1).max(256).default(256).describe('Longest code, characters.'),
});
export type HidKeyboardOptions = z.output<typeof hidKeyboardOptions>;
