import { z } from 'zod';
import { durationSchema } from '../contract-options.js';
import { backendOption, inputLine, outputLine } from '../kit/line-options.js';
import { inputsSchema, outputsSchema } from '../kit/outputs.js';
import { turnstileOptions } from '../kit/turnstile-options.js';

export const gpioBarrierOptions = z.strictObject({
  driver: z.literal('gpio').describe('Relays and contacts on GPIO lines of the controller.'),
  backend: backendOption,
  outputs: outputsSchema(outputLine).describe('Lines that drive the turnstile.'),
  inputs: inputsSchema(inputLine).prefault({}).describe('Lines that report; fire and release are monitors only.'),
  ...turnstileOptions,
});
export type GpioBarrierOptions = z.output<typeof gpioBarrierOptions>;

export const gpioIndicatorOptions = z.strictObject({
  driver: z.literal('gpio').describe('Lamps and a buzzer on GPIO lines.'),
  backend: backendOption,
  lamps: z
    .strictObject({
      green: outputLine.optional().describe('Walk.'),
      red: outputLine.optional().describe('Stop.'),
      amber: outputLine.optional().describe('Wait; without it green and red together.'),
      steward: outputLine.optional().describe('Seen from the staff side only: reduced price, look at the card.'),
      buzzer: outputLine.optional().describe('Sounds while it is on.'),
    })
    .describe('Lines of the lamps.'),
  admitFor: durationSchema('100ms', '30s').default(1500).describe('How long an admission is shown.'),
  refuseFor: durationSchema('100ms', '30s').default(2000).describe('How long a refusal is shown.'),
});
export type GpioIndicatorOptions = z.output<typeof gpioIndicatorOptions>;
