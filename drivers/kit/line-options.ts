import { z } from 'zod';
import { durationSchema } from '../contract-options.js';
import type { LineAddress, LineRequest } from '../transport/line-types.js';
import { parseLine } from '../transport/line-types.js';

const address = z
  .string()
  .transform((text, context): LineAddress => {
    const parsed = parseLine(text);
    if (parsed) return parsed;
    context.addIssue({
      code: 'custom',
      message:
        'expected a chip label and an offset like pinctrl-rp1:17, or the name of a line; `portillon ports` lists both',
      input: text,
    });
    return z.NEVER;
  })
  .describe('Chip label and offset (`pinctrl-rp1:17`), or name of the line; a bare number would move between kernels.');

const activeLow = z
  .boolean()
  .default(false)
  .describe('The low level means on: most relay boards with opto inputs, and contacts to ground.');

/** Just the address as text, or an object with all of it. */
const lineOr = <S extends z.ZodType>(schema: S) =>
  z.union([address.transform((a) => schema.parse({ line: a })), schema]);

const output = z.strictObject({ line: z.union([address, z.custom<LineAddress>(isAddress)]), activeLow });
const input = z.strictObject({
  line: z.union([address, z.custom<LineAddress>(isAddress)]),
  activeLow,
  normallyClosed: z.boolean().default(false).describe('The contact is closed at rest and opens on the event.'),
  bias: z
    .enum(['none', 'pull-up', 'pull-down'])
    .optional()
    .describe('Resistor of the chip; left out: as the board has it.'),
  debounce: durationSchema('0ms', '1s').default(20).describe('Rest that an edge needs.'),
});

function isAddress(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('name' in value || 'chip' in value);
}

const ALLOWED_LINE = 'a line like pinctrl-rp1:17 or RELAY_OPEN, or a map with line';
export const outputLine = lineOr(output).meta({ allowed: `${ALLOWED_LINE}, activeLow` });
export const inputLine = lineOr(input).meta({ allowed: `${ALLOWED_LINE}, activeLow, normallyClosed, bias, debounce` });
export const lineAddress = address;
export const backendOption = z
  .enum(['auto', 'chardev', 'sysfs'])
  .default('auto')
  .describe('auto: the GPIO character device where it is there, else sysfs (onoff).');

export type OutputLine = z.output<typeof outputLine>;
export type InputLine = z.output<typeof inputLine>;

export const outputRequest = (key: string, o: OutputLine): LineRequest => ({
  key,
  address: o.line,
  direction: 'out',
  activeLow: o.activeLow,
});
/** A contact to ground that is normally closed reads low at rest: both inversions together. */
export const inputRequest = (key: string, i: InputLine): LineRequest => ({
  key,
  address: i.line,
  direction: 'in',
  activeLow: i.activeLow !== i.normallyClosed,
  bias: i.bias,
  debounce: i.debounce,
});
