import { z } from 'zod';
import { durationSchema } from '../contract-options.js';
import { inputsSchema, outputsSchema } from '../kit/outputs.js';
import { turnstileOptions } from '../kit/turnstile-options.js';

const coil = z.int().min(0).max(0x01ff);
const input = z.union([
  coil.transform((at) => ({ input: at, normallyClosed: false })),
  z.strictObject({
    input: coil.describe('Number of the discrete input, from 0.'),
    normallyClosed: z.boolean().default(false).describe('The contact is closed at rest and opens on the event.'),
  }),
]);

export const modbusOptions = z.strictObject({
  driver: z.literal('modbus').describe('Relay and input boards on RS-485, Modbus RTU (Waveshare kind).'),
  path: z.string().min(1).describe('Serial port of the RS-485 adapter; several boards may share it.'),
  baudRate: z
    .int()
    .min(300)
    .max(4_000_000)
    .default(9600)
    .describe('Speed of the line, bits per second; 38400 or more for short passage contacts.'),
  parity: z.enum(['none', 'even', 'odd']).default('none').describe('Parity.'),
  stopBits: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe('Stop bits.'),
  unit: z.int().min(1).max(247).default(1).describe('Address of the board on the bus.'),
  outputs: outputsSchema(coil).describe('Numbers of the coils, from 0.'),
  inputs: inputsSchema(input).prefault({}).describe('Numbers of the discrete inputs, from 0.'),
  pulseBy: z
    .enum(['host', 'board'])
    .default('host')
    .describe(
      'board: the board ends the pulse itself (Waveshare: coil 0200 hex + n, 100 ms units); check it on the bench.',
    ),
  timeout: durationSchema('50ms', '5s').default(300).describe('An answer that takes longer is lost.'),
  turnaround: durationSchema('10ms', '2s').default(100).describe('Quiet time of the bus after a lost answer.'),
  poll: durationSchema('5ms', '1s')
    .default(40)
    .describe('How often the inputs are read; a passage contact may last 100 ms only.'),
  ...turnstileOptions,
});
export type ModbusOptions = z.output<typeof modbusOptions>;
