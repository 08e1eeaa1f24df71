import { z } from 'zod';
import { durationSchema } from '../contract-options.js';

export const serialRelayOptions = z.strictObject({
  driver: z.literal('serial-relay').describe('USB relay board of the LCUS family (CH340, four-byte commands).'),
  path: z.string().min(1).describe('Serial port; boards with CH340 have no serial number: prefer /dev/serial/by-path.'),
  baudRate: z.int().min(300).max(4_000_000).default(9600).describe('Speed of the line, bits per second.'),
  channel: z.int().min(1).max(16).default(1).describe('Number of the relay on the board.'),
  pulse: durationSchema('20ms', '10s').default(500).describe('How long the relay stays on for one person.'),
});
export type SerialRelayOptions = z.output<typeof serialRelayOptions>;
