import { z } from 'zod';
import { outputsSchema } from '../kit/outputs.js';
import { turnstileOptions } from '../kit/turnstile-options.js';

const relay = z.int().min(1).max(16);

export const serialRelayOptions = z.strictObject({
  driver: z.literal('serial-relay').describe('USB relay board on a serial port: LCUS, KMTronic, Devantech.'),
  path: z.string().min(1).describe('Serial port; boards with CH340 have no serial number: prefer /dev/serial/by-path.'),
  baudRate: z.int().min(300).max(4_000_000).default(9600).describe('Speed of the line, bits per second.'),
  variant: z
    .enum(['lcus', 'kmtronic', 'devantech'])
    .default('lcus')
    .describe('Command set: lcus `A0 n on sum`, kmtronic `FF n on`, devantech one byte (64+n on, 6E+n off).'),
  channel: relay.default(1).describe('Number of the relay for the grant of way A; the same as `outputs.grantA`.'),
  outputs: outputsSchema(relay).prefault({}).describe('Numbers of further relays.'),
  ...turnstileOptions,
});
export type SerialRelayOptions = z.output<typeof serialRelayOptions>;
