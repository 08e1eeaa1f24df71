import { z } from 'zod';
import { durationSchema } from '../contract-options.js';

/** Options that every barrier with pass contacts has. */
export const turnstileOptions = {
  pulse: durationSchema('20ms', '10s')
    .default(500)
    .describe(
      'How long the grant relay stays on for one person; turnstiles filter their inputs: below 150 ms is unsafe.',
    ),
  entry: z.enum(['A', 'B']).default('A').describe('The way that is the entry; the other one is the exit.'),
  passMin: durationSchema('0ms', '2s').default(30).describe('A shorter pass contact is a glitch.'),
  passMax: durationSchema('1s', '120s')
    .default(10_000)
    .describe('A longer pass contact is a fault: arm held, sensor broken.'),
};
