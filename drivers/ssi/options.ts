import { z } from 'zod';
import { durationSchema } from '../contract-options.js';

const beep = z.int().min(0).max(26).optional();

export const ssiOptions = z.strictObject({
  driver: z.literal('ssi').describe('Zebra or Symbol scanner in SSI mode (packets with checksum) on a serial port.'),
  path: z.string().min(1).describe('Serial port; prefer the stable names below /dev/serial/by-id.'),
  baudRate: z.int().min(300).max(4_000_000).default(9600).describe('Speed of the line, bits per second; always 8N1.'),
  interByteTimeout: durationSchema('10ms', '1s')
    .default(50)
    .describe('After this silence an unfinished packet is given up.'),
  replyTimeout: durationSchema('50ms', '10s')
    .default(1_000)
    .describe('The scanner answers a command within this time.'),
  checkEvery: durationSchema('100ms', '60s')
    .default(5_000)
    .describe('A scanner that was silent this long is asked for its revision; three silences: offline.'),
  triggerMode: z
    .enum(['none', 'level', 'presentation', 'host'])
    .default('none')
    .describe('Sent at every start, not stored in the scanner; none: as the scanner is set.'),
  disableBarcodeProgramming: z
    .boolean()
    .default(true)
    .describe('true: nobody can change the scanner by showing it a configuration code (parameter EC = 0).'),
  enforce: z
    .array(
      z.string().regex(/^[0-9a-fA-F]{2}( [0-9a-fA-F]{2}){1,4}$/, {
        error: 'expected a parameter and its value in hexadecimal digits, like 89 05',
      }),
    )
    .max(32)
    .default([])
    .describe(
      'More parameters with their values, bytes in hexadecimal digits like `89 05`; sent at every start, not stored.',
    ),
  wakeUp: z
    .boolean()
    .default(true)
    .describe('true: a byte 00 and 10 ms go ahead of commands, for scanners that sleep.'),
  aimId: z
    .enum(['none', 'strip'])
    .default('none')
    .describe('strip: the scanner is set to send an AIM identifier (]C0) first, which is taken off.'),
  minLength: z.int().min(1).max(256).default(1).describe('Shortest code, characters.'),
  maxLength: z.int().min(1).max(256).default(256).describe('Longest code, characters.'),
  beeps: z
    .strictObject({
      good: beep.default(0).describe('Admission; 0: one short high tone.'),
      attend: beep.default(1).describe('Admission to look at; 1: two short high tones.'),
      bad: beep.default(15).describe('Refusal; 15: one long low tone.'),
    })
    .prefault({})
    .describe('Beep codes of the scanner, 0 to 26.'),
  ledMask: z.int().min(0).max(255).default(1).describe('Lamps lit for an admission, as bits; 0: none.'),
});
export type SsiOptions = z.output<typeof ssiOptions>;
