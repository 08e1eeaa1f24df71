import { z } from 'zod';
import { cardIdShape, durationSchema } from '../contract-options.js';

const NAMED = { CR: 0x0d, LF: 0x0a, TAB: 0x09, ETX: 0x03 } as const;
const HEX = /^0x[0-9a-fA-F]{2}$/;

const byte = z
  .string()
  .refine((text) => text in NAMED || HEX.test(text), { error: 'expected CR, LF, TAB, ETX or a byte like 0x03' })
  .describe('CR, LF, TAB, ETX or a byte like 0x03.');

/** The value of a named byte. */
export const byteOf = (text: string): number =>
  text in NAMED ? NAMED[text as keyof typeof NAMED] : Number.parseInt(text, 16);

const command = z
  .string()
  .regex(/^([0-9a-fA-F]{2} ?)+$/, { error: 'expected bytes in hexadecimal digits, like 16 54 0D' })
  .optional();

export const serialScannerOptions = z.strictObject({
  driver: z
    .literal('serial-scanner')
    .describe('Barcode scanner or card reader that sends lines of text over a serial port.'),
  path: z.string().min(1).describe('Serial port; prefer the stable names below /dev/serial/by-id.'),
  baudRate: z.int().min(300).max(4_000_000).default(9600).describe('Speed of the line, bits per second.'),
  dataBits: z
    .union([z.literal(7), z.literal(8)])
    .default(8)
    .describe('Data bits.'),
  parity: z.enum(['none', 'even', 'odd']).default('none').describe('Parity.'),
  stopBits: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe('Stop bits.'),
  medium: z.enum(['barcode', 'rfid']).default('barcode').describe('What the codes are: barcodes, or IDs of cards.'),
  suffixes: z.array(byte).min(1).default(['CR', 'LF']).describe('Bytes that end a code, any of them.'),
  prefix: z
    .string()
    .max(16)
    .default('')
    .describe('Text the device sends in front of every code; a code without it is noise.'),
  aimId: z
    .enum(['none', 'strip'])
    .default('none')
    .describe('strip: the device sends an AIM identifier (]C0) first, which is taken off.'),
  eciFlags: z
    .enum(['strip', 'keep'])
    .default('strip')
    .describe(
      'strip: ECI flags of the scanner (`\\000026`, in front or inside) are taken out; keep: they are part of the code.',
    ),
  cardId: cardIdShape
    .optional()
    .describe(
      'For card readers: the line is a UID in hexadecimal digits, turned into this form; left out: the line as it is.',
    ),
  noReadText: z
    .string()
    .max(32)
    .optional()
    .describe('What the device sends when it saw nothing (`%%NoRead`); such lines are counted only.'),
  commands: z
    .strictObject({
      enable: command.describe('Sent whenever the port opens.'),
      triggerOn: command.describe('Starts reading.'),
      triggerOff: command.describe('Stops reading.'),
      beepGood: command.describe('Beep for an admission.'),
      beepBad: command.describe('Beep for a refusal.'),
    })
    .prefault({})
    .describe('Commands of the device, bytes in hexadecimal digits; README of the driver: table by maker.'),
  minLength: z.int().min(1).max(256).default(1).describe('Shortest code, characters.'),
  maxLength: z.int().min(1).max(256).default(256).describe('Longest code, characters.'),
  maxFrameBytes: z
    .int()
    .min(16)
    .max(65_536)
    .default(4096)
    .describe('Longest line, bytes; more without an end is noise.'),
  frameTimeout: durationSchema('20ms', '10s')
    .default(500)
    .describe('An unfinished code is dropped after this silence.'),
});
export type SerialScannerOptions = z.output<typeof serialScannerOptions>;
